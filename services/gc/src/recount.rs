//! References counted anew, before anything ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ledger::{RECOUNT_KEY_BYTES, Recounted, Snapshot, StateError};
use shards::Transport;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use worker::{Failpoint, Handle, Trouble, latest};

use crate::stopped::Stopped;
use crate::{Gc, meters};

/// The shortest time between two recounts.
const PAUSE_MIN: Duration = Duration::from_mins(10);

/// A recount is followed by a pause of so many times its length.
const PAUSE_TIMES: u32 = 20;

/// The recount that is under way, and the last one.
#[derive(Default)]
pub(crate) struct Recounting {
    under_way: Option<UnderWay>,
    last: Option<Last>,
}

/// A recount, which reads one state from its beginning to its end, so that both sides of each count are of one moment.
struct UnderWay {
    task: JoinHandle<Result<Option<Recounted>, StateError>>,
    is_cancelled: Arc<AtomicBool>,
    begun: Instant,
    sequence: u64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }
}

/// A recount that found everything as it should be.
struct Last {
    ended: Instant,
    took: Duration,
    /// The event up to which the state had all.
    sequence: u64,
}

impl UnderWay {
    fn begin(snapshot: Arc<Snapshot>, sequence: u64, key: [u8; RECOUNT_KEY_BYTES]) -> Self {
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let cancelled = Arc::clone(&is_cancelled);
        let task = tokio::task::spawn_blocking(move || {
            let mut rested = std::time::Instant::now();
            snapshot.recount(&key, &[], |_| {
                // Half of the time is for others.
                std::thread::sleep(rested.elapsed());
                rested = std::time::Instant::now();
                !cancelled.load(Ordering::Relaxed)
            })
        });
        Self { task, is_cancelled, begun: Instant::now(), sequence }
    }
}

impl Recounting {
    /// Whether all was as it should be, at least at the last recount.
    pub(crate) fn is_over(&self) -> bool {
        self.last.is_some()
    }

    fn is_due(&self, now: Instant, sequence: u64) -> bool {
        self.last.as_ref().is_none_or(|last| {
            let pause = PAUSE_MIN.max(last.took * PAUSE_TIMES);
            sequence != last.sequence && now.saturating_duration_since(last.ended) >= pause
        })
    }
}

impl<T: Transport> Gc<T> {
    /// Begins a recount if that is due, and takes in what came of it once it is over. Returns whether one is under way.
    pub(crate) async fn recount(&mut self, handle: &Handle) -> Result<bool, Trouble> {
        let Some(under_way) = self.recounting.under_way.as_mut() else {
            if self.recounting.is_due(Instant::now(), self.looked) {
                let (snapshot, mut key) = (latest(&self.ledger)?, [0; RECOUNT_KEY_BYTES]);
                if !(self.options.random)(&mut key) {
                    return Err(Trouble::Failed("the system provides no randomness".into()));
                }
                let sequence = snapshot.cursor()?.sequence;
                self.recounting.under_way = Some(UnderWay::begin(snapshot, sequence, key));
                return Ok(true);
            }
            return Ok(false);
        };
        if !under_way.task.is_finished() {
            return Ok(true);
        }
        let counted = (&mut under_way.task).await;
        let (begun, sequence) = (under_way.begun, under_way.sequence);
        self.recounting.under_way = None;
        let counted = counted.map_err(|error| Trouble::Failed(format!("the recount of references: {error}")))?;
        // Nobody cancelled it, or it would not be here.
        let Some(Recounted { rows, differing }) = counted? else { return Ok(true) };
        let took = begun.elapsed();
        meters::recounted(rows, took);
        if !differing.is_empty() {
            return Err(self.stop(Stopped::Miscounted { sequence, parts: differing.len() }));
        }
        tracing::debug!(rows, ?took, "counted all references again: they agree");
        self.recounting.last = Some(Last { ended: Instant::now(), took, sequence });
        handle.reached(Failpoint::GcRecounted).await;
        Ok(false)
    }
}

/// Reads much of the state where it holds up nobody.
pub(crate) async fn blocking<R: Send + 'static>(read: impl FnOnce() -> R + Send + 'static) -> Result<R, Trouble> {
    tokio::task::spawn_blocking(read).await.map_err(|error| Trouble::Failed(format!("reading the state: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recount_takes_a_small_part_of_the_time_and_none_where_nothing_changes() {
        let (ended, took) = (Instant::now(), Duration::from_mins(5));
        let recounting = Recounting { under_way: None, last: Some(Last { ended, took, sequence: 7 }) };
        let after = |minutes| ended + Duration::from_mins(minutes);
        assert!(!recounting.is_due(after(99), 8) && recounting.is_due(after(100), 8));
        assert!(!recounting.is_due(after(1_000), 7));
        assert!(Recounting::default().is_due(ended, 0) && !Recounting::default().is_over());
    }
}
