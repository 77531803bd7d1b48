//! How far a read fetches ahead of its reader, by the rate at which the reader takes bytes. Pure.

use std::time::Duration;

use crate::code::piece::STRIPE_BYTES;

/// A read fetches ahead what its reader takes in this time, which is longer than nodes need for the next stripe.
const AHEAD_TIME: Duration = Duration::from_millis(250);

/// The most bytes that a read fetches ahead.
const AHEAD_BYTES_MAX: usize = 3 * STRIPE_BYTES;

/// Bytes that a read fetches ahead before the rate of its reader is known.
const AHEAD_BYTES_FIRST: usize = STRIPE_BYTES;

/// The read-ahead window of one read.
#[derive(Debug, Default)]
pub(crate) struct Window {
    bytes_per_second: Option<u64>,
}

impl Window {
    /// Records that the reader took `bytes` bytes in `time`. The latest rate counts as much as all before it.
    pub(crate) fn taken(&mut self, bytes: usize, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let rate = (bytes as u64).saturating_mul(1_000_000) / micros;
        self.bytes_per_second = Some(self.bytes_per_second.map_or(rate, |before| before.midpoint(rate)));
    }

    /// Bytes that the read may be ahead. It fetches when it has less, so a slow reader has one fetch at a time.
    pub(crate) fn bytes(&self) -> usize {
        let Some(rate) = self.bytes_per_second else { return AHEAD_BYTES_FIRST };
        let bytes = rate.saturating_mul(u64::try_from(AHEAD_TIME.as_millis()).unwrap_or(u64::MAX)) / 1_000;
        usize::try_from(bytes).unwrap_or(usize::MAX).clamp(1, AHEAD_BYTES_MAX)
    }

    /// Whether the reader is known to take a stripe within the horizon.
    pub(crate) fn is_fast(&self) -> bool {
        self.bytes_per_second.is_some() && self.bytes() >= STRIPE_BYTES
    }

    /// Whether the reader is known to take longer.
    pub(crate) fn is_slow(&self) -> bool {
        self.bytes() < STRIPE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::piece::UNIT_BYTES;

    #[test]
    fn the_fast_are_far_ahead_and_the_slow_are_not() {
        let mut window = Window::default();
        assert_eq!((window.bytes(), window.is_fast()), (AHEAD_BYTES_FIRST, false));
        assert!(!window.is_slow());
        window.taken(UNIT_BYTES, Duration::from_micros(200));
        assert_eq!((window.bytes(), window.is_fast()), (AHEAD_BYTES_MAX, true));
        for _ in 0..20 {
            window.taken(UNIT_BYTES, Duration::from_secs(13));
        }
        assert!(window.bytes() < 10_000 && !window.is_fast() && window.is_slow(), "{}", window.bytes());
        for _ in 0..3 {
            window.taken(UNIT_BYTES, Duration::from_millis(20));
        }
        assert!(window.is_fast(), "{}", window.bytes());
    }

    #[test]
    fn no_time_and_all_time_are_taken_too() {
        let mut window = Window::default();
        window.taken(usize::MAX, Duration::ZERO);
        assert_eq!(window.bytes(), AHEAD_BYTES_MAX);
        window.taken(0, Duration::MAX);
        window.taken(0, Duration::MAX);
        assert!(window.bytes() >= 1);
    }
}
