use std::time::Duration;

use jiff::Timestamp;

use crate::{Collector, Stopped};

/// The longest time between a change of rules and the look that finds it, at a day's full length.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// A shorter day is looked at so often at least.
const LOOKS_A_DAY: u32 = 2;

/// The longest wait by the clock as it was: it may be set meanwhile, and a machine may sleep.
const CLOCK_TRUST_TIME: Duration = Duration::from_mins(1);

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
    pub(crate) async fn wake(&self, mut next_day: Timestamp, since: u64) -> Result<Wake, Stopped> {
        let mut progress = self.ledger.progress();
        let mut looked = since;
        loop {
            let left = self.left(&mut next_day);
            if left.is_zero() {
                return Ok(Wake::NewDay);
            }
            // First the pause and then the event: what comes in between is found by the same look.
            tokio::time::sleep(left.min(self.look_interval())).await;
            let reached = progress.borrow_and_update().cursor.sequence;
            if reached == looked {
                let left = self.left(&mut next_day).min(CLOCK_TRUST_TIME);
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

    /// How long it is to the beginning of a day: of the next one, should the clock have been set back to an earlier.
    fn left(&self, next_day: &mut Timestamp) -> Duration {
        let now = self.now();
        *next_day = self.options.day.next(now).min(*next_day);
        Duration::try_from(next_day.duration_since(now)).unwrap_or_default()
    }

    fn look_interval(&self) -> Duration {
        LOOK_INTERVAL.min(Duration::from_secs(self.options.day.seconds().into()) / LOOKS_A_DAY)
    }
}
