//! The node monitor: records which storage nodes are online, full or failing.
//!
//! Input: heartbeats of nodes, as a [`Membership`](shards::Membership) has them; roll calls that this process receives
//! from itself; the nodes that joined, and their states on the log. Output: the facts `node.online`, `node.offline`,
//! `node.full`, `node.failing` and `node.recovered`, each committed once, by the owner of the lease `nodes`.
//!
//! This crate never asks a node for shards, moves none, lets no node in, and decides nothing that operators decide. It
//! records nothing while it may not receive heartbeats: silence counts only in ticks that came in time, and in which
//! this process received its own messages (ADR 26).
//!
//! # Layout
//! - `rules`: pure: the state of each node, tick by tick, without a clock
//! - [`Watch`]: follows the nodes all the time, in every process that may own the lease
//! - [`NodeMonitor`]: the worker that commits what the watch found - `meters`: metrics

mod meters;
mod monitor;
mod rules;
mod watch;

pub use monitor::NodeMonitor;
pub use rules::{Opinion, Presence, Rules, Seen, TICK};
pub use watch::{Roll, Watch};
