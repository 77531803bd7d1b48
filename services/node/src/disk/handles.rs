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
    open: Cache<PathBuf, Handle>,
}

/// An open file, which does not change any more, or only grows.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) file: Arc<dyn File>,
    /// The length of the file when it was opened, in bytes.
    pub(crate) bytes: u64,
}

impl Handles {
    pub(crate) fn new(disk: Arc<dyn Folder>) -> Self {
        Self { disk, open: Cache::new(OPEN_FILES_MAX) }
    }

    /// The open file at `path`; it is opened if necessary.
    pub(crate) fn get(&self, path: &PathBuf) -> io::Result<Handle> {
        self.open.get_or_insert_with(path, || {
            let file = self.disk.open(path, Open::Existing)?;
            let bytes = file.length()?;
            Ok(Handle { file, bytes })
        })
    }

    /// The current length of the file at `path`, regardless of open handles; `None` if there is no such file.
    pub(crate) fn length(&self, path: &Path) -> Result<Option<u64>, DiskError> {
        match self.disk.open(path, Open::Existing).and_then(|file| file.length()) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some).map_err(|e| DiskError::from_read("open of a file to look at", &e)),
        }
    }

    /// Closes a file that was removed.
    pub(crate) fn forget(&self, path: &PathBuf) {
        self.open.remove(path);
    }
}
