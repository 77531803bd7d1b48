//! Writes past the page cache. Bytes that are written once and rarely read soon need no copy in the kernel, which costs
//! processor time and pushes out what is read.

use std::fs;
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::fs::{Mode, OFlags};

use super::uncached::ALIGN_BYTES;

/// Bytes of one write past the page cache: a piece of a shard.
const CHUNK_BYTES: usize = 256 * 1024;

/// The buffers that are kept for later writes of this process.
const BUFFERS_KEPT_MAX: usize = 8;

/// Buffers from which the disk takes bytes, all of [`CHUNK_BYTES`] and room to align them.
static BUFFERS: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

/// The second handle of a file, for writes past the page cache. It is opened by the first one.
#[derive(Default)]
pub(super) struct DirectWrites {
    handle: OnceLock<Option<fs::File>>,
    /// The file system has refused one.
    refused: AtomicBool,
}

impl DirectWrites {
    /// Writes all parts, one after the other, from `offset`: whole blocks past the page cache, and what is left at both
    /// ends, less than a block each, through it. So two writes that meet within a block need not know of each other.
    /// Returns false, and writes nothing, if the file is not made for that.
    pub(super) fn write_at(&self, file: &fs::File, parts: &[IoSlice<'_>], offset: u64) -> io::Result<bool> {
        if self.refused.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let Some(handle) = self.handle.get_or_init(|| open(file)) else { return Ok(false) };
        let mut source = Source { parts, at: 0 };
        let mut buffer = taken_buffer();
        let begin = buffer.as_ptr().align_offset(ALIGN_BYTES);
        let chunk = buffer.get_mut(begin..begin + CHUNK_BYTES).ok_or(io::ErrorKind::OutOfMemory)?;
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        let (mut at, end) = (offset, offset + bytes as u64);
        while at < end {
            let (length, is_whole) = next_write(at, end);
            let some = &mut chunk[..length];
            source.fill(some);
            let written =
                if is_whole { self.write_blocks(handle, file, some, at) } else { file.write_all_at(some, at) };
            written?;
            at += length as u64;
        }
        let mut kept = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < BUFFERS_KEPT_MAX {
            kept.push(buffer);
        }
        Ok(true)
    }

    fn write_blocks(&self, handle: &fs::File, file: &fs::File, blocks: &[u8], offset: u64) -> io::Result<()> {
        match handle.write_all_at(blocks, offset) {
            // This file system, or the disk's blocks, are not made for it.
            Err(e) if e.raw_os_error() == Some(rustix::io::Errno::INVAL.raw_os_error()) => {
                self.refused.store(true, Ordering::Relaxed);
                file.write_all_at(blocks, offset)
            }
            other => other,
        }
    }
}

/// The length of the next write, and whether it consists of whole blocks.
fn next_write(at: u64, end: u64) -> (usize, bool) {
    let block = ALIGN_BYTES as u64;
    let (into_block, left) = (at % block, end - at);
    let length = match (into_block, left / block) {
        (0, 0) => left,
        (0, blocks) => (blocks * block).min(CHUNK_BYTES as u64),
        _ => (block - into_block).min(left),
    };
    // No chunk is longer than a `usize` can say.
    (usize::try_from(length).unwrap_or(CHUNK_BYTES), into_block == 0 && length >= block)
}

/// A handle of the same file, whatever its name is by now. Without one it is written through the page cache.
fn open(file: &fs::File) -> Option<fs::File> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let flags = OFlags::WRONLY | OFlags::DIRECT | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).ok().map(Into::into)
}

fn taken_buffer() -> Vec<u8> {
    let kept = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner).pop();
    kept.unwrap_or_else(|| vec![0; CHUNK_BYTES + ALIGN_BYTES])
}

/// The parts of a write, read one after the other.
struct Source<'a> {
    parts: &'a [IoSlice<'a>],
    /// Bytes of the first part that were read.
    at: usize,
}

