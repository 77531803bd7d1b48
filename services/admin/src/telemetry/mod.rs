//! What all processes of the region tell of themselves, joined: a tick every second, points of ten seconds for a day, and
//! who is here; and their newest log lines.
//!
//! None of it is on the log, and nothing rests on it. What is told while no console listens is not known later: the points
//! of that time are missing, and not zero.
//!
//! # Layout
//! - `tick`: what a tick says; `points`: those of the last day, on disk over restarts; `follow`: what makes them
//! - `logs`: the newest lines of all processes, and their errors

mod follow;
mod logs;
mod points;
mod tick;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::telemetry::{ActiveUser, ActiveUsers, Heard, Readers, Reading};
use events::ids::BucketName;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::{broadcast, watch};

pub(crate) use follow::Follow;
use logs::Logs;
pub(crate) use logs::{LogFilter, LogLine};
use points::Points;
pub(crate) use points::{KEPT_TIME, POINT_SECONDS, joined};
pub(crate) use tick::Tick;

/// What is known now. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ticks: watch::Sender<Option<Arc<Tick>>>,
    points: Mutex<Points>,
    users: Mutex<ActiveUsers>,
    readers: Mutex<Readers>,
    logs: Logs,
}

impl Telemetry {
    pub(crate) fn new() -> Self {
        let shared = Shared {
            ticks: watch::Sender::new(None),
            points: Mutex::default(),
            users: Mutex::default(),
            readers: Mutex::default(),
            logs: Logs::new(),
        };
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

    /// The newest log lines of all processes that fit, the oldest first, and those that come after them.
    pub(crate) fn follow_lines(
        &self,
        filter: &LogFilter,
        limit: usize,
    ) -> (Vec<Arc<LogLine>>, broadcast::Receiver<Arc<LogLine>>) {
        self.0.logs.follow(filter, limit)
    }

    /// The newest log lines that fit, the oldest first.
    pub(crate) fn log_lines(&self, filter: &LogFilter, limit: usize) -> Vec<Arc<LogLine>> {
        self.0.logs.lines(filter, limit)
    }

    /// The newest errors and warnings that fit, also those of earlier runs, the oldest first.
    pub(crate) fn errors(&self, filter: &LogFilter, limit: usize) -> Vec<Arc<LogLine>> {
        self.0.logs.errors(filter, limit)
    }

    /// Takes up what processes log, until nothing more can be heard.
    pub(crate) async fn collect_logs(self, heard: BoxStream<'static, Heard>, now: impl Fn() -> Timestamp) {
        self.0.logs.collect(heard, now).await;
    }

    /// Who read of a bucket since this process listens.
    pub(crate) fn readers_of(&self, bucket: &BucketName) -> Vec<(String, Reading)> {
        self.readers().of(bucket)
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        // A count that was cut short is a count.
        self.0.readers.lock().unwrap_or_else(PoisonError::into_inner)
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
