use std::time::Duration;

use worker::{Step, Trouble};

use crate::round::Pass;
use crate::{Collector, Lifecycle};

/// The longest time between a change of rules and the look that finds it, at a day's full length.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// A shorter day is looked at so often at least.
const LOOKS_A_DAY: u32 = 2;

/// The longest wait by the clock as it was: it may be set meanwhile, and a machine may sleep.
const CLOCK_TRUST_TIME: Duration = Duration::from_mins(1);

impl Lifecycle {
    /// Begins a pass if one is due: with all buckets when a day begins, with those that have other rules otherwise.
    pub(crate) fn look(&mut self) -> Result<Step, Trouble> {
        let left = self.left();
        if left.is_zero() {
            self.next_day = self.collector.options.day.next(self.collector.now());
            self.pass = Some(Pass::since(0));
            return Ok(Step::More);
        }
        worker::latest(&self.collector.ledger)?;
        let reached = self.collector.ledger.progress().borrow().cursor.sequence;
        if reached != self.looked {
            if self.collector.read(|| self.collector.settings_changed(self.reached))? {
                self.pass = Some(Pass::since(self.reached));
                return Ok(Step::More);
            }
            self.looked = reached;
        }
        Ok(Step::Idle(left.min(CLOCK_TRUST_TIME)))
    }

    /// How long it is to the beginning of a day: of the next one, should the clock have been set back to an earlier.
    fn left(&mut self) -> Duration {
        let now = self.collector.now();
        self.next_day = self.collector.options.day.next(now).min(self.next_day);
        Duration::try_from(self.next_day.duration_since(now)).unwrap_or_default()
    }
}

impl Collector {
    /// Waits until there are events after one that was looked at: first the pause and then the event, so that what comes
    /// in between is found by the same look.
    pub(crate) async fn settings_may_have_changed(&self, looked: u64) {
        tokio::time::sleep(self.look_interval()).await;
        let mut progress = self.ledger.progress();
        // An error says that the ledger has stopped, and the look finds that.
        let _changed = progress.wait_for(|progress| progress.cursor.sequence != looked).await;
    }

    fn look_interval(&self) -> Duration {
        LOOK_INTERVAL.min(Duration::from_secs(self.options.day.seconds().into()) / LOOKS_A_DAY)
    }
}
