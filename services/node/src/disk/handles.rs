//! A cache of open files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::DiskError;
use super::limits::OPEN_FILES_MAX;
use vfs::{File, Folder, Open};

/// Files kept open for reading, so that a read is one system call.
pub(crate) struct Handles {
    disk: Arc<dyn Folder>,
    how: Open,
    open: Cache<PathBuf, Handle>,
}

/// An open file, which does not change any more, or only grows.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) file: Arc<dyn File>,
    /// The length of the file when it was opened, in bytes.
    pub(crate) bytes: u64,
}

impl Handle {
    /// Fills `buffer` from `offset`. `Damaged` if the file ends before.
    pub(crate) fn read(&self, buffer: &mut [u8], offset: u64) -> Result<(), DiskError> {
        match self.file.read_at(buffer, offset) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(DiskError::Damaged),
            other => other.map_err(|e| DiskError::from_read("read of a shard", &e)),
        }
    }
}

impl Handles {
    pub(crate) fn new(disk: Arc<dyn Folder>) -> Self {
        Self { disk, how: Open::Existing, open: Cache::new(OPEN_FILES_MAX) }
    }

    /// Files that are read past the page cache.
    pub(crate) fn uncached(disk: Arc<dyn Folder>) -> Self {
        Self { how: Open::Uncached, ..Self::new(disk) }
    }

    /// The open file at `path`; it is opened if necessary.
    pub(crate) fn get(&self, path: &PathBuf) -> io::Result<Handle> {
        self.open.get_or_insert_with(path, || {
            let file = self.disk.open(path, self.how)?;
            let bytes = file.length()?;
            Ok(Handle { file, bytes })
        })
    }

    /// The current length of the file at `path`, regardless of open handles; `None` if there is no such file.
    pub(crate) fn length(&self, path: &Path) -> Result<Option<u64>, DiskError> {
        match self.disk.length(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(|e| DiskError::from_read("look at a file", &e)),
        }
    }

    /// Closes files that were removed, also those that a reader opened at that moment: the disk frees their space only
    /// then.
    pub(crate) fn close_removed(&self) {
        // A file that cannot be asked is closed too: the next reader opens it again.
        self.open.retain(|_, handle| handle.file.is_removed().is_ok_and(|is_removed| !is_removed));
    }

    /// Closes all files.
    pub(crate) fn close_all(&self) {
        self.open.clear();
    }

    /// Closes a file that was removed.
    pub(crate) fn forget(&self, path: &PathBuf) {
        self.open.remove(path);
    }
}
