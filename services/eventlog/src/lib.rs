//! The event log: append, read, follow, and the private nats-server that stores it.
//!
//! Input: serialized events with their ids and the sequence they were decided on. Output: the same events in the
//! stream's total order, without gaps. [`Log`] is the contract, [`JetStreamLog`] implements it on a NATS JetStream
//! stream; [`Peers`] are the other processes that append to the log; and [`server`] runs a private nats-server. A log in memory is in `testkit`.
//!
//! This crate never interprets an event or its proof, never answers an append whose outcome is unknown, and never skips
//! a sequence. It is the only crate that speaks JetStream.

mod connection;
mod error;
mod follow;
mod gate;
mod jetstream;
mod log;
mod message;
mod peers;
mod refusals;
pub mod server;

pub use connection::{ConnectOptions, Connection, Credentials, client_options, servers};
pub use error::{AppendError, OpenError, ReadError};
pub use follow::Follow;
pub use gate::{Gate, GateKeeper, Shut};
pub use jetstream::{
    BATCH_EVENTS_MIN, Durable, DurableState, JetStreamLog, Sending, SideLimits, SideStream, StreamOptions,
    UNACKED_EVENTS_MAX, ensure_facts,
};
pub use log::{Log, Tail};
pub use message::{APPEND_BYTES_MAX, APPEND_EVENTS_MAX, EVENT_BYTES_MAX, Message, PROOF_BYTES_MAX, Stored, check_size};
pub use peers::{Asked, NatsPeers, PeerError, Peers};
