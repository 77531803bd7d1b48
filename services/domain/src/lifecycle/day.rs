use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const SECONDS: u32 = 24 * 60 * 60;

const NANOSECONDS: i128 = 1_000_000_000;

/// The length of a day. Anything but [`Day::CALENDAR`] is for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    seconds: u32,
}

impl Day {
    /// 24 hours.
    pub const CALENDAR: Self = Self { seconds: SECONDS };

    /// A day of the given number of seconds; `None` for zero.
    pub fn of_seconds(seconds: u32) -> Option<Self> {
        (seconds > 0).then_some(Self { seconds })
    }

    /// The length in seconds.
    pub fn seconds(self) -> u32 {
        self.seconds
    }

    /// The first start of a day, in UTC, that is at least `days` days after a time.
    pub fn days_after(self, at: Timestamp, days: u32) -> Timestamp {
        let day = i128::from(self.seconds) * NANOSECONDS;
        let wanted = at.as_nanosecond() + i128::from(days) * day;
        let midnight = (wanted + day - 1).div_euclid(day) * day;
        Timestamp::from_nanosecond(midnight).unwrap_or(Timestamp::MAX)
    }

    /// The next start of a day after a time.
    pub fn next(self, at: Timestamp) -> Timestamp {
        let begun = self.days_after(at, 0);
        if begun == at { self.days_after(at, 1) } else { begun }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn days_end_at_the_next_midnight() {
        let day = Day::CALENDAR;
        assert_eq!(day.days_after(at("2026-01-15T10:30:00Z"), 3), at("2026-01-19T00:00:00Z"));
        assert_eq!(day.days_after(at("2026-01-15T00:00:00Z"), 3), at("2026-01-18T00:00:00Z"));
        assert_eq!(day.days_after(at("2026-01-15T00:00:00.000000001Z"), 1), at("2026-01-17T00:00:00Z"));
        assert_eq!(day.days_after(at("1969-12-31T12:00:00Z"), 0), at("1970-01-01T00:00:00Z"));
        assert_eq!(day.days_after(at("2026-01-15T10:30:00Z"), u32::MAX), Timestamp::MAX);
        assert_eq!(day.next(at("2026-01-15T00:00:00Z")), at("2026-01-16T00:00:00Z"));
        assert_eq!(day.next(at("2026-01-15T10:30:00Z")), at("2026-01-16T00:00:00Z"));
    }

    #[test]
    fn a_day_of_tests_is_as_short_as_it_says() {
        assert_eq!(Day::of_seconds(0), None);
        let day = Day::of_seconds(2).unwrap();
        assert_eq!(day.days_after(at("2026-01-15T10:30:01Z"), 1), at("2026-01-15T10:30:04Z"));
    }
}
