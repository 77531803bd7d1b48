//! The node monitor: says which storage nodes are there, which are full, and which do not serve as they should.
//!
//! Input: heartbeats of nodes, as a [`Membership`](shards::Membership) has them; calls of the roll that this process hears
//! itself make; the nodes that joined, and what the log says of them. Output: the facts `node.online`, `node.offline`,
//! `node.full`, `node.failing` and `node.recovered`, each committed once, by the owner of the lease `nodes`.
//!
//! This crate never asks a node for shards, moves none, lets no node in, and decides nothing that operators decide. It
//! says nothing of nodes while it would not hear them: silence counts only in ticks that came in time, and in which this
//! process heard itself (ADR 26).
//!
//! # Layout
//! - `rules`: pure: what is held of each node, tick by tick, without a clock
//! - [`Watch`]: follows the nodes all the time, in every process that may own the lease
//! - [`NodeMonitor`]: the worker that commits what the watch found
//! - `meters`: what is counted

mod meters;
mod monitor;
mod rules;
mod watch;

pub use monitor::NodeMonitor;
pub use rules::{Opinion, Presence, Rules, Seen, TICK};
pub use watch::{Roll, Watch};
