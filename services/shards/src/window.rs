//! How far a read may be ahead of its reader, by how fast the reader takes the bytes. Pure.

use std::time::Duration;

use crate::piece::STRIPE_BYTES;

/// A read holds what its reader takes in this time: longer than the nodes need for the next stripe.
const HORIZON: Duration = Duration::from_millis(250);

/// Bytes that a read is ahead, at most.
const AHEAD_BYTES_MAX: usize = 3 * STRIPE_BYTES;

/// Bytes that a read is ahead before anything is known of its reader.
const AHEAD_BYTES_FIRST: usize = STRIPE_BYTES;

/// What is known of a reader.
#[derive(Debug, Default)]
pub(crate) struct Window {
    bytes_per_second: Option<u64>,
}

impl Window {
    /// Notes that the reader took bytes in some time. The latest counts as much as all before it.
    pub(crate) fn taken(&mut self, bytes: usize, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let rate = (bytes as u64).saturating_mul(1_000_000) / micros;
        self.bytes_per_second = Some(self.bytes_per_second.map_or(rate, |before| before.midpoint(rate)));
    }

    /// Bytes that the read may be ahead. It reads on when it has less, so a slow reader has one fetch at a time.
    pub(crate) fn bytes(&self) -> usize {
        let Some(rate) = self.bytes_per_second else { return AHEAD_BYTES_FIRST };
        let bytes = rate.saturating_mul(u64::try_from(HORIZON.as_millis()).unwrap_or(u64::MAX)) / 1_000;
        usize::try_from(bytes).unwrap_or(usize::MAX).clamp(1, AHEAD_BYTES_MAX)
    }

    /// The reader has shown that it takes a stripe within the horizon.
    pub(crate) fn is_fast(&self) -> bool {
        self.bytes_per_second.is_some() && self.bytes() >= STRIPE_BYTES
    }

    /// The reader has shown that it does not.
    pub(crate) fn is_slow(&self) -> bool {
        self.bytes() < STRIPE_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::piece::UNIT_BYTES;

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
