//! How fast the log and the disks fill, from samples that are kept all the time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often a sample is kept. The newest figures are compared with the oldest sample, so there is no need of more.
pub(crate) const SAMPLE_INTERVAL: Duration = Duration::from_mins(10);

/// Samples that are kept: those of a day.
const SAMPLES_MAX: usize = 144;

/// How long something must be watched before its growth is shown: a shorter time says nothing of a day.
const WATCHED_MIN: Duration = Duration::from_mins(10);

/// A day in seconds.
const DAY_SECONDS: f64 = 86_400.0;

/// What fills, at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filled {
    /// Bytes of the log, if it says.
    pub(crate) log_bytes: Option<u64>,
    /// Free bytes of each disk, by its name.
    pub(crate) free_bytes: BTreeMap<String, u64>,
}

/// Samples of what fills.
#[derive(Debug, Default)]
pub(crate) struct Growth(Mutex<VecDeque<(Instant, Filled)>>);

/// Bytes in a day; less than nothing for what shrinks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PerDay(pub(crate) f64);

impl PerDay {
    /// Days until so many bytes are filled; `None` if they never are, at this rate.
    pub(crate) fn days_until_full(self, free_bytes: u64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "an outlook for people")]
        let free = free_bytes as f64;
        (self.0 > 0.0).then(|| free / self.0)
    }
}

impl Growth {
    /// Keeps samples for ever, whether somebody asks or not. It may be dropped at any moment.
    pub(crate) async fn follow<F: Future<Output = Filled>>(&self, filled: impl Fn() -> F) {
        let mut rounds = interval(SAMPLE_INTERVAL);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            rounds.tick().await;
            let filled = filled().await;
            self.keep(Instant::now(), filled);
        }
    }

    /// Keeps a sample.
    fn keep(&self, now: Instant, filled: Filled) {
        let mut samples = self.samples();
        if samples.len() >= SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back((now, filled));
    }

    /// How the log grows up to what it has now.
    pub(crate) fn of_log(&self, now: Instant, log_bytes: u64) -> Option<PerDay> {
        self.since(now, |filled| filled.log_bytes).map(|(before, passed)| per_day(before, log_bytes, passed))
    }

    /// How a disk fills up to what it has free now.
    pub(crate) fn of_disk(&self, now: Instant, disk: &str, free_bytes: u64) -> Option<PerDay> {
        let free = self.since(now, |filled| filled.free_bytes.get(disk).copied());
        free.map(|(before, passed)| per_day(free_bytes, before, passed))
    }

    /// The oldest figure, and how old it is.
    fn since(&self, now: Instant, figure: impl Fn(&Filled) -> Option<u64>) -> Option<(u64, Duration)> {
        let samples = self.samples();
        let (at, before) = samples.iter().find_map(|(at, filled)| Some((*at, figure(filled)?)))?;
        let passed = now.saturating_duration_since(at);
        (passed >= WATCHED_MIN).then_some((before, passed))
    }

    fn samples(&self) -> MutexGuard<'_, VecDeque<(Instant, Filled)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::cast_precision_loss, reason = "an outlook for people")]
fn per_day(before: u64, after: u64, passed: Duration) -> PerDay {
    PerDay((after as f64 - before as f64) / passed.as_secs_f64() * DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn filled(log_bytes: u64, free_bytes: u64) -> Filled {
        Filled { log_bytes: Some(log_bytes), free_bytes: [("node-1".to_owned(), free_bytes)].into() }
    }

    #[test]
    fn a_growth_is_told_from_the_oldest_sample_of_a_day() {
        let (growth, begun) = (Growth::default(), Instant::now());
        assert_eq!(growth.of_log(begun, 5), None);
        growth.keep(begun, filled(1_000, 48_000));
        assert_eq!(growth.of_log(begun + WATCHED_MIN / 2, 2_000), None, "of so short a time nothing is told");
        let now = begun + HOUR * 12;
        assert_eq!(growth.of_log(now, 2_000), Some(PerDay(2_000.0)));
        let of_disk = growth.of_disk(now, "node-1", 36_000).unwrap();
        assert_eq!((of_disk, of_disk.days_until_full(36_000)), (PerDay(24_000.0), Some(1.5)));
        assert_eq!(growth.of_disk(now, "node-2", 1), None, "it is new");
        let freed = growth.of_disk(now, "node-1", 60_000).unwrap();
        assert_eq!(freed.days_until_full(60_000), None, "it does not fill");
    }

    #[tokio::test(start_paused = true)]
    async fn samples_are_kept_also_if_nobody_asks() {
        let (growth, begun) = (Growth::default(), Instant::now());
        let followed = growth.follow(|| std::future::ready(filled(begun.elapsed().as_secs(), 0)));
        assert!(tokio::time::timeout(HOUR * 48, followed).await.is_err());
        assert_eq!(growth.samples().len(), SAMPLES_MAX);
        assert_eq!(growth.of_log(Instant::now(), 48 * 3_600), Some(PerDay(DAY_SECONDS)));
    }

    #[test]
    fn samples_are_those_of_a_day() {
        let (growth, begun) = (Growth::default(), Instant::now());
        for number in 0..1_000_u32 {
            growth.keep(begun + SAMPLE_INTERVAL * number, filled(u64::from(number) * 100, 0));
        }
        assert_eq!(growth.samples().len(), SAMPLES_MAX);
        let now = begun + SAMPLE_INTERVAL * 1_000;
        assert_eq!(growth.of_log(now, 100_000), Some(PerDay(14_400.0)));
    }
}
