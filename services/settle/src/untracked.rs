//! Writes whose pending shards were no longer tracked: their contents are found on the log and checked.

use std::time::Duration;

use shards::Transport;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{Never, RECORD_DELAY, REFUSED_PAUSE, Stopped, Tasks};

/// How often the pending writes are asked for untracked ones.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

impl<T: Transport> Tasks<T> {
    /// Checks untracked contents: all that the log has after the settled mark.
    pub(crate) async fn check_untracked(&self) -> Never {
        let mut ticks = interval(CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(epoch) = self.store.pending_writes().untracked() {
                self.check_untracked_until(epoch).await?;
            }
        }
    }

    async fn check_untracked_until(&self, epoch: u64) -> Result<(), Stopped> {
        let pending = self.store.pending_writes();
        // Their events are on the log by now. The events of later writes come after this sequence, and those of the
        // writes that are pending now come after the last epoch before the first of them.
        let reached = self.reached();
        let settled = self.epochs().settled(pending.first_pending_epoch());
        // The last shards of recent writes, also of other gateways, may still be in flight.
        sleep(RECORD_DELAY).await;
        let position = self.mark.lock().await.position();
        // Older contents were acknowledged by other processes.
        let from = position.settled.max(position.since) + 1;
        tracing::info!(from, reached, "searching the log for writes that were not tracked");
        let gap = self.scan(from, reached, false).await?;
        if gap.is_refused {
            sleep(REFUSED_PAUSE).await;
            return Ok(());
        }
        pending.untracked_checked(epoch);
        if let Some(settled) = settled.filter(|_| !self.figures.borrow().is_scanning) {
            self.advance(settled).await;
        }
        Ok(())
    }
}
