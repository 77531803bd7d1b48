//! What all processes of the region tell of themselves, joined: a tick every second, points of ten seconds for a day, and
//! who is here.
//!
//! None of it is on the log, and nothing rests on it. What is told while no console listens is not known later: the points
//! of that time are missing, and not zero.
//!
//! # Layout
//! - `tick`: what a tick says; `points`: those of the last day, on disk over restarts; `follow`: what makes them

mod follow;
mod points;
mod tick;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::telemetry::{ActiveUser, ActiveUsers};
use jiff::Timestamp;
use tokio::sync::watch;

pub(crate) use follow::Follow;
use points::Points;
pub(crate) use points::{KEPT_TIME, POINT_SECONDS};
pub(crate) use tick::Tick;

/// What is known now. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ticks: watch::Sender<Option<Arc<Tick>>>,
    points: Mutex<Points>,
    users: Mutex<ActiveUsers>,
}

impl Telemetry {
    pub(crate) fn new() -> Self {
        let shared = Shared { ticks: watch::Sender::new(None), points: Mutex::default(), users: Mutex::default() };
        Self(Arc::new(shared))
    }

    /// The newest tick, as it changes.
    pub(crate) fn ticks(&self) -> watch::Receiver<Option<Arc<Tick>>> {
        self.0.ticks.subscribe()
    }

    /// The points since a time as JSON, the oldest first.
    pub(crate) fn points(&self, since: Timestamp) -> Vec<Arc<str>> {
        self.lock_points().since(since)
    }

    /// Who is active at a time.
    pub(crate) fn active_users(&self, now: Timestamp) -> Vec<ActiveUser> {
        self.users().list(now)
    }

    fn lock_points(&self) -> MutexGuard<'_, Points> {
        // A change that stopped half-way costs a point.
        self.0.points.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn users(&self) -> MutexGuard<'_, ActiveUsers> {
        self.0.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
