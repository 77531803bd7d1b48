//! Reading contents: whole (`content`, `verified`) or as a stream (`stream`, `window`), which continues where shards have
//! moved (`moving`). `fetch` reads one stripe, by
//! the decisions of `plan` and `hedge`; `shard_reader` reads the pieces of one shard, from its node or, if the node is
//! on this host, from its file (`local`). `memory` bounds the bytes that streamed reads hold.

mod buffer_pool;
mod content;
mod expected;
pub(crate) mod fetch;
pub(crate) mod hedge;
pub(crate) mod local;
mod memory;
mod moving;
mod plan;
pub(crate) mod shard_reader;
pub(crate) mod stream;
pub(crate) mod task;
mod verified;
mod window;

pub use content::ReadError;
pub use local::ShortCircuit;
pub use memory::ReadMemory;
