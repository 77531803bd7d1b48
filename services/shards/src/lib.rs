//! Object bytes between gateways and storage nodes: erasure code, checksums, the node protocol, and the IO of
//! placement.
//!
//! What comes in: the bytes of a content with its generation and bucket, or the place of a stored content and
//! a range of it; heartbeats of nodes. What goes out: six shards (three of a small content) on the nodes that
//! [`domain::placement`] chooses and the placement to record; the exact bytes back, in bounded memory;
//! incidents about shards that are missing or damaged.
//!
//! What it never does: append to or read the log, know about objects or keys, decide that a content may be
//! deleted, or return a byte whose checksum did not match.

pub mod piece;
pub mod protocol;
pub mod telemetry;
