//! How long nothing was heard of somebody: by ticks that came in time, not by a clock.
//!
//! A process that was stopped for an hour has heard nothing for an hour, and that says nothing of the others. So silence is
//! counted in ticks, and only in those in which this process would have heard.

use std::time::Duration;

use tokio::time::Instant;

/// Ticks at an interval, and whether each came in time. A late one says that the process was stopped, or that its host is
/// overwhelmed: what was sent to it meanwhile may not have been read yet.
#[derive(Debug)]
pub struct Ticks {
    interval: Duration,
    last: Option<Instant>,
}

impl Ticks {
    /// Ticks that are to come at an interval. The first is never in time.
    pub fn every(interval: Duration) -> Self {
        Self { interval, last: None }
    }

    /// A tick. Returns whether it came in time: not later than a whole interval after it was due.
    pub fn tick(&mut self, now: Instant) -> bool {
        let last = self.last.replace(now);
        last.is_some_and(|last| now.saturating_duration_since(last) <= self.interval * 2)
    }
}

/// How many ticks in a row brought no sign of somebody who would have been heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Silence(u32);

impl Silence {
    /// A tick without a sign. One that does not count, because it came late or nothing could be heard, begins the silence
    /// again. Returns how long it is now.
    pub fn tick(&mut self, counts: bool) -> u32 {
        self.0 = if counts { self.0 + 1 } else { 0 };
        self.0
    }

    /// A sign.
    pub fn broken(&mut self) {
        self.0 = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_after_a_pause_is_late_and_the_one_behind_it_is_not() {
        let interval = Duration::from_millis(500);
        let (mut ticks, mut now) = (Ticks::every(interval), Instant::now());
        let mut after = |time| {
            now += time;
            ticks.tick(now)
        };
        assert!(!after(Duration::ZERO), "of what was before the first, nothing is known");
        assert!(after(interval) && after(interval * 2));
        assert!(!after(interval * 2 + Duration::from_millis(1)));
        assert!(after(interval));
        assert!(!after(Duration::from_hours(1)));
    }

    #[test]
    fn silence_is_counted_without_a_gap() {
        let mut silence = Silence::default();
        assert_eq!([true, true, false, true].map(|counts| silence.tick(counts)), [1, 2, 0, 1]);
        silence.broken();
        assert_eq!(silence.tick(true), 1);
    }
}
