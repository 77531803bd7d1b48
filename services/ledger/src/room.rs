//! The room on the projection's disk for making volatile commits durable.
//!
//! redb fails every write after one that failed, so it should not meet the full disk: commands are refused before.
//! Deletes are accepted longer than other commands, because they make room.

use std::ops::AddAssign;

use eventlog::{APPEND_EVENTS_MAX, EVENT_BYTES_MAX};

use domain::FACT_CHANGES_MAX;

use crate::commit::{BATCH_BYTES_MAX, BATCH_CHANGES_MAX};
use crate::disk::{RESERVE_BYTES, Reserve};

/// Bytes that a row may take on the disk until it is durable: its page, copied.
const ROW_BYTES: u64 = 4 << 10;

/// Rows that an event has beside what it changes: its own in the ring of recent events, and the one that leaves it.
const EVENT_ROWS: usize = 2;

/// The number of times that the bytes of an event are written: in the ring, and in the rows that it puts.
const PAYLOAD_COPIES: usize = 2;

/// Bytes that one durable commit may take beside its rows: the pages on the way to them, and redb's own tables.
pub(crate) const COMMIT_BYTES: u64 = 4 << 20;

/// Bytes that must be free beside those of volatile rows: one batch and its commit take less. It is less than the log
/// needs (32 MiB), so that on a disk they share, the log refuses first, and much less than nodes keep free.
const ROOM_BYTES_MIN: u64 = 24 << 20;
const _: () = assert!(ROOM_BYTES_MIN > MOST.bytes() + COMMIT_BYTES);

/// Bytes that must be free for deletes.
pub(crate) const DELETE_ROOM_BYTES_MIN: u64 = 12 << 20;
const _: () = assert!(DELETE_ROOM_BYTES_MIN > MOST_OF_DELETES.bytes() + COMMIT_BYTES);

/// Bytes that must be free for the reserve to be made anew.
const RESERVE_AGAIN_BYTES_MIN: u64 = RESERVE_BYTES + ROOM_BYTES_MIN + (8 << 20);

/// Commands that are tried at once while only deletes are let through, so that they fit what is left for them.
pub(crate) const DELETES_MAX: usize = 128;

/// The most that a batch writes: it is cut behind the command that exceeds a bound, and carries one release.
const MOST: Written = Written {
    events: APPEND_EVENTS_MAX,
    rows: BATCH_CHANGES_MAX + 2 * FACT_CHANGES_MAX,
    payload: BATCH_BYTES_MAX + EVENT_BYTES_MAX,
};

/// The most that a batch of deletes writes. Each has a small event.
const MOST_OF_DELETES: Written = Written { events: DELETES_MAX, payload: 256 << 10, ..MOST };

/// The rows and bytes that were folded and are not durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Written {
    pub(crate) events: usize,
    /// Rows that were written or dropped.
    pub(crate) rows: usize,
    /// Bytes of the events.
    pub(crate) payload: usize,
}

impl Written {
    /// The most bytes that it may take until it is durable.
    pub(crate) const fn bytes(self) -> u64 {
        (self.events * EVENT_ROWS + self.rows) as u64 * ROW_BYTES + (self.payload * PAYLOAD_COPIES) as u64
    }

    /// Adds one more event, which changed this many rows.
    #[must_use]
    pub(crate) const fn and(self, rows: usize, payload: usize) -> Self {
        Self { events: self.events + 1, rows: self.rows + rows, payload: self.payload + payload }
    }
}

impl AddAssign for Written {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.rows += other.rows;
        self.payload += other.payload;
    }
}

/// The commands for which a disk has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is room for all commands.
    Ample,
    /// There is room for deletes only.
    Scarce,
    /// There is no room.
    Gone,
}

impl Room {
    /// Returns the commands that may be written to a disk with these free, reserved and volatile bytes. A disk without
    /// its reserve has little room.
    fn of(free: u64, kept: u64, is_whole: bool, volatile: u64) -> Self {
        if is_whole && free.saturating_sub(volatile) >= ROOM_BYTES_MIN {
            Self::Ample
        } else if free.saturating_add(kept).saturating_sub(volatile) >= DELETE_ROOM_BYTES_MIN {
            Self::Scarce
        } else {
            Self::Gone
        }
    }

    /// Returns the commands that may be written with this many volatile bytes, and the free bytes. The reserve is made
    /// when there is room for it again. If the free bytes of a disk cannot be read, a failing commit shows that it is
    /// full.
    pub(crate) fn look(reserve: &Reserve, volatile: u64) -> (Self, u64) {
        let Some(mut free) = reserve.free_bytes() else { return (Self::Ample, u64::MAX) };
        if !reserve.is_whole() && free.saturating_sub(volatile) >= RESERVE_AGAIN_BYTES_MIN {
            reserve.take();
            free = reserve.free_bytes().unwrap_or(free);
        }
        (Self::of(free, reserve.bytes(), reserve.is_whole(), volatile), free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_disk_that_fills_takes_deletes_longer_than_the_rest() {
        let without = |free| Room::of(free, 0, false, 0);
        let with = |free| Room::of(free, RESERVE_BYTES, true, 0);
        assert_eq!(with(24 * MIB), Room::Ample);
        assert_eq!(with(24 * MIB - 1), Room::Scarce);
        assert_eq!(with(0), Room::Scarce, "what is kept is for deletes");
        assert_eq!(without(24 * MIB), Room::Scarce, "until there is room for what should be kept");
        assert_eq!(without(12 * MIB), Room::Scarce);
        assert_eq!(without(12 * MIB - 1), Room::Gone);
        assert_eq!(Room::of(24 * MIB, 0, true, 0), Room::Ample, "where room cannot be kept");
    }

    #[test]
    fn what_is_volatile_takes_its_room_before_it_is_written() {
        let of = |volatile| Room::of(100 * MIB, RESERVE_BYTES, true, volatile);
        assert_eq!(of(76 * MIB), Room::Ample);
        assert_eq!(of(77 * MIB), Room::Scarce);
        assert_eq!(of(121 * MIB), Room::Gone);
    }

    /// A delete frees 64 parts and a release 128: two rows each, not eight an event.
    #[test]
    fn rows_are_counted_and_not_events() {
        let release = Written::default().and(260, 300);
        assert!(release.bytes() > MIB);
        let mut releases = Written::default();
        for _ in 0..79 {
            releases += release;
        }
        assert!(releases.bytes() > 79 * MIB);
    }
}
