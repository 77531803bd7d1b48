//! What a gateway knows of storage nodes and how it talks to them: `telemetry` is what nodes report, `heartbeats`
//! receives it, `membership` derives from it which nodes are online. `client` sends requests to one node, `batch`
//! groups small writes to it, `latency` estimates how fast it answers; `transport` carries the messages, over NATS in
//! `nats`, or without it in `own` to nodes of the same process; `control` sends rulings and the request to stop; `rollcall` makes all nodes speak at once.

mod batch;
pub(crate) mod client;
mod control;
mod heartbeats;
/// The identity of the host that a process runs on.
pub mod host;
pub(crate) mod latency;
pub(crate) mod membership;
pub(crate) mod nats;
mod own;
mod rollcall;
pub mod telemetry;
pub(crate) mod transport;

pub use client::{NodeError, WINDOW_BYTES};
pub use control::{NodeControl, STOP, STOPPED, StopError, TellError, control_subject};
pub use heartbeats::follow_nodes;
pub use membership::{Admission, Answer, Joined, Membership, NODES_MAX, NodeTable, NodeView};
pub use nats::{NatsTransport, NoClients};
pub use own::{OwnNodes, OwnRequest, OwnRequests};
pub use rollcall::{CALL_BYTES_MAX, RollCall};
pub use transport::{AnyTransport, Transport, TransportError};
