use std::time::Duration;

/// The first pause.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest pause, unless a longer one is asked for. It grows to this by doubling.
pub const PAUSE_MAX: Duration = Duration::from_mins(1);

/// The pause after so many failures in a row. Between the half and all of it, by `random`, so that what failed together is
/// not tried together; and at least what the other side asked for, which counts up to `asked_max`.
pub fn back_off(failures: u32, asked: Option<Duration>, asked_max: Duration, random: u16) -> Duration {
    let doubled = PAUSE_MIN.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(PAUSE_MAX);
    let half = doubled / 2;
    let jittered = half + half.mul_f64(f64::from(random) / f64::from(u16::MAX));
    jittered.max(asked.unwrap_or_default().min(asked_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_are_spread() {
        let millis = |failures, random| back_off(failures, None, PAUSE_MAX, random).as_millis();
        assert_eq!([1, 2, 3, 7, 100].map(|n| millis(n, u16::MAX)), [1_000, 2_000, 4_000, 60_000, 60_000]);
        assert_eq!([1, 2, 100].map(|n| millis(n, 0)), [500, 1_000, 30_000]);
    }

    #[test]
    fn what_is_asked_for_counts_up_to_its_limit() {
        let (seconds, hours, limit) = (Duration::from_secs(9), Duration::from_hours(9), Duration::from_mins(5));
        assert_eq!(back_off(1, Some(seconds), limit, 0), seconds);
        assert_eq!(back_off(1, Some(hours), limit, 0), limit);
        assert_eq!(back_off(1, Some(hours), PAUSE_MAX, 0), PAUSE_MAX);
    }
}
