//! From bytes to pieces and back, without I/O: `erasure` is the Reed-Solomon code, `geometry` says which bytes lie in
//! which piece, `piece` is the format of a piece on the wire and on disk, `tagging` authenticates pieces, `encode`
//! makes all pieces of a content that is in memory.

pub(crate) mod encode;
pub(crate) mod erasure;
pub(crate) mod geometry;
/// Pieces, which shards consist of: their format and their checksums.
pub mod piece;
pub(crate) mod shard_set;
#[doc(hidden)]
pub mod speed;
pub(crate) mod tagging;
