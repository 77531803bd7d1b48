//! Whether the projection's disk has the room that its volatile commits need when they are made durable.
//!
//! redb takes nothing any more after one write that failed, so it must not meet the full disk: commands are turned
//! away before. Deletes are let through longer than the others, for they are how there comes to be room.

use std::io;
use std::path::Path;

use eventlog::APPEND_EVENTS_MAX;
use rustix::fs::statvfs;

/// Bytes that the rows of an event may take on the disk until they are durable: the pages on the way to about eight
/// rows, copied, where no other event of the time shares them.
const EVENT_BYTES_MAX: u64 = 32 << 10;

/// Bytes that must be free beside those of volatile events: one batch takes less. It is less than the log needs
/// (32 MiB), so that on a disk they share, the log refuses first, and much less than nodes keep free.
const ROOM_BYTES_MIN: u64 = 24 << 20;
const _: () = assert!(ROOM_BYTES_MIN > APPEND_EVENTS_MAX as u64 * EVENT_BYTES_MAX);

/// Bytes that must be free for deletes.
const DELETE_ROOM_BYTES_MIN: u64 = 8 << 20;

/// Commands that are tried at once while only deletes are let through, so that they fit what is left for them.
pub(crate) const DELETES_MAX: usize = 128;
const _: () = assert!(DELETE_ROOM_BYTES_MIN > DELETES_MAX as u64 * EVENT_BYTES_MAX);

/// What a disk still takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    /// Everything.
    Ample,
    /// Deletes.
    Scarce,
    /// Nothing.
    Gone,
}

impl Room {
    /// What may be written to a disk with so many bytes free, on which so many events are not durable yet.
    pub(crate) fn of(free: u64, volatile_events: u64) -> Self {
        let left = free.saturating_sub(volatile_events.saturating_mul(EVENT_BYTES_MAX));
        match left {
            ROOM_BYTES_MIN.. => Self::Ample,
            DELETE_ROOM_BYTES_MIN.. => Self::Scarce,
            _ => Self::Gone,
        }
    }
}

/// Bytes that are free where a file is.
pub(crate) fn free_bytes(file: &Path) -> io::Result<u64> {
    let disk = statvfs(file)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn a_disk_that_fills_takes_deletes_longer_than_the_rest() {
        assert_eq!(Room::of(24 * MIB, 0), Room::Ample);
        assert_eq!(Room::of(24 * MIB - 1, 0), Room::Scarce);
        assert_eq!(Room::of(8 * MIB - 1, 0), Room::Gone);
    }

    #[test]
    fn what_is_volatile_takes_its_room_before_it_is_written() {
        assert_eq!(Room::of(100 * MIB, 2_000), Room::Ample);
        assert_eq!(Room::of(100 * MIB, 2_500), Room::Scarce);
        assert_eq!(Room::of(100 * MIB, 10_000), Room::Gone);
    }

    #[test]
    fn a_real_disk_is_measured() {
        assert!(free_bytes(Path::new("/")).unwrap() > 0);
        assert!(free_bytes(Path::new("/nowhere")).is_err());
    }
}
