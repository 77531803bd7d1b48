//! A file for the bytes of slow bodies. It has no name, so it ends with the process, and every body has slots of its
//! own in it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use crc_fast::{CrcAlgorithm, Digest};
use rustix::fs::{FallocateFlags, fallocate, fstatvfs};
use rustix::io::Errno;
use tokio::task::spawn_blocking;

/// Bytes of one slot: a stripe of an upload fits.
const SLOT_BYTES: usize = 1024 * 1024;

/// Free bytes of the disk below which the file does not grow: the log and the projection may lie beside it.
const DISK_FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;

/// The file.
#[derive(Debug)]
pub(crate) struct Spill {
    file: File,
    slots_max: u32,
    slots: Mutex<Slots>,
}

/// Free slots that keep their space for the next bodies, at most. That of others goes back to the disk, so that the
/// file does not stay as large as it once was.
const SPARE_SLOTS_MAX: usize = 64;

/// Slots that nobody has.
#[derive(Debug, Default)]
struct Slots {
    /// They have their space still, and go first.
    spare: BTreeSet<u32>,
    /// They have none.
    free: BTreeSet<u32>,
    /// There have never been more than this many.
    end: u32,
}

#[derive(Debug)]
struct Slot {
    spill: Arc<Spill>,
    number: u32,
    has_space: bool,
}

/// What one body has in the file.
pub(super) struct Spilled {
    spill: Arc<Spill>,
    /// Shared with the jobs that write, so that nobody else gets a slot before they have ended.
    slots: Vec<Arc<Slot>>,
    bytes: usize,
    crc: Digest,
}

impl Spill {
    /// A file in `folder` of so many slots at most.
    pub(crate) fn open(folder: &Path, slots_max: u32) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self { file: tempfile::tempfile_in(folder)?, slots_max, slots: Mutex::default() }))
    }

    /// A slot with its space on the disk. Blocks on the disk.
    fn slot(self: &Arc<Self>) -> io::Result<Arc<Slot>> {
        let mut slots = self.slots();
        if let Some(number) = slots.spare.pop_first() {
            return Ok(Arc::new(Slot { spill: Arc::clone(self), number, has_space: true }));
        }
        let number = match slots.free.pop_first() {
            Some(number) => number,
            None if slots.end == self.slots_max => return Err(io::ErrorKind::QuotaExceeded.into()),
            None => {
                slots.end += 1;
                slots.end - 1
            }
        };
        drop(slots);
        let mut slot = Slot { spill: Arc::clone(self), number, has_space: false };
        let disk = fstatvfs(&self.file)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < DISK_FREE_BYTES_MIN {
            return Err(io::ErrorKind::StorageFull.into());
        }
        match fallocate(&self.file, FallocateFlags::empty(), slot.offset(), SLOT_BYTES as u64) {
            // A file system without it finds out while it writes.
            Ok(()) | Err(Errno::OPNOTSUPP) => slot.has_space = true,
            Err(error) => return Err(error.into()),
        }
        Ok(Arc::new(slot))
    }

    /// Gives the space of a slot back to the disk. False if its file system cannot.
    fn punch(&self, offset: u64) -> bool {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let punched = fallocate(&self.file, flags, offset, SLOT_BYTES as u64);
        punched.inspect_err(|error| tracing::debug!(%error, "the space of a slot cannot be released")).is_ok()
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn slots_taken(&self) -> usize {
        let slots = self.slots();
        slots.end as usize - slots.free.len() - slots.spare.len()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let is_spare = self.has_space && self.spill.slots().spare.len() < SPARE_SLOTS_MAX;
        // Before anybody else gets it. It is no more than a change of the file's extents.
        let has_space = self.has_space && (is_spare || !self.spill.punch(self.offset()));
        let mut slots = self.spill.slots();
        if has_space {
            slots.spare.insert(self.number)
        } else {
            slots.free.insert(self.number)
        };
    }
}

impl Slot {
    fn offset(&self) -> u64 {
        u64::from(self.number) * SLOT_BYTES as u64
    }
}

