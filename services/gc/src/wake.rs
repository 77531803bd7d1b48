use std::time::Duration;

use jiff::Timestamp;

use crate::{Collector, Stopped};

/// The longest time between a change of rules and the look that finds it, at a day's full length.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// A shorter day is looked at so often at least.
const LOOKS_A_DAY: u32 = 20;

/// Why there is something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A day began: everything may be due.
    NewDay,
    /// Some bucket has other rules.
    RulesChanged,
}

impl Collector {
    /// Waits for the beginning of a day, or for rules that changed after an event.
    pub(crate) async fn wake(&self, next_day: Timestamp, since: u64) -> Result<Wake, Stopped> {
        let mut progress = self.ledger.progress();
        let mut looked = since;
        loop {
            let left = Duration::try_from(next_day.duration_since(self.now())).unwrap_or_default();
            if left.is_zero() {
                return Ok(Wake::NewDay);
            }
            // First the pause and then the event: what comes in between is found by the same look.
            tokio::time::sleep(left.min(self.look_interval())).await;
            let reached = progress.borrow_and_update().cursor.sequence;
            if reached == looked {
                let left = Duration::try_from(next_day.duration_since(self.now())).unwrap_or_default();
                match tokio::time::timeout(left, progress.changed()).await {
                    // Its writer is gone.
                    Ok(Err(_)) => {
                        self.check_ledger()?;
                        return Err(Stopped("it was told to".into()));
                    }
                    Ok(Ok(())) | Err(_) => continue,
                }
            }
            self.check_ledger()?;
            if self.read(|| self.settings_changed(since)).await? {
                return Ok(Wake::RulesChanged);
            }
            looked = reached;
        }
    }

    fn look_interval(&self) -> Duration {
        LOOK_INTERVAL.min(Duration::from_secs(self.options.day.seconds().into()) / LOOKS_A_DAY)
    }
}
