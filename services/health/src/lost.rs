//! Writes that were lost sight of: they are looked for in the log.

use std::time::Duration;

use shards::Transport;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::{DEBT_AGE_MIN, Never, REFUSED_PAUSE, Stopped, Tasks};

/// How often it is asked whether there are any.
const LOOK_TIME: Duration = Duration::from_secs(1);

impl<T: Transport> Tasks<T> {
    /// Looks on the log for contents that were lost sight of: at all since the mark.
    pub(crate) async fn find_lost(&self) -> Never {
        let mut ticks = interval(LOOK_TIME);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(turn) = self.store.settling().lost() {
                self.find_lost_until(turn).await?;
            }
        }
    }

    async fn find_lost_until(&self, turn: u64) -> Result<(), Stopped> {
        let settling = self.store.settling();
        // Their events are on the log by now. What this process acks from here on has its event behind that, and so has
        // all that is open now behind the last turn before it.
        let reached = self.reached();
        let settled = self.turns().settled(settling.first_open());
        // The last shards of what was acked last, by others too, are still on their way.
        sleep(DEBT_AGE_MIN).await;
        let place = self.mark.lock().await.place();
        // What is older was acked by others.
        let from = place.settled.max(place.since) + 1;
        tracing::info!(from, reached, "searching the log for writes that were not tracked");
        let gap = self.scan(from, reached, false).await?;
        if gap.is_refused {
            sleep(REFUSED_PAUSE).await;
            return Ok(());
        }
        settling.found(turn);
        if let Some(settled) = settled.filter(|_| !self.figures.borrow().is_scanning) {
            self.advance(settled).await;
        }
        Ok(())
    }
}