impl Source<'_> {
    /// Fills a buffer, which is no longer than what is left.
    fn fill(&mut self, buffer: &mut [u8]) {
        let mut filled = 0;
        while filled < buffer.len() {
            let Some((part, behind)) = self.parts.split_first() else { return };
            let length = (part.len() - self.at).min(buffer.len() - filled);
            buffer[filled..filled + length].copy_from_slice(&part[self.at..self.at + length]);
            filled += length;
            self.at += length;
            if self.at == part.len() {
                (self.parts, self.at) = (behind, 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Folder, Open, RealDisk};
    use super::*;

    fn bytes(length: usize, seed: usize) -> Vec<u8> {
        (0..length).map(|i| u8::try_from((i * 31 + i / 256 + seed) % 251).unwrap()).collect()
    }

    #[test]
    fn writes_end_where_blocks_do() {
        let block = ALIGN_BYTES as u64;
        assert_eq!(next_write(0, 10), (10, false));
        assert_eq!(next_write(5, 10), (5, false));
        assert_eq!(next_write(5, 3 * block), (ALIGN_BYTES - 5, false));
        assert_eq!(next_write(block, 3 * block + 9), (2 * ALIGN_BYTES, true));
        assert_eq!(next_write(0, 10 * CHUNK_BYTES as u64), (CHUNK_BYTES, true));
        assert_eq!(next_write(3 * block, 3 * block + 9), (9, false));
    }

    #[test]
    fn long_writes_in_any_order_leave_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(folder.path()).unwrap();
        let file = disk.open(Path::new("file"), Open::Create).unwrap();
        // Pieces that meet within blocks, as those of a shard do; one is written twice.
        let lengths = [262_176, 262_176, 300_000, 4096, 131_072, 700_001, 262_144];
        let offsets: Vec<usize> =
            lengths.iter().scan(0, |end, length| Some(std::mem::replace(end, *end + length))).collect();
        let mut expected = vec![0; offsets[6] + lengths[6]];
        for (seed, piece) in [3, 0, 6, 1, 5, 2, 4, 0].into_iter().enumerate() {
            let content = bytes(lengths[piece], seed);
            let (header, body) = content.split_at(32);
            let mut parts = [IoSlice::new(header), IoSlice::new(&[]), IoSlice::new(body)];
            let offset = offsets[piece] as u64;
            // One of them goes through the page cache, beside the others.
            let written =
                if piece == 4 { file.write_at(&mut parts, offset) } else { file.write_past_cache(&mut parts, offset) };
            written.unwrap();
            expected[offsets[piece]..offsets[piece] + lengths[piece]].copy_from_slice(&content);
            let mut read = vec![0; lengths[piece]];
            file.read_at(&mut read, offsets[piece] as u64).unwrap();
            assert!(read == content, "{piece}");
        }
        file.sync().unwrap();
        assert!(fs::read(folder.path().join("file")).unwrap() == expected);
        assert_eq!(file.length().unwrap(), expected.len() as u64);
    }

    #[test]
    fn a_file_without_a_name_is_written_and_its_sync_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let disk = RealDisk::open(folder.path()).unwrap();
        let file = disk.open(Path::new("file"), Open::Create).unwrap();
        disk.remove(Path::new("file")).unwrap();
        file.write_past_cache(&mut [IoSlice::new(&bytes(2 * CHUNK_BYTES, 1))], 7).unwrap();
        assert_eq!(file.sync().map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));
    }

    #[test]
    fn what_cannot_be_written_so_is_left_to_the_caller_and_errors_are_not_hidden() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::create(folder.path().join("file")).unwrap();
        let long = bytes(CHUNK_BYTES, 1);
        let without = DirectWrites { handle: OnceLock::from(None), ..DirectWrites::default() };
        let refused = DirectWrites { refused: AtomicBool::new(true), ..DirectWrites::default() };
        for direct in [without, refused] {
            assert!(!direct.write_at(&file, &[IoSlice::new(&long)], 0).unwrap());
        }
        let unwritable = fs::File::open(folder.path().join("file")).unwrap();
        let direct = DirectWrites { handle: OnceLock::from(Some(unwritable)), ..DirectWrites::default() };
        assert!(direct.write_at(&file, &[IoSlice::new(&long)], 0).is_err());
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}
