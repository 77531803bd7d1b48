use std::sync::Arc;

use events::ids::ProcessId;
use events::lease::{Lease, Term};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::Report;

/// What processes tell each other about their workers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// The owner of a lease is there. It may be lost: then the lease changes hands without need.
    Renewal {
        /// The run of the process that owns it.
        owner: ProcessId,
        /// Its term.
        #[serde(flatten)]
        term: Term,
    },
    /// A challenger is listening. It takes silence for silence only while it hears this of itself.
    Probe {
        /// The run of the process that listens.
        process: ProcessId,
        /// The lease that it would take.
        lease: Lease,
    },
    /// How a worker is doing.
    Report(Box<Report>),
}

/// How processes tell each other about their workers. Nothing that is right or wrong rests on it.
pub trait Telemetry: Send + Sync + 'static {
    /// How often the connection was made; `None` while there is none.
    fn connection(&self) -> Option<u64>;

    /// Sends a message to all processes of the region, this one among them, or loses it.
    fn send(&self, message: Message) -> BoxFuture<'_, ()>;
}

/// A connection to the other processes of the region.
pub struct Link {
    /// The way out.
    pub telemetry: Arc<dyn Telemetry>,
    /// What comes in. It ends with the connection for good.
    pub heard: BoxStream<'static, Message>,
}
