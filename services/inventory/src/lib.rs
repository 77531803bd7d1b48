//! Compares the shards on storage nodes with those that the log names.
//!
//! # Input
//! - the shards that nodes list, page by page, in the order of their ids
//! - the index of generations of a ledger, which is in the same order
//!
//! # Output
//! - of every shard that the log names: whether its node has it, in its full length
//! - of every shard that a node has: whether the log names it there, may still name it, or never will
//! - an [`Audit`]: contents by the number of their healthy shards, the owed shards, and the shards that no event names
//!
//! # Never
//! This crate relies on no heartbeat, no cache and no row of faults, deletes nothing, and commits nothing. If a node
//! does not answer, none of its shards counts as missing or as unneeded.
//!
//! # Layout
//! - [`Walk`]: one merge of all lists with the index, by [`Stretch`]es; `page`: what one node has listed so far
//! - [`look`]: a second look at what seems to be missing, and [`findings`]: what of it is news to the log
//! - [`Auditor`]: a walk whose result is an [`Audit`]

mod audit;
mod auditor;
mod look;
mod page;
mod walk;

pub use audit::{Audit, EXAMPLES_MAX, NodeCounts, ShortContent, ShortShard, StrayCounts};
pub use auditor::{Auditor, Progress};
pub use look::{Looked, Seen, findings, look};
pub use walk::{Found, Named, Standing, Stray, Stretch, Walk, WalkError};
