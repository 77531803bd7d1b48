//! Rewrites missing and damaged shards of every content, finds damage that nothing reported, and moves shards to nodes that
//! are emptier than others.
//!
//! # Input
//! - the faults of contents, their placements and the states of nodes, from a ledger
//! - the lists and states of shards that nodes report
//!
//! # Output
//! - new shards on nodes, and `content.placed`, after which they are read
//! - `content.health_changed`, where nodes lack shards that the log names
//!
//! # Never
//! This crate deletes no shard that an event names, never writes over one, does not rely on heartbeats for what a node
//! holds, and keeps no state of its own besides rows and facts, so that it may be killed at any point and run twice.
//!
//! # Layout
//! - [`Repair`]: the worker that rewrites shards. `standing` says how the log and the membership stand to nodes, `owed`
//!   what a content is owed, `target` on which nodes it is written; `round` walks the contents, the most endangered first;
//!   `tally` sums up what is owed; `mend` writes the shards of one content, `ready` and `batch` have many contents placed by
//!   one fact; `claims` keeps two loops from writing shards of one content at a time; `pace` and `pressure` give way to
//!   clients; `backoff` leaves a content for a while
//! - [`Rebalance`]: the worker that moves shards from fuller nodes to emptier ones; `counted` says what goes
//!   first, `course` which shards are to move
//! - [`Scan`]: the worker that compares what nodes list with what the log names; `hints`: what was heard of damage
//! - `meters`: metrics

mod backoff;
mod batch;
mod claims;
mod counted;
mod course;
mod hints;
mod mend;
mod meters;
mod owed;
mod pace;
mod pressure;
mod ready;
mod rebalance;
mod repair;
mod round;
mod scan;
mod standing;
mod tally;
mod target;

use std::time::Duration;

use ledger::Sources;

pub use counted::Counted;
pub use hints::{DamagedShard, Hints};
pub use rebalance::Rebalance;
pub use repair::Repair;
pub use scan::Scan;

/// The options of all workers.
#[derive(Clone)]
pub struct Options {
    /// The time after which the shards of a node that is offline are written elsewhere.
    pub repair_after: Duration,
    /// The time between the starts of two passes of the scan over all nodes.
    pub scan_interval: Duration,
    /// The sources of time and ids.
    pub sources: Sources,
}
