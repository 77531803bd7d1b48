//! The event log: append, read, follow, and the private nats-server that keeps it.
//!
//! In come serialized events with their ids and the sequence they were decided on; out go the same events in
//! the stream's one total order, without gaps. [`Log`] is the contract, [`JetStreamLog`] keeps it on a NATS
//! JetStream stream, [`MemoryLog`] in memory for tests, and [`server`] runs a nats-server of our own.
//!
//! This crate never looks into an event's bytes nor at what proves them, never answers an append whose outcome it does
//! not know, and never skips over a sequence. It is the only crate that speaks JetStream.

mod connection;
mod error;
mod follow;
mod gate;
mod jetstream;
mod log;
mod memory;
mod message;
mod refusals;
pub mod server;

pub use connection::{ConnectOptions, Connection, Credentials};
pub use error::{AppendError, OpenError, ReadError};
pub use follow::Follow;
pub use gate::{Gate, GateKeeper, Shut};
pub use jetstream::{BATCH_EVENTS_MIN, JetStreamLog, Sending, StreamOptions};
pub use log::{Log, Tail};
pub use memory::{Held, MemoryLog};
pub use message::{APPEND_BYTES_MAX, APPEND_EVENTS_MAX, EVENT_BYTES_MAX, Message, PROOF_BYTES_MAX, Stored};
