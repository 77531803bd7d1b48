use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How fast a scrub reads, unless time presses: a small disk is done long before its time.
pub(crate) const RATE_MIN: u64 = 1024 * 1024;

/// The share of a pass's time in which it means to be done, in percent. The rest is for what is stored meanwhile, and
/// for the time that the node is down.
const TIME_USED_PERCENT: u32 = 80;

/// The part of its time in which a scrub has the disk read for it, at most: one in so many.
const DISK_SHARE_IDLE: u32 = 4;

/// The same while others use the disk, for all scrubs of a process together: its nodes share its processors, and often a
/// disk.
const DISK_SHARE_BUSY: u32 = 10;

/// Scrubs of this process that are reading.
static READING: AtomicU32 = AtomicU32::new(0);

/// Counts a scrub among those that are reading, until it is dropped.
#[derive(Debug)]
pub(crate) struct Reading(());

impl Reading {
    pub(crate) fn begin() -> Self {
        READING.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        READING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The part of its time in which each of the scrubs that are reading has the disk read for it: one in so many.
pub(crate) fn share(is_busy: bool) -> u32 {
    share_of(is_busy, READING.load(Ordering::Relaxed))
}

fn share_of(is_busy: bool, scrubs: u32) -> u32 {
    if is_busy { DISK_SHARE_BUSY.saturating_mul(scrubs.max(1)) } else { DISK_SHARE_IDLE }
}

/// The rate, in bytes a second, at which `left` bytes are read in time, not above `max`: a pass that cannot be done in
/// time takes longer.
pub(crate) fn rate(left: u64, elapsed: Duration, period: Duration, max: u64) -> u64 {
    let end = period.saturating_mul(TIME_USED_PERCENT) / 100;
    let seconds = end.saturating_sub(elapsed).as_secs();
    left.checked_div(seconds).map_or(max, |needed| needed.max(RATE_MIN).min(max))
}

/// How long to leave the disk alone after a read of `bytes` that began at `begin` and took `took`: so that neither the
/// rate nor the share of the disk, one in `share`, is exceeded.
pub(crate) fn pause(bytes: u64, took: Duration, rate: u64, share: u32) -> Duration {
    let by_rate = Duration::from_micros(bytes.saturating_mul(1_000_000) / rate.max(1)).saturating_sub(took);
    by_rate.max(took.saturating_mul(share.saturating_sub(1)))
}

/// Whether others have used the disk since the last question.
#[derive(Debug, Default)]
pub(crate) struct Others {
    seen: u64,
    until: Option<Instant>,
}

/// How long the disk counts as used after the last operation.
const BUSY_AFTER: Duration = Duration::from_millis(500);

impl Others {
    /// `operations` is how many there were since the start.
    pub(crate) fn are_busy(&mut self, operations: u64, now: Instant) -> bool {
        if operations != self.seen {
            self.seen = operations;
            self.until = Some(now + BUSY_AFTER);
        }
        self.until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;
    const WEEK: Duration = Duration::from_hours(7 * 24);

    #[test]
    fn a_pass_is_spread_over_most_of_its_time() {
        let bytes = 10 << 40;
        let even = rate(bytes, Duration::ZERO, WEEK, 64 * MIB);
        assert_eq!(even, bytes / (WEEK.as_secs() * 4 / 5));
        // It is behind, and hurries.
        assert!(rate(bytes, WEEK / 2, WEEK, 1 << 30) > 2 * even);
        assert_eq!(rate(bytes, WEEK / 2, WEEK, 32 * MIB), 32 * MIB);
        assert_eq!(rate(bytes, WEEK * 2, WEEK, 64 * MIB), 64 * MIB, "late");
        assert_eq!(rate(5, Duration::ZERO, WEEK, 64 * MIB), MIB);
        assert_eq!(rate(5, Duration::ZERO, WEEK, 1000), 1000, "what is set holds");
    }

    #[test]
    fn neither_rate_nor_share_is_exceeded() {
        let ms = Duration::from_millis;
        assert_eq!(pause(MIB, ms(1), MIB, share_of(false, 1)), ms(999));
        assert_eq!(pause(MIB, ms(500), 1 << 40, share_of(false, 6)), ms(1500), "a slow disk is left alone for longer");
        assert_eq!(pause(MIB, ms(500), 1 << 40, share_of(true, 1)), ms(4500));
        assert_eq!(pause(MIB, ms(500), 1 << 40, share_of(true, 6)), ms(29_500), "six take no more than one");
        assert_eq!(pause(0, Duration::ZERO, MIB, share_of(true, 1)), Duration::ZERO);
    }

    #[test]
    fn the_disk_counts_as_used_for_a_moment() {
        let (mut others, now) = (Others::default(), Instant::now());
        assert!(!others.are_busy(0, now));
        assert!(others.are_busy(1, now) && others.are_busy(1, now + BUSY_AFTER / 2));
        assert!(!others.are_busy(1, now + BUSY_AFTER));
    }
}
