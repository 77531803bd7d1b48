//! The room on the store's disk.

use std::io;
use std::path::Path;

use rustix::fs::statvfs;

use crate::gate::{LITTLE_BYTES_MAX, Shut};

/// Bytes that must be free for the log to take events of all kinds: what one append may need twice over, for its draft and for
/// the log, and what others may write between two looks. Less than storage nodes keep free (256 MiB), so that on a
/// disk they share with the log, deletes can still be logged when the nodes are full.
pub const LOG_ROOM_BYTES_MIN: u64 = 32 << 20;

/// Bytes that must be free for the log to take events of all kinds again.
const ROOM_AGAIN_BYTES_MIN: u64 = LOG_ROOM_BYTES_MIN + (8 << 20);

/// Bytes that must be free for the log to take a little at a time: deletes, without which there may never be room.
const LITTLE_ROOM_BYTES_MIN: u64 = 8 << 20;
const _: () = assert!(LITTLE_ROOM_BYTES_MIN > 8 * LITTLE_BYTES_MAX as u64);

/// Files that must be possible still: every batch of events makes a few.
const ROOM_FILES_MIN: u64 = 128;

/// The free bytes and files of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) bytes: u64,
    /// Unknown on a file system without such a limit.
    pub(super) files: Option<u64>,
}

impl Room {
    /// Asks the file system of a folder.
    pub(super) fn of(folder: &Path) -> io::Result<Self> {
        let disk = statvfs(folder)?;
        Ok(Self {
            bytes: disk.f_bavail.saturating_mul(disk.f_frsize),
            files: (disk.f_files > 0).then_some(disk.f_favail),
        })
    }

    /// Returns the reason why the log should not take all events, if there is one. `was_short` is the previous result.
    pub(super) fn shortage(self, was_short: bool) -> Option<Shut> {
        let bytes_min = if was_short { ROOM_AGAIN_BYTES_MIN } else { LOG_ROOM_BYTES_MIN };
        let lacks_files = self.files.is_some_and(|files| files < ROOM_FILES_MIN);
        if self.bytes >= bytes_min && !lacks_files {
            return None;
        }
        // The reason contains no numbers, so that the same problem is reported once.
        let mebibytes = ROOM_AGAIN_BYTES_MIN >> 20;
        let why = format!(
            "the disk of the log is full: it needs {mebibytes} MiB and {ROOM_FILES_MIN} files of room to go on"
        );
        let is_full = self.bytes < LITTLE_ROOM_BYTES_MIN || lacks_files;
        Some(if is_full { Shut::ToAll(why.into()) } else { Shut::ToMuch(why.into()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_before_nothing_is_left_and_until_there_is_a_little_more() {
        let room = |bytes, files| Room { bytes, files };
        assert_eq!(room(LOG_ROOM_BYTES_MIN, None).shortage(false), None);
        let is_little = |shut| matches!(shut, Some(Shut::ToMuch(why)) if why.contains("full: it needs 40 MiB"));
        let is_none = |shut| matches!(shut, Some(Shut::ToAll(_)));
        assert!(is_little(room(LOG_ROOM_BYTES_MIN, None).shortage(true)));
        assert!(is_little(room(LOG_ROOM_BYTES_MIN - 1, None).shortage(false)));
        assert!(is_little(room(LITTLE_ROOM_BYTES_MIN, None).shortage(true)), "deletes go on");
        assert!(is_none(room(LITTLE_ROOM_BYTES_MIN - 1, None).shortage(true)));
        assert_eq!(room(ROOM_AGAIN_BYTES_MIN, Some(ROOM_FILES_MIN)).shortage(true), None);
        assert!(is_none(room(u64::MAX, Some(3)).shortage(false)));
    }

    #[test]
    fn a_real_disk_is_measured() {
        assert!(Room::of(Path::new("/")).unwrap().bytes > 0);
        assert!(Room::of(Path::new("/nowhere")).is_err());
    }
}
