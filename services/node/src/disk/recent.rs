use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use shards::telemetry::Latency;

/// How long a measurement counts.
const WINDOW: Duration = Duration::from_secs(10);

/// Measurements that are kept, at most: of more the last.
const SAMPLES_MAX: usize = 1024;

/// How long operations took of late.
#[derive(Default)]
pub(crate) struct Recent(Mutex<VecDeque<(Instant, u32)>>);

impl Recent {
    /// Takes in an operation that ended now.
    pub(crate) fn note(&self, now: Instant, took: Duration) {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if samples.len() >= SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back((now, u32::try_from(took.as_micros()).unwrap_or(u32::MAX)));
    }

    /// How long they took; `None` if there was none.
    pub(crate) fn latency(&self, now: Instant) -> Option<Latency> {
        let mut samples = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while samples.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > WINDOW) {
            samples.pop_front();
        }
        let mut sorted: Vec<u32> = samples.iter().map(|(_, micros)| *micros).collect();
        drop(samples);
        sorted.sort_unstable();
        let at =
            |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied();
        Some(Latency { p50_us: at(50)?, p99_us: at(99)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_of_late_counts() {
        let (recent, begin) = (Recent::default(), Instant::now());
        assert_eq!(recent.latency(begin), None);
        recent.note(begin, Duration::from_secs(9));
        (1..=100).for_each(|i| recent.note(begin + WINDOW / 2, Duration::from_micros(i)));
        let latency = |p50_us, p99_us| Some(Latency { p50_us, p99_us });
        assert_eq!(recent.latency(begin + WINDOW / 2), latency(51, 100));
        assert_eq!(recent.latency(begin + WINDOW * 5 / 4), latency(51, 100));
        (0..SAMPLES_MAX).for_each(|_| recent.note(begin + WINDOW, Duration::from_micros(7)));
        assert_eq!(recent.latency(begin + WINDOW), latency(7, 7));
        assert_eq!(recent.latency(begin + WINDOW * 3), None);
        recent.note(begin + WINDOW * 3, Duration::from_micros(3));
        assert_eq!(recent.latency(begin + WINDOW * 3), latency(3, 3));
    }
}
