//! Reads files past the page cache.

use std::fs;
use std::io::{self, IoSlice};
use std::os::unix::fs::FileExt;

use rustix::fs::OFlags;

use super::File;

/// What offsets, lengths and buffers are multiples of: no less than a block of any common disk or file system.
///
/// Source: open(2), `O_DIRECT`.
pub(super) const ALIGN_BYTES: usize = 4096;

/// A file that is read past the page cache.
pub(super) struct UncachedFile(pub(super) fs::File);

impl UncachedFile {
    /// Reads whole blocks into a part of a buffer that begins where a block may, and copies what was asked for.
    fn read_blocks(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let before = usize::try_from(offset % ALIGN_BYTES as u64).map_err(io::Error::other)?;
        let length = (before + buffer.len()).next_multiple_of(ALIGN_BYTES);
        let mut blocks = vec![0; length + ALIGN_BYTES];
        let begin = blocks.as_ptr().align_offset(ALIGN_BYTES);
        let blocks = blocks.get_mut(begin..begin + length).ok_or(io::ErrorKind::OutOfMemory)?;
        let mut read = 0;
        while read < before + buffer.len() {
            match self.0.read_at(&mut blocks[read..], offset - before as u64 + read as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                // The file ends in the middle of a block.
                Ok(some) if some % ALIGN_BYTES != 0 && read + some < before + buffer.len() => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(some) => read += some,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        buffer.copy_from_slice(&blocks[before..before + buffer.len()]);
        Ok(())
    }
}

impl File for UncachedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match self.read_blocks(buffer, offset) {
            // This file system, or the disk's blocks, are not made for it.
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
                rustix::fs::fcntl_setfl(&self.0, OFlags::empty())?;
                self.0.read_exact_at(buffer, offset)
            }
            other => other,
        }
    }

    fn write_at(&self, _parts: &mut [IoSlice<'_>], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn allocate(&self, _bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_len(&self, _bytes: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(&self.0)?)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn is_removed(&self) -> io::Result<bool> {
        Ok(rustix::fs::fstat(&self.0)?.st_nlink == 0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::path::Path;

    use super::super::{Folder, Open, RealDisk};

    #[test]
    fn any_part_of_a_file_is_read_and_nothing_behind_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..20_000_u32).map(|i| (i * 7 / 3).to_le_bytes()[0]).collect();
        std::fs::write(folder.path().join("file"), &bytes).unwrap();
        let disk = RealDisk::open(folder.path()).unwrap();
        let file = disk.open(Path::new("file"), Open::Uncached).unwrap();
        for (offset, length) in [(0, 1), (0, 20_000), (1, 4095), (4095, 2), (4096, 4096), (8191, 8194), (19_999, 1)] {
            let mut read = vec![0; length];
            file.read_at(&mut read, offset as u64).unwrap();
            assert_eq!(read, bytes[offset..offset + length], "{offset} {length}");
        }
        for (offset, length) in [(0, 20_001), (19_999, 2), (20_000, 1), (50_000, 1)] {
            let read = file.read_at(&mut vec![0; length], offset).map_err(|e| e.kind());
            assert_eq!(read, Err(ErrorKind::UnexpectedEof), "{offset} {length}");
        }
        assert_eq!((file.length().unwrap(), file.is_removed().unwrap()), (20_000, false));
        assert!(disk.open(Path::new("other"), Open::Uncached).is_err_and(|e| e.kind() == ErrorKind::NotFound));
        disk.remove(Path::new("file")).unwrap();
        assert!(file.is_removed().unwrap());
    }
}
