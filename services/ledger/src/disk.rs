//! The projection's disk: its free bytes, the reserve for when there are none, and the file on it.
//!
//! redb fails every write after one that failed. So beside the projection lies a file that only reserves space: it is
//! removed when a write finds none, and the write is tried again. That way one commit always succeeds, even if other
//! programs took the last byte of the disk meanwhile.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// Bytes that are kept for deletes on a disk that others have filled.
pub(crate) const RESERVE_BYTES: u64 = 32 << 20;

/// The ending of the reserve's file name, behind the projection's name.
const RESERVE_EXTENSION: &str = "reserve";

/// Bytes of a block, as files count those they have.
const BLOCK_BYTES: u64 = 512;

/// Access to the disk. A test replaces it by one that is as full as the test needs.
#[derive(Debug, Clone, Copy)]
pub struct Disk {
    /// Bytes that are free where a file is.
    pub free_bytes: fn(&Path) -> io::Result<u64>,
    /// Asked before each write to the projection; an error is what the write comes to.
    pub may_write: fn() -> io::Result<()>,
}

impl Default for Disk {
    fn default() -> Self {
        Self { free_bytes, may_write: || Ok(()) }
    }
}

/// Bytes that are free where a file is.
fn free_bytes(file: &Path) -> io::Result<u64> {
    let disk = statvfs(file)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The file that keeps room for a projection.
#[derive(Debug)]
pub(crate) struct Reserve {
    disk: Disk,
    projection: PathBuf,
    path: PathBuf,
    is_held: AtomicBool,
    /// The file system does not keep room for a file that is not written.
    is_impossible: AtomicBool,
    /// A write found no room, and none was left to give up.
    has_met_full: AtomicBool,
}

impl Reserve {
    /// The reserve beside a projection, if one was made before.
    pub(crate) fn beside(projection: &Path, disk: Disk) -> Self {
        let mut path = projection.as_os_str().to_owned();
        path.push(".");
        path.push(RESERVE_EXTENSION);
        let path = PathBuf::from(path);
        let is_held = fs::metadata(&path).is_ok_and(|file| file.blocks() * BLOCK_BYTES >= RESERVE_BYTES);
        let (is_impossible, has_met_full) = Default::default();
        Self { disk, projection: projection.into(), path, is_held: is_held.into(), is_impossible, has_met_full }
    }

    /// Bytes that are free on the disk; `None` if it cannot say.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        (self.disk.free_bytes)(&self.projection).ok()
    }

    /// Bytes that giving it up would free.
    pub(crate) fn bytes(&self) -> u64 {
        if self.is_held.load(Ordering::Acquire) { RESERVE_BYTES } else { 0 }
    }

    /// Returns whether the reserve is there, or can never be.
    pub(crate) fn is_whole(&self) -> bool {
        self.bytes() > 0 || self.is_impossible.load(Ordering::Acquire)
    }

    /// Makes it, unless there is no room for it.
    pub(crate) fn take(&self) {
        let made = OpenOptions::new().write(true).create(true).truncate(false).open(&self.path).and_then(|file| {
            fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES)?;
            file.sync_all()
        });
        match made {
            Ok(()) => self.is_held.store(true, Ordering::Release),
            Err(error) => {
                self.remove();
                if !is_full(&error) {
                    tracing::warn!(%error, path = %self.path.display(), "cannot reserve space for the projection");
                    self.is_impossible.store(true, Ordering::Release);
                }
            }
        }
    }

    /// Frees its room. Returns whether there was any.
    pub(crate) fn give_up(&self) -> bool {
        let was_held = self.is_held.swap(false, Ordering::AcqRel);
        if was_held {
            tracing::warn!(path = %self.path.display(), "releasing the space reserved for the projection");
            self.remove();
        }
        was_held
    }

    /// Removes its file, and waits until what it took is free: some file systems give it to nobody before.
    fn remove(&self) {
        let removed = fs::remove_file(&self.path);
        let folder =
            self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        if let Err(error) = removed.and_then(|()| File::open(folder)?.sync_all())
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.path.display(), "the space reserved for the projection was not released");
        }
    }

    /// Returns whether this many bytes can be written now. The reserve is given up for them if necessary.
    pub(crate) fn finds(&self, needed: u64) -> bool {
        let Some(free) = self.free_bytes() else { return true };
        if free >= needed {
            return true;
        }
        // It is kept while it does not help.
        let helps = free.saturating_add(self.bytes()) >= needed;
        helps && self.give_up() && self.free_bytes().is_none_or(|free| free >= needed)
    }

    /// Returns whether a write failed for lack of room.
    pub(crate) fn has_met_full(&self) -> bool {
        self.has_met_full.load(Ordering::Acquire)
    }
}

/// Returns whether the error says that the disk is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// The projection's file. A write that finds no room gets that of the reserve.
#[derive(Debug)]
pub(crate) struct Backend {
    file: FileBackend,
    reserve: Arc<Reserve>,
}

impl Backend {
    /// Opens the projection's file, and makes it if it is missing.
    pub(crate) fn create(reserve: &Arc<Reserve>) -> Result<Self, DatabaseError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&reserve.projection)?;
        Ok(Self { file: FileBackend::new(file)?, reserve: Arc::clone(reserve) })
    }

    fn with_reserve(&self, write: impl Fn() -> io::Result<()>) -> io::Result<()> {
        let is_over = |result: &io::Result<()>| result.as_ref().is_err_and(is_full);
        let mut result = write();
        if is_over(&result) && self.reserve.give_up() {
            result = write();
        }
        if is_over(&result) {
            self.reserve.has_met_full.store(true, Ordering::Release);
        }
        result
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with_reserve(|| self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.with_reserve(|| {
            (self.reserve.disk.may_write)()?;
            self.file.write(offset, data)
        })
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_disk_is_measured() {
        assert!(free_bytes(Path::new("/")).unwrap() > 0);
        assert!(free_bytes(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn what_is_kept_is_found_again_and_given_up_once() {
        let folder = tempfile::tempdir().unwrap();
        let projection = folder.path().join("ledger.redb");
        let reserve = || Reserve::beside(&projection, Disk::default());
        assert!(!reserve().is_whole());
        reserve().take();
        assert_eq!(reserve().bytes(), RESERVE_BYTES);
        let held = reserve();
        assert_eq!((held.give_up(), held.give_up()), (true, false));
        assert!(!reserve().is_whole());
    }

    #[test]
    fn it_is_given_up_only_where_that_helps() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk { free_bytes: |_| Ok(1), ..Disk::default() };
        let reserve = Reserve::beside(&folder.path().join("ledger.redb"), disk);
        reserve.take();
        assert!(reserve.finds(1) && reserve.is_whole());
        assert!(!reserve.finds(RESERVE_BYTES + 2) && reserve.is_whole());
        assert!(!reserve.finds(2), "somebody else was quicker");
        assert!(!reserve.is_whole());
    }
}
