//! Moves the settled mark. Time is divided into epochs; the mark follows the last epoch up to which no write is
//! pending.

use std::collections::VecDeque;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use shards::Transport;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{Never, Tasks};

/// The length of an epoch.
const EPOCH_TIME: Duration = Duration::from_secs(1);

/// The shortest time between two writes of the mark: each costs two fsyncs on the disk of the projection.
const MARK_TIME_MIN: Duration = Duration::from_secs(2);

/// The most epochs that are remembered while an older one has pending writes. Further ones are merged with the last.
const EPOCHS_MAX: usize = 1024;

/// Epochs that have ended, each with the sequence that the log had reached before its end.
#[derive(Debug, Default)]
pub(crate) struct Epochs(VecDeque<(u64, u64)>);

impl Epochs {
    fn add(&mut self, epoch: u64, reached: u64) {
        if self.0.len() < EPOCHS_MAX {
            self.0.push_back((epoch, reached));
        }
    }

    /// The sequence up to which all writes are settled, if it has moved.
    pub(crate) fn settled(&mut self, first_unsettled: u64) -> Option<u64> {
        let mut settled = None;
        while let Some((_, reached)) = self.0.pop_front_if(|(epoch, _)| *epoch < first_unsettled) {
            settled = Some(reached);
        }
        settled
    }
}

impl<T: Transport> Tasks<T> {
    /// Ends an epoch each [`EPOCH_TIME`], whatever else waits, and writes the mark.
    pub(crate) async fn advance_epochs(&self) -> Never {
        let mut ticks = interval(EPOCH_TIME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut settled, mut written) = (0, Instant::now());
        loop {
            ticks.tick().await;
            settled = self.end_epoch().unwrap_or(settled);
            if written.elapsed() >= MARK_TIME_MIN && !self.figures.borrow().is_scanning {
                self.advance(settled).await;
                written = Instant::now();
            }
        }
    }

    /// Writes the mark at the end of a process that stops. Missing shards that are not recorded yet keep it back.
    pub(crate) async fn finish_last_epoch(&self) {
        if let Some(settled) = self.end_epoch().filter(|_| !self.figures.borrow().is_scanning) {
            self.advance(settled).await;
        }
    }

    /// Ends an epoch; the sequence up to which all writes are settled now, if it has moved. The position of the log is
    /// read first: a write that is acknowledged in a later epoch cannot have its event before it.
    fn end_epoch(&self) -> Option<u64> {
        let pending = self.store.pending_writes();
        let reached = self.reached();
        let mut epochs = self.epochs();
        epochs.add(pending.end_epoch(), reached);
        metrics::gauge!("planetstore_settle_pending_writes").set(u32::try_from(pending.count()).unwrap_or(u32::MAX));
        epochs.settled(pending.first_unsettled_epoch())
    }

    /// The log's sequence up to which the ledger has applied it.
    pub(crate) fn reached(&self) -> u64 {
        self.ledger.progress().borrow().cursor.sequence
    }

    pub(crate) fn epochs(&self) -> MutexGuard<'_, Epochs> {
        self.epochs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves the mark forward to `settled`.
    pub(crate) async fn advance(&self, settled: u64) {
        let mut mark = Arc::clone(&self.mark).lock_owned().await;
        if settled <= mark.position().settled {
            return;
        }
        let written = tokio::task::spawn_blocking(move || mark.advance(settled)).await;
        if let Err(error) = written {
            tracing::error!(%error, "the settled mark was not written");
        }
        self.figures.send_modify(|figures| figures.settled_sequence = settled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_follows_the_last_epoch_before_the_first_with_pending_writes() {
        let mut epochs = Epochs::default();
        epochs.add(0, 10);
        epochs.add(1, 20);
        epochs.add(2, 30);
        assert_eq!(epochs.settled(0), None);
        assert_eq!(epochs.settled(2), Some(20));
        assert_eq!(epochs.settled(2), None);
        assert_eq!(epochs.settled(3), Some(30));
    }
}
