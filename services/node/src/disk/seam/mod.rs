//! The seam between the disk layer and a disk: a folder of files, real or in memory with faults.

mod memory;
mod real;

use std::io::{self, IoSlice};
use std::path::Path;
use std::sync::Arc;

pub use memory::{Fault, MemoryDisk};
pub use real::RealDisk;

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// It must be there; for reading and writing.
    Existing,
    /// It is made, or emptied if it was there. Its folder is made too if only that one is missing, durably.
    Create,
}

/// The room on a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that can still be written.
    pub free_bytes: u64,
    /// Bytes that there are.
    pub total_bytes: u64,
}

/// One thing in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its name there.
    pub name: String,
    /// Its length in bytes, of no meaning for a folder.
    pub bytes: u64,
}

/// A folder of files. All paths are relative to it. Nothing about names is durable before [`Folder::sync`].
pub trait Folder: Send + Sync + 'static {
    /// Opens a file. `NotFound` if it, or for [`Open::Create`] the folder above its own, is missing.
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn File>>;
    /// Renames within one folder, replacing what was there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Open handles go on reading it.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync(&self, folder: &Path) -> io::Result<()>;
    /// What is in a folder, files and folders, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<Name>>;
    /// The room there is.
    fn space(&self) -> io::Result<Space>;
}

/// An open file. Nothing written is durable before [`File::sync`].
pub trait File: Send + Sync {
    /// Fills `buffer` from `offset`. `UnexpectedEof` if the file ends before.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
    /// Writes all parts, one after the other, from `offset`.
    fn write_at(&self, parts: &mut [IoSlice<'_>], offset: u64) -> io::Result<()>;
    /// Gives the file space up to `bytes` and that length, reading as zeros; `StorageFull` leaves nothing behind.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
    /// Cuts or extends the file to a length.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Makes all that was written durable. `NotFound` if the file no longer has a name: what it holds is lost.
    fn sync(&self) -> io::Result<()>;
    /// The length in bytes.
    fn length(&self) -> io::Result<u64>;
}
