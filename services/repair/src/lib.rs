//! Brings every content back to all its healthy shards, and finds what no message told.
//!
//! # Input
//! - the faults of contents, their placements and the states of nodes, from a ledger
//! - what nodes list and say of their shards
//!
//! # Output
//! - new shards on nodes, and `content.placed`, by which they are read from then on
//! - `content.health_changed`, where nodes do not have what the log names
//!
//! # Never
//! This crate deletes no shard that an event names, never writes over one, believes no heartbeat about what a node holds,
//! and keeps nothing: rows and facts are all it has, so it may be killed anywhere, and be run twice.
//!
//! # Layout
//! - [`Repair`]: the worker that writes shards anew. `standing` says how the log and the membership stand to nodes, `owed`
//!   what a content is owed, `target` on which nodes it is written; `round` walks the contents, the most endangered first;
//!   `tally` sums up what is owed; `mend` writes the shards of one content, `batch` has many contents placed by one fact; `pressure` gives way to
//!   clients; `backoff` leaves a content for a while
//! - [`Scan`]: the worker that compares what nodes list with what the log names; `hints`: what was heard of damage
//! - `meters`: metrics

mod backoff;
mod batch;
mod hints;
mod mend;
mod meters;
mod owed;
mod pressure;
mod repair;
mod round;
mod scan;
mod standing;
mod tally;
mod target;

use std::time::Duration;

use ledger::Sources;

pub use hints::{DamagedShard, Hints};
pub use repair::Repair;
pub use scan::Scan;

/// The options of both workers.
#[derive(Clone)]
pub struct Options {
    /// The time after which the shards of a node that is offline are written elsewhere.
    pub repair_after: Duration,
    /// The time from the begin of one pass of the scan over all nodes to the next.
    pub scan_interval: Duration,
    /// Where time and ids come from.
    pub sources: Sources,
}
