//! A storage node: shards on one disk, served over NATS requests, or directly to a gateway of the same process.
//!
//! # Input
//! Requests of the node protocol ([`shards::protocol`]) on the node's subject or from its own process, roll calls, and the
//! request to stop.
//!
//! # Output
//! Replies, once the bytes are durable where the protocol requires it, and a heartbeat each second.
//!
//! # Never
//! A node knows nothing of objects, contents or events, never decides that a shard may be deleted, never talks to
//! another node, and never acknowledges a write that a power failure could undo.

mod age;
mod answer;
mod config;
pub mod disk;
mod heartbeat;
mod limits;
mod serve;

pub use config::Config;
pub use serve::{Error, serve};
