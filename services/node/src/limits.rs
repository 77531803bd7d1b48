//! The service's limits.

/// The most requests in flight in one node; further ones are answered `Busy` at once.
pub(crate) const REQUESTS_MAX: u32 = 1024;

/// The most bytes of requests in flight in one node; further requests are answered `Busy` at once.
pub(crate) const REQUEST_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// The most findings of damage that a node publishes in a second.
pub(crate) const FINDINGS_TOLD_MAX: usize = 128;

/// The most threads that read for one node at a time.
pub(crate) const READERS_MAX: usize = 4;

/// The most threads that list shards, or inspect many, for one node at a time. They do not hold up reads.
pub(crate) const LISTERS_MAX: usize = 2;

/// The most threads that write shard files for one node at a time (pieces, seals, discards).
pub(crate) const FILE_WRITERS_MAX: usize = 4;

/// A shard of one piece with fewer bytes than this is returned as bytes also to a host that could read its file.
pub(crate) const LOCATION_BYTES_MIN: u32 = 32 * 1024;
