//! Which contents nothing has referred to for long enough.

use std::collections::VecDeque;
use std::time::Duration;

use domain::row::Unreferenced;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Moments that are remembered in a grace period: what went a moment later than one of them waits for the next.
const MOMENTS: u32 = 60;

/// Which events this process has seen applied, and when, by its own monotonic clock.
#[derive(Debug)]
pub(crate) struct Seen {
    grace: Duration,
    /// Moments, and the last event that was applied at each. The first lies a grace period back or is the only one such.
    moments: VecDeque<(Instant, u64)>,
}

impl Seen {
    pub(crate) fn new(grace: Duration) -> Self {
        Self { grace, moments: VecDeque::new() }
    }

    /// The state has all events up to this one now.
    pub(crate) fn note(&mut self, now: Instant, sequence: u64) {
        let is_due = self
            .moments
            .back()
            .is_none_or(|(at, last)| *last < sequence && now.saturating_duration_since(*at) >= self.grace / MOMENTS);
        if is_due {
            self.moments.push_back((now, sequence));
        }
        while self.moments.get(1).is_some_and(|(at, _)| now.saturating_duration_since(*at) >= self.grace) {
            self.moments.pop_front();
        }
    }

    /// The last event that was seen applied a grace period ago; 0 if none was.
    fn up_to(&self, now: Instant) -> u64 {
        let first = self.moments.front().filter(|(at, _)| now.saturating_duration_since(*at) >= self.grace);
        first.map_or(0, |(_, sequence)| *sequence)
    }

    /// What is due now, by either clock: the time of the event that took the last reference lies a grace period back, or
    /// this process has seen that event applied for so long. A clock that was wrong when the event was written puts
    /// nothing off for ever.
    pub(crate) fn due(&self, now: Instant, time: Timestamp) -> Due {
        let grace = SignedDuration::try_from(self.grace).unwrap_or(SignedDuration::MAX);
        Due { time, grace, up_to: self.up_to(now) }
    }
}

/// What is due at a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    time: Timestamp,
    grace: SignedDuration,
    /// Everything up to this event was seen for long enough.
    up_to: u64,
}

impl Due {
    /// The time at which a content is due, by that of the event.
    pub(crate) fn at(&self, unreferenced: Unreferenced) -> Option<Timestamp> {
        unreferenced.since.checked_add(self.grace).ok()
    }

    pub(crate) fn is_due(&self, unreferenced: Unreferenced) -> bool {
        unreferenced.sequence <= self.up_to || self.at(unreferenced).is_some_and(|at| at <= self.time)
    }

    /// How long ago it was due, by the time of its event.
    pub(crate) fn lag(&self, unreferenced: Unreferenced) -> Duration {
        let lag = self.at(unreferenced).map(|at| self.time.duration_since(at));
        lag.and_then(|lag| Duration::try_from(lag).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn unreferenced(sequence: u64, second: i64) -> Unreferenced {
        Unreferenced { sequence, since: Timestamp::from_second(second).unwrap() }
    }

    #[test]
    fn a_content_is_due_when_its_event_is_old_enough() {
        let due = Seen::new(HOUR).due(Instant::now(), Timestamp::from_second(10_000).unwrap());
        assert!(due.is_due(unreferenced(7, 6_400)) && !due.is_due(unreferenced(7, 6_401)));
        assert_eq!(due.lag(unreferenced(7, 6_000)), Duration::from_secs(400));
    }

    #[test]
    fn a_content_of_the_future_is_due_when_its_event_was_seen_for_long_enough() {
        let (begun, mut seen) = (Instant::now(), Seen::new(HOUR));
        let now = Timestamp::from_second(10_000).unwrap();
        let in_the_year_2100 = |sequence| unreferenced(sequence, 4_102_444_800);
        seen.note(begun, 5);
        seen.note(begun + HOUR / 2, 9);
        let due = |seen: &Seen, at| seen.due(at, now);
        assert!(!due(&seen, begun + HOUR - Duration::from_millis(1)).is_due(in_the_year_2100(5)));
        let after = due(&seen, begun + HOUR);
        assert!(after.is_due(in_the_year_2100(5)) && !after.is_due(in_the_year_2100(6)));
        assert!(!due(&seen, begun + HOUR).is_due(in_the_year_2100(9)));
        assert!(!due(&seen, begun + HOUR + HOUR / 2).is_due(in_the_year_2100(9)), "nobody looked meanwhile");
        seen.note(begun + HOUR + HOUR / 2, 9);
        assert!(due(&seen, begun + HOUR + HOUR / 2).is_due(in_the_year_2100(9)));
    }

    #[test]
    fn a_bounded_number_of_moments_is_remembered_and_nothing_waits_much_longer_than_the_grace_period() {
        let (begun, mut seen) = (Instant::now(), Seen::new(HOUR));
        for second in 0..20_000 {
            let now = begun + Duration::from_secs(second);
            seen.note(now, second + 1);
            assert!(seen.moments.len() <= MOMENTS as usize + 2, "{}", seen.moments.len());
            let seen_for = second.saturating_sub(seen.up_to(now).saturating_sub(1));
            assert!(second < 3_700 || (3_600..=3_600 + 61).contains(&seen_for), "{second}: {seen_for}");
        }
    }

    #[test]
    fn without_grace_everything_that_is_applied_is_due() {
        let (now, mut seen) = (Instant::now(), Seen::new(Duration::ZERO));
        for sequence in [3, 4] {
            seen.note(now, sequence);
            let due = seen.due(now, Timestamp::UNIX_EPOCH);
            assert!(due.is_due(unreferenced(sequence, 1)) && !due.is_due(unreferenced(sequence + 1, 1)));
        }
        assert_eq!(seen.moments.len(), 1);
    }
}
