//! Writes shards of stored contents anew, under a name of their own: from the other shards of the content (`codeword`), or
//! copied from where they lie. `content` does it stripe by stripe; `new_shard` sends the pieces of one shard to its node;
//! `rebuilt` holds what is durable until an event names it, or discards it.

mod codeword;
mod content;
mod new_shard;
mod rebuilt;

pub use content::{Pace, REBUILD_BYTES_MAX, RebuildError, Rewrite};
pub use rebuilt::Rebuilt;
