//! Writing contents: [`Writer`] streams a content of any size, `put` stores one that is whole in memory. A write
//! returns once a quorum of its shards is durable; `pending` keeps track of the shards that it did not wait for.

pub(crate) mod discard;
pub(crate) mod in_flight;
pub(crate) mod pending;
mod progress;
pub(crate) mod put;
mod shard_writer;
pub(crate) mod stripe_draft;
mod writer;

pub use pending::{MissingShards, PendingWrites};
pub use writer::{Writer, Written};
