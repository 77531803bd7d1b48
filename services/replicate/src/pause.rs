//! How long what does not work is left alone.

use std::time::Duration;

/// The first pause.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause. It grows to this by doubling.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// The pause after so many failures in a row: between the half and all of it, by `random`, so that what failed together
/// is not tried together.
pub(crate) fn pause(failures: u32, asked: Option<Duration>, random: u16) -> Duration {
    let doubled = PAUSE_MIN.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(PAUSE_MAX);
    let half = doubled / 2;
    let jittered = half + half.mul_f64(f64::from(random) / f64::from(u16::MAX));
    jittered.max(asked.unwrap_or_default().min(PAUSE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_are_spread() {
        let millis = |failures, random| pause(failures, None, random).as_millis();
        assert_eq!([1, 2, 3, 7, 100].map(|n| millis(n, u16::MAX)), [1_000, 2_000, 4_000, 60_000, 60_000]);
        assert_eq!([1, 2, 100].map(|n| millis(n, 0)), [500, 1_000, 30_000]);
        assert_eq!(pause(1, Some(Duration::from_hours(9)), 0), PAUSE_MAX);
    }
}
