//! A storage node: shards on one disk, served over NATS requests.
//!
//! What comes in: requests of the node protocol ([`shards::protocol`]) on the node's subject, a roll-call, and the word
//! to stop. What goes out: answers, after the bytes are durable where the protocol says so, and a heartbeat each second.
//!
//! What it never does: know about objects, contents or events, decide that a shard may be deleted, talk to another node,
//! or answer a write that a power cut could still undo.

mod answer;
mod config;
pub mod disk;
mod heartbeat;
mod limits;
mod serve;
mod stop;

pub use config::Config;
pub use serve::{Error, serve};
pub use stop::{STOP, STOPPED, control_subject};
