//! Object bytes between gateways and storage nodes: erasure code, checksums, the node protocol, reading and writing.
//!
//! Input: the bytes of a content with its generation and bucket, or the placement of a stored content and a range;
//! heartbeats of nodes. Output: six shards (three of a small content) on the nodes that [`domain::placement`] chooses,
//! with the placement to record; the exact bytes again, in bounded memory; [`Incident`]s about missing or damaged
//! shards.
//!
//! This crate never reads or appends to the log, knows nothing of objects or keys, never decides that a content may be
//! deleted, and never returns a byte whose checksum does not match.

mod batch;
mod budget;
mod buffers;
mod code;
mod cut;
mod discard;
mod fetch;
mod fill;
mod geometry;
mod heartbeats;
mod hedge;
mod incident;
mod inspect;
mod lane;
mod local;
pub mod memory;
mod meter;
mod nats;
mod nodes;
mod obtain;
/// The pieces that shards are made of, and their checksums.
pub mod piece;
mod plan;
mod progress;
pub mod protocol;
mod put;
mod read;
mod read_memory;
mod reading;
mod settling;
mod shard_set;
mod sink;
#[doc(hidden)]
pub mod speed;
mod store;
mod suspects;
mod tagging;
mod task;
pub mod telemetry;
mod transport;
mod under_way;
mod verified;
mod window;
mod write;

/// What tells processes of one host from those of others.
pub mod host;

pub use heartbeats::follow_nodes;
pub use identity::PieceSecrets;
pub use incident::{Incident, IncidentKind};
pub use inspect::{Condition, Inspected, Look};
pub use lane::{NodeError, WINDOW_BYTES};
pub use local::ShortCircuit;
pub use nats::{NatsTransport, NoClients};
pub use nodes::{Membership, NODES_MAX, NodeView, Roll, Standing};
pub use read::ReadError;
pub use read_memory::ReadMemory;
pub use settling::{Debt, Settling};
pub use store::{PUT_BYTES_MAX, READ_BYTES_MAX, STREAM_BYTES_MAX, ShardStore, StoredContent, WriteError};
pub use transport::{Transport, TransportError};
pub use write::{Writer, Written};
