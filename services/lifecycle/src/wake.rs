use std::time::Duration;

use jiff::Timestamp;

use crate::{Collector, Stopped};

/// The maximum delay before a change of rules is noticed, with days of full length.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Shorter days are checked at least this often.
const LOOKS_A_DAY: u32 = 2;

/// The longest wait without reading the clock again: it may be set meanwhile, and a machine may sleep.
const CLOCK_TRUST_TIME: Duration = Duration::from_mins(1);

/// The reason for the next pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A day began: anything may be due.
    NewDay,
    /// A bucket's rules changed.
    RulesChanged,
}

impl Collector {
    /// Waits for the start of a day, or for a change of rules after an event.
    pub(crate) async fn wake(&self, mut next_day: Timestamp, since: u64) -> Result<Wake, Stopped> {
        let mut progress = self.ledger.progress();
        let mut looked = since;
        loop {
            let left = self.left(&mut next_day);
            if left.is_zero() {
                return Ok(Wake::NewDay);
            }
            // The pause comes before the check for events, so that the same check finds changes in between.
            tokio::time::sleep(left.min(self.look_interval())).await;
            let reached = progress.borrow_and_update().cursor.sequence;
            if reached == looked {
                let left = self.left(&mut next_day).min(CLOCK_TRUST_TIME);
                match tokio::time::timeout(left, progress.changed()).await {
                    // The writer has ended.
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

    /// The time until the start of the next day; recomputed if the clock was set back.
    fn left(&self, next_day: &mut Timestamp) -> Duration {
        let now = self.now();
        *next_day = self.options.day.next(now).min(*next_day);
        Duration::try_from(next_day.duration_since(now)).unwrap_or_default()
    }

    fn look_interval(&self) -> Duration {
        LOOK_INTERVAL.min(Duration::from_secs(self.options.day.seconds().into()) / LOOKS_A_DAY)
    }
}
