//! The service's limits.

/// Requests under way in one node, at most; more are answered `Busy` at once.
pub(crate) const REQUESTS_MAX: u32 = 1024;

/// Bytes of requests under way in one node, at most; more are answered `Busy` at once.
pub(crate) const REQUEST_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// Threads that read for one node at a time, at most.
pub(crate) const READERS_MAX: usize = 4;

/// Threads that write shard files for one node at a time (pieces, seals, discards), at most.
pub(crate) const FILE_WRITERS_MAX: usize = 4;

/// Pieces of fewer bytes are returned, not pointed at, also to a host that could read them itself.
pub(crate) const PLACE_BYTES_MIN: u32 = 32 * 1024;