impl Spilled {
    pub(super) fn new(spill: Arc<Spill>) -> Self {
        Self { spill, slots: Vec::new(), bytes: 0, crc: Digest::new(CrcAlgorithm::Crc32Iscsi) }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes bytes behind those that are there. After an error it is as it was before.
    pub(super) async fn append(&mut self, chunks: &[Bytes]) -> io::Result<()> {
        let end = self.bytes + chunks.iter().map(Bytes::len).sum::<usize>();
        let (spill, mut slots, mut at) = (Arc::clone(&self.spill), self.slots.clone(), self.bytes);
        let written = chunks.to_vec();
        let job = move || -> io::Result<Vec<Arc<Slot>>> {
            while slots.len() * SLOT_BYTES < end {
                slots.push(spill.slot()?);
            }
            for chunk in &written {
                let mut rest = &chunk[..];
                while !rest.is_empty() {
                    let (slot, within) = (&slots[at / SLOT_BYTES], at % SLOT_BYTES);
                    let (now, later) = rest.split_at(rest.len().min(SLOT_BYTES - within));
                    slot.spill.file.write_all_at(now, slot.offset() + within as u64)?;
                    (at, rest) = (at + now.len(), later);
                }
            }
            Ok(slots)
        };
        self.slots = spawn_blocking(job).await.map_err(io::Error::other)??;
        for chunk in chunks {
            self.crc.update(chunk);
        }
        self.bytes = end;
        Ok(())
    }

    /// All bytes, which are what was written.
    pub(super) async fn read(self) -> io::Result<Bytes> {
        let Self { slots, bytes, crc, .. } = self;
        let job = move || -> io::Result<Bytes> {
            let mut whole = BytesMut::zeroed(bytes);
            for (slot, part) in slots.iter().zip(whole.chunks_mut(SLOT_BYTES)) {
                slot.spill.file.read_exact_at(part, slot.offset())?;
            }
            let mut read = Digest::new(CrcAlgorithm::Crc32Iscsi);
            read.update(&whole);
            if read.finalize() == crc.finalize() { Ok(whole.freeze()) } else { Err(io::ErrorKind::InvalidData.into()) }
        };
        spawn_blocking(job).await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize, seed: usize) -> Bytes {
        (0..length).map(|i| u8::try_from((i * i + seed) % 253).unwrap()).collect()
    }

    fn spill(slots_max: u32) -> (tempfile::TempDir, Arc<Spill>) {
        let folder = tempfile::tempdir().unwrap();
        let spill = Spill::open(folder.path(), slots_max).unwrap();
        (folder, spill)
    }

    #[tokio::test]
    async fn what_was_written_is_read_across_slots_and_leaves_them_free() {
        let (folder, spill) = spill(8);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0, "the file has no name");
        let mut bodies: Vec<Spilled> = (0..2).map(|_| Spilled::new(Arc::clone(&spill))).collect();
        for round in 0..5 {
            for (seed, body) in bodies.iter_mut().enumerate() {
                body.append(&[bytes(SLOT_BYTES / 2 + 7, seed + round), bytes(3, 1)]).await.unwrap();
            }
        }
        assert_eq!(spill.slots_taken(), 6);
        for (seed, body) in bodies.into_iter().enumerate() {
            let parts = (0..5).flat_map(|round| [bytes(SLOT_BYTES / 2 + 7, seed + round), bytes(3, 1)]);
            assert!(body.read().await.unwrap() == parts.collect::<Vec<_>>().concat());
        }
        assert_eq!(spill.slots_taken(), 0);
    }

    #[tokio::test]
    async fn a_full_file_takes_nothing_and_forgets_nothing() {
        let (_folder, spill) = spill(1);
        let mut first = Spilled::new(Arc::clone(&spill));
        first.append(&[bytes(SLOT_BYTES, 1)]).await.unwrap();
        assert!(first.append(&[bytes(1, 2)]).await.is_err());
        assert!(Spilled::new(Arc::clone(&spill)).append(&[bytes(1, 2)]).await.is_err());
        assert!(first.read().await.unwrap() == bytes(SLOT_BYTES, 1));
        Spilled::new(Arc::clone(&spill)).append(&[bytes(1, 2)]).await.unwrap();
    }

    fn allocated(spill: &Spill) -> u64 {
        use std::os::unix::fs::MetadataExt;
        spill.file.metadata().unwrap().blocks() * 512
    }

    #[tokio::test]
    async fn a_slot_has_its_space_before_it_is_written_and_the_peak_is_given_back() {
        let (slots, slot_bytes) = (SPARE_SLOTS_MAX + 8, SLOT_BYTES as u64);
        let (_folder, spill) = spill(u32::try_from(slots).unwrap());
        let mut bodies: Vec<Spilled> = (0..slots).map(|_| Spilled::new(Arc::clone(&spill))).collect();
        for body in &mut bodies {
            body.append(&[bytes(10, 1)]).await.unwrap();
        }
        assert!(allocated(&spill) >= slots as u64 * slot_bytes, "{}", allocated(&spill));
        let last = bodies.pop().unwrap();
        drop(bodies);
        assert!(allocated(&spill) <= (SPARE_SLOTS_MAX as u64 + 2) * slot_bytes, "{}", allocated(&spill));
        assert!(last.read().await.unwrap() == bytes(10, 1));
        let mut again: Vec<Spilled> = (0..slots).map(|_| Spilled::new(Arc::clone(&spill))).collect();
        for (seed, body) in again.iter_mut().enumerate() {
            body.append(&[bytes(1_000, seed)]).await.unwrap();
        }
        for (seed, body) in again.into_iter().enumerate() {
            assert!(body.read().await.unwrap() == bytes(1_000, seed));
        }
        assert_eq!(spill.slots_taken(), 0);
    }

    #[tokio::test]
    async fn bytes_that_changed_on_disk_are_an_error() {
        let (_folder, spill) = spill(1);
        let mut body = Spilled::new(Arc::clone(&spill));
        body.append(&[bytes(1_000, 1)]).await.unwrap();
        spill.file.write_all_at(b"?", 500).unwrap();
        assert_eq!(body.read().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
