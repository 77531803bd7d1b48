//! When the next stripe of shards that are written anew may be read and written.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shards::Pace;
use tokio::time::Instant;
use worker::{Failpoint, Handle, Urgency};

use crate::pressure::{Pressure, Turn};

/// How often a step says that it is not stuck while it waits for nodes or for the log.
pub(crate) const ALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// The longest time without a stripe, a content or a commit for which a step says so.
const QUIET_TIME_MAX: Duration = Duration::from_mins(3);

/// The rate that is set, and what the nodes and clients bear.
pub(crate) struct Paced<'a> {
    pub(crate) handle: &'a Handle,
    pub(crate) pressure: &'a Arc<Pressure>,
    pub(crate) urgency: Urgency,
    pub(crate) progress: &'a Progress,
}

/// When something was last read, written or placed. It may take some time until the next: requests to nodes have
/// deadlines, and a stripe may need several of them, one after the other. It does not take for ever.
pub(crate) struct Progress(Mutex<Instant>);

impl Progress {
    pub(crate) fn new(now: Instant) -> Self {
        Self(Mutex::new(now))
    }

    pub(crate) fn made(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(crate) fn is_recent(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < QUIET_TIME_MAX
    }
}

impl Pace for Paced<'_> {
    type Turn = Turn;

    async fn turn(&self, bytes: u64) -> Turn {
        self.handle.spend(bytes).await;
        let turn = self.pressure.turn(bytes, || self.handle.clients().share(self.urgency, Instant::now())).await;
        self.progress.made();
        // What was sent of the stripe before is not durable yet.
        self.handle.reached(Failpoint::RepairStripe).await;
        turn
    }
}
