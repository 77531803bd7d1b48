//! Scans of buckets: one at a time, and none while the last one is good enough.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::View;
use domain::row::{BucketId, UsageRow, WritersRow};
use jiff::Timestamp;
use ledger::{Insights, InsightsScan, Snapshot, StateError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::api::refusal::Refusal;

/// Objects that a scan looks at, at most: it takes about a second on one core then.
const OBJECTS_MAX: u64 = 1_000_000;

/// Buckets whose scans are kept.
const KEPT_MAX: usize = 64;

/// A scan is shown for this many times as long as it took, so that scans take a twentieth of one core.
const SHOWN_TIMES: u32 = 20;

/// The scans of a process.
#[derive(Debug)]
pub(in crate::api) struct Scans {
    kept: Mutex<BTreeMap<BucketId, Arc<Scanned>>>,
    /// The right to scan.
    turn: Semaphore,
}

/// What a scan came to, and what else the same state says.
#[derive(Debug)]
pub(super) struct Scanned {
    /// The sequence of the last event in that state.
    pub(super) as_of: u64,
    pub(super) usage: UsageRow,
    pub(super) writers: WritersRow,
    pub(super) insights: Insights,
    begun: Instant,
    took: Duration,
}

impl Scans {
    pub(in crate::api) fn new() -> Self {
        Self { kept: Mutex::default(), turn: Semaphore::new(1) }
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<BucketId, Arc<Scanned>>> {
        // No change stops half-way.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The scan of a bucket in this state, or an earlier one that is good enough.
    pub(super) async fn of(
        &self,
        snapshot: Arc<Snapshot>,
        bucket: BucketId,
        now: Timestamp,
    ) -> Result<Arc<Scanned>, Refusal> {
        let as_of = snapshot.cursor()?.sequence;
        if let Some(good) = self.good(bucket, as_of) {
            return Ok(good);
        }
        let _turn = self.turn.acquire().await.map_err(|_| Refusal::internal())?;
        // Whoever waited may find that another has scanned it meanwhile.
        if let Some(good) = self.good(bucket, as_of) {
            return Ok(good);
        }
        let scanned = spawn_blocking(move || scan(&snapshot, bucket, now)).await;
        let scanned = scanned.map_err(|error| {
            tracing::error!(%error, "a bucket could not be scanned");
            Refusal::internal()
        })?;
        let scanned = Arc::new(scanned?);
        let mut kept = self.kept();
        kept.insert(bucket, Arc::clone(&scanned));
        if kept.len() > KEPT_MAX
            && let Some(oldest) = kept.iter().min_by_key(|(_, scanned)| scanned.begun).map(|(bucket, _)| *bucket)
        {
            kept.remove(&oldest);
        }
        Ok(scanned)
    }

    fn good(&self, bucket: BucketId, as_of: u64) -> Option<Arc<Scanned>> {
        let kept = self.kept();
        kept.get(&bucket).filter(|scanned| scanned.is_good(as_of)).cloned()
    }
}

impl Scanned {
    fn is_good(&self, as_of: u64) -> bool {
        // Ages change without an event, but they are told apart by days.
        let is_new = self.begun.elapsed() < (self.took * SHOWN_TIMES).min(Duration::from_mins(1));
        is_new || (self.as_of == as_of && self.begun.elapsed() < Duration::from_hours(1))
    }
}

fn scan(snapshot: &Snapshot, bucket: BucketId, now: Timestamp) -> Result<Scanned, StateError> {
    let begun = Instant::now();
    let insights = snapshot.insights(InsightsScan { bucket, now, objects_max: OBJECTS_MAX })?;
    Ok(Scanned {
        as_of: snapshot.cursor()?.sequence,
        usage: snapshot.usage(bucket)?,
        writers: snapshot.writers(bucket)?,
        insights,
        begun,
        took: begun.elapsed(),
    })
}
