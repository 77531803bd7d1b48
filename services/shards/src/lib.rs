//! Stores the bytes of contents on storage nodes as erasure-coded shards, and reads them back.
//!
//! # Input
//! - to write: the bytes of a content, its generation and its bucket
//! - to read: a [`StoredContent`] with its placement, and a range of bytes
//! - heartbeats of nodes, and their replies
//!
//! # Output
//! - six shards of each content (three of a small one) on the nodes that [`domain::placement`] chooses, and the
//!   placement to record
//! - the exact bytes again, in bounded memory
//! - [`Incident`]s: shards that are missing or damaged
//! - [`MissingShards`]: shards that an acknowledged write did not store
//!
//! # Never
//! This crate never reads or appends to the log, knows nothing of objects or keys, never decides that a content may be
//! deleted, and never returns a byte whose checksum does not match.

mod budget;
mod code;
mod inspect;
mod meter;
mod node;
pub mod protocol;
mod read;
mod rebuild;
mod store;
mod write;

pub use code::piece;
#[doc(hidden)]
pub use code::speed;
pub use identity::PieceSecrets;
pub use inspect::{Condition, Incident, IncidentKind, InspectedShard, Inspection};
pub use node::{
    Admission, Answer, AnyTransport, CALL_BYTES_MAX, Joined, Membership, NODES_MAX, NatsTransport, NoClients,
    NodeControl, NodeError, NodeTable, NodeView, OwnNodes, OwnRequest, OwnRequests, RollCall, STOP, STOPPED, StopError,
    TellError, Transport, TransportError, WINDOW_BYTES, control_subject, follow_nodes, host, telemetry,
};
pub use read::{ReadError, ReadMemory, ShortCircuit};
pub use rebuild::{Pace, REBUILD_BYTES_MAX, RebuildError, Rebuilt, Rewrite};
pub use store::{PUT_BYTES_MAX, READ_BYTES_MAX, STREAM_BYTES_MAX, ShardStore, StoredContent, WriteError};
pub use write::{MissingShards, PendingWrites, Writer, Written};
