//! How fast readers acknowledge.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use events::ids::DurableName;
use tokio::time::Instant;

/// How far back a rate is measured.
const TIME_MAX: Duration = Duration::from_mins(1);

/// Over less time no rate is measured.
const TIME_MIN: Duration = Duration::from_secs(1);

/// Measurements of one consumer that are kept.
const SAMPLES_MAX: usize = 64;

/// How many events readers had acknowledged at some moments.
#[derive(Debug, Default)]
pub(crate) struct Rates(BTreeMap<DurableName, VecDeque<(Instant, u64)>>);

impl Rates {
    /// Takes a measurement, and returns the events acknowledged per second of late; `None` where there was no earlier
    /// measurement.
    pub(crate) fn take(&mut self, durable: &DurableName, now: Instant, acked_events: u64) -> Option<f64> {
        let samples = self.0.entry(durable.clone()).or_default();
        // A consumer whose state was lost counts from the beginning.
        if samples.back().is_some_and(|(_, before)| *before > acked_events) {
            samples.clear();
        }
        while samples.len() >= SAMPLES_MAX || samples.front().is_some_and(|(at, _)| now.duration_since(*at) > TIME_MAX)
        {
            samples.pop_front();
        }
        let rate = samples.front().filter(|(at, _)| now.duration_since(*at) >= TIME_MIN).map(|(at, before)| {
            #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
            let events = (acked_events - before) as f64;
            events / now.duration_since(*at).as_secs_f64()
        });
        if samples.back().is_none_or(|(at, _)| now.duration_since(*at) >= TIME_MIN) {
            samples.push_back((now, acked_events));
        }
        rate
    }

    /// Forgets the consumers that there are no more.
    pub(crate) fn keep(&mut self, is_there: impl Fn(&DurableName) -> bool) {
        self.0.retain(|durable, _| is_there(durable));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_the_last_minute() {
        let (mut rates, begun) = (Rates::default(), Instant::now());
        let durable = "consumer-a-0000000000000001".parse().unwrap();
        let mut take = |seconds, acked| rates.take(&durable, begun + Duration::from_secs(seconds), acked);
        assert_eq!((take(0, 100), take(0, 100)), (None, None));
        assert_eq!(take(10, 200), Some(10.0));
        assert_eq!(take(50, 200), Some(2.0));
        assert_eq!(take(70, 800), Some(10.0), "from the tenth second on");
        assert_eq!(take(130, 800), Some(0.0));
        assert_eq!(take(140, 0), None, "it begins anew");
        rates.keep(|_| false);
        assert!(rates.0.is_empty());
    }
}
