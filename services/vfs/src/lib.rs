//! The interface between a storage node and its disk: a folder of files, as traits, and the real implementation.
//!
//! Input: paths relative to the folder, offsets and bytes. Output: bytes, names and the room that is left. [`Folder`] and
//! [`File`] say what may be relied on after a power failure: nothing that was not synced.
//!
//! This crate knows nothing of shards, retries nothing, and never says that something is durable which is not. It stands
//! apart from `node` so that `testkit`, which has the same folder in memory, does not depend on the crate it tests.

mod direct;
mod real;
mod uncached;

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

pub use real::RealDisk;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// The file must exist. It is opened for reading and writing.
    Existing,
    /// The file must exist. It is opened for reading what is on the disk rather than in the page cache, where the file
    /// system supports that, and without evicting the pages of others from the cache.
    Uncached,
    /// The file is created, or truncated if it exists. Its folder is created durably if only that one is missing.
    Create,
}

/// The space on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that can still be written.
    pub free_bytes: u64,
    /// Total bytes of the disk.
    pub total_bytes: u64,
}

/// An entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The name of the entry.
    pub name: String,
    /// The length of a file in bytes; without meaning for a folder.
    pub bytes: u64,
}

/// A folder of files. All paths are relative to it. Nothing about names is durable before [`Folder::sync`].
pub trait Folder: Send + Sync + 'static {
    /// Opens a file. `NotFound` if it, or for [`Open::Create`] the folder above its own, is missing.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn File>>;
    /// The length in bytes of the file that has this name now, whatever is open. `NotFound` if it is missing.
    fn length(&self, path: &Path) -> io::Result<u64>;
    /// Renames a file within one folder, replacing a file of the new name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Open handles can still read it.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync(&self, folder: &Path) -> io::Result<()>;
    /// Calls `each` with the names in a folder, one after the other, in no order.
    fn each_name(&self, folder: &Path, each: &mut dyn FnMut(&str)) -> io::Result<()>;
    /// The files and folders in a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<Name>>;
    /// The space on the disk.
    fn space(&self) -> io::Result<Space>;
}

/// An open file. Nothing written is durable before [`File::sync`].
pub trait File: Send + Sync {
    /// Fills `buffer` from `offset`. `UnexpectedEof` if the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all parts, one after the other, from `offset`.
    fn write_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()>;
    /// The same for many bytes that nobody will read soon or write anew: past the page cache, where the file system
    /// supports that. It may be mixed with [`Self::write_at`] in any order, and a sync covers both.
    fn write_past_cache(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()> {
        self.write_at(parts, offset)
    }
    /// Allocates space up to `bytes` and extends the file to that length with zeros; `StorageFull` leaves it unchanged.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// Truncates or extends the file to a length.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Makes all written bytes durable. `NotFound` if the file no longer has a name, so that its bytes are lost.
    fn sync(&self) -> io::Result<()>;
    /// The length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Whether the file has no name any more. Its space is freed once nobody has it open.
    fn is_removed(&self) -> io::Result<bool>;
}
