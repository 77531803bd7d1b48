use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest duration that is told apart, in microseconds: an hour.
const MICROSECONDS_MAX: u64 = 3_600_000_000;

/// Digits of a duration that are kept: an error of a hundredth.
const DIGITS: u8 = 2;

/// Different durations of a message that are read.
const VALUES_MAX: usize = 4_096;

/// Durations, from which percentiles are told. Those of several can be joined without loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        // The bounds are constants that the library accepts; a test makes one.
        let histogram = Histogram::new_with_bounds(1, MICROSECONDS_MAX, DIGITS);
        Self(histogram.unwrap_or_else(|_| unreachable!("the bounds of a histogram are constants")))
    }
}

impl Latency {
    /// Takes up a duration.
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(MICROSECONDS_MAX).max(1));
    }

    /// Takes up all of others.
    pub fn join(&mut self, other: &Self) {
        for value in other.0.iter_recorded() {
            self.0.saturating_record_n(value.value_iterated_to(), value.count_at_value());
        }
    }

    /// The duration that so much of all, from 0 to 1, were not longer than, in milliseconds; `None` if there are none.
    #[expect(clippy::cast_precision_loss, reason = "an hour of microseconds fits")]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        let microseconds = self.0.value_at_quantile(quantile);
        (!self.0.is_empty()).then(|| microseconds as f64 / 1_000.0)
    }

    /// The sum of all durations, each counted for no more than `max`.
    #[expect(clippy::cast_precision_loss, reason = "an hour of microseconds fits")]
    pub(crate) fn sum_seconds(&self, max: Duration) -> f64 {
        let max = max.as_micros() as f64;
        let of_each = self.0.iter_recorded();
        let sum = of_each.map(|value| max.min(value.value_iterated_to() as f64) * value.count_at_value() as f64);
        sum.sum::<f64>() / 1e6
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.reset();
    }
}

/// Pairs of a duration in microseconds and its count.
impl Serialize for Latency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter_recorded().map(|value| (value.value_iterated_to(), value.count_at_value())))
    }
}

impl<'de> Deserialize<'de> for Latency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut latency = Self::default();
        for (value, count) in Vec::<(u64, u64)>::deserialize(deserializer)?.into_iter().take(VALUES_MAX) {
            latency.0.saturating_record_n(value, count);
        }
        Ok(latency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(microseconds: &[u64]) -> Latency {
        let mut latency = Latency::default();
        for micros in microseconds {
            latency.record(Duration::from_micros(*micros));
        }
        latency
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!(Latency::default().quantile_ms(0.5), None);
        assert_eq!(of(&[0]).quantile_ms(0.5), Some(0.001));
        let most = of(&[u64::MAX]).quantile_ms(0.99).unwrap();
        assert!((3_500_000.0..3_700_000.0).contains(&most), "{most}");
    }

    proptest! {
        #[test]
        fn what_is_joined_says_the_same_as_if_one_had_counted_all(
            one in proptest::collection::vec(1_u64..10_000_000, 0..200),
            other in proptest::collection::vec(1_u64..10_000_000, 0..200),
        ) {
            let mut all: Vec<u64> = one.iter().chain(&other).copied().collect();
            let json = serde_json::to_string(&of(&other)).unwrap();
            let mut joined = of(&one);
            joined.join(&serde_json::from_str(&json).unwrap());
            prop_assert_eq!(&joined, &of(&all));
            all.sort_unstable();
            for quantile in [0.5, 0.99] {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
                    reason = "a few hundred")]
                let at = ((all.len() as f64 * quantile).ceil() as usize).max(1) - 1;
                let (Some(exact), Some(told)) = (all.get(at), joined.quantile_ms(quantile)) else { continue };
                #[expect(clippy::cast_precision_loss, reason = "ten seconds of microseconds")]
                let exact = *exact as f64 / 1_000.0;
                prop_assert!((told - exact).abs() <= exact * 0.02, "{told} for {exact}");
            }
        }
    }
}
