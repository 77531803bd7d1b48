//! Compares what storage nodes hold with what the log names.
//!
//! # Input
//! - the shards that nodes list, page by page, in the order of their ids
//! - the index of generations of a ledger, which is in the same order
//!
//! # Output
//! - of every shard that the log names: whether its node has it, as long as it has to be
//! - of every shard that a node has: whether the log names it there, may name it still, or never will
//! - an [`Audit`]: contents by the number of their healthy shards, what is owed, and what nobody names
//!
//! # Never
//! This crate asks no heartbeat, no cache and no row of faults, deletes nothing, and commits nothing. A node that does not
//! answer says nothing: no shard is missing there on its word, nor is one unneeded.
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
