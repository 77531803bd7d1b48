//! A file for the bytes of slow bodies. It has no name, so it disappears with the process. Every body has its own slots
//! in it.

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
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// Bytes of one slot: a stripe of an upload fits.
const SLOT_BYTES: usize = 1024 * 1024;

/// Free bytes of the disk below which the file does not grow, because the log and the projection may be on the same
/// disk.
const DISK_FREE_BYTES_MIN: u64 = 1024 * 1024 * 1024;

/// Threads that read or write the file at a time, at most. The file is mostly in the page cache, so more threads would
/// only compete for the processors.
const THREADS_MAX: usize = 4;

/// The file.
#[derive(Debug)]
pub(crate) struct Spill {
    file: File,
    /// The semaphore is never closed.
    threads: Arc<Semaphore>,
    slots_max: u32,
    slots: Mutex<Slots>,
}

/// Free slots that keep their disk space for the next bodies, at most. The space of the others is returned, so that the
/// file does not stay as large as it once was.
const SPARE_SLOTS_MAX: usize = 64;

/// Slots that no body uses.
#[derive(Debug, Default)]
struct Slots {
    /// Slots that still have their disk space. They are used first.
    spare: BTreeSet<u32>,
    /// Slots without disk space.
    free: BTreeSet<u32>,
    /// The number of slots that have ever been used.
    end: u32,
    /// A thread is returning the space of the excess slots.
    is_trimmed: bool,
}

#[derive(Debug)]
struct Slot {
    spill: Arc<Spill>,
    number: u32,
    has_space: bool,
}

/// The slots of one body in the file.
pub(super) struct Spilled {
    spill: Arc<Spill>,
    /// Shared with the jobs that write, so that a slot is not reused before they have ended.
    slots: Vec<Arc<Slot>>,
    bytes: usize,
    crc: Digest,
}

impl Spill {
    /// A file in `folder` with at most `slots_max` slots.
    pub(crate) fn open(folder: &Path, slots_max: u32) -> io::Result<Arc<Self>> {
        let (file, threads) = (tempfile::tempfile_in(folder)?, Arc::new(Semaphore::new(THREADS_MAX)));
        Ok(Arc::new(Self { file, threads, slots_max, slots: Mutex::default() }))
    }

    /// A slot with its disk space. Blocks on the disk.
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
            // On a file system without fallocate, a full disk shows while it writes.
            Ok(()) | Err(Errno::OPNOTSUPP) => slot.has_space = true,
            Err(error) => return Err(error.into()),
        }
        Ok(Arc::new(slot))
    }

    /// Runs a job on a blocking thread; only a few run at once.
    async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(io::Error::other)?;
        let run = move || {
            let done = job();
            // Released only now, even if the caller has stopped waiting.
            drop(thread);
            done
        };
        spawn_blocking(run).await.map_err(io::Error::other)?
    }

    /// Returns the disk space of the excess slots. Blocks on the disk, which may discard it at once.
    fn trim(&self) {
        loop {
            // The lock is released before the disk work.
            let Some(number) = self.slots().excess() else { return };
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            if let Err(error) = fallocate(&self.file, flags, offset(number), SLOT_BYTES as u64) {
                tracing::debug!(%error, "the space of a slot cannot be released");
            }
            self.slots().free.insert(number);
        }
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

impl Slots {
    /// An excess slot whose space is to be returned. Without one, the thread is marked as ended.
    fn excess(&mut self) -> Option<u32> {
        self.is_trimmed = self.spare.len() > SPARE_SLOTS_MAX;
        if self.is_trimmed { self.spare.pop_last() } else { None }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut slots = self.spill.slots();
        if !self.has_space {
            slots.free.insert(self.number);
            return;
        }
        slots.spare.insert(self.number);
        // Not here, where other requests may wait: when many clients leave at once, there are many slots.
        if slots.spare.len() > SPARE_SLOTS_MAX
            && !slots.is_trimmed
            && let Ok(runtime) = Handle::try_current()
        {
            slots.is_trimmed = true;
            let spill = Arc::clone(&self.spill);
            runtime.spawn_blocking(move || spill.trim());
        }
    }
}

impl Slot {
    fn offset(&self) -> u64 {
        offset(self.number)
    }
}

fn offset(number: u32) -> u64 {
    u64::from(number) * SLOT_BYTES as u64
}

impl Spilled {
    pub(super) fn new(spill: Arc<Spill>) -> Self {
        Self { spill, slots: Vec::new(), bytes: 0, crc: Digest::new(CrcAlgorithm::Crc32Iscsi) }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Appends bytes to those in the file. After an error nothing has changed.
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
        self.slots = self.spill.run(job).await?;
        for chunk in chunks {
            self.crc.update(chunk);
        }
        self.bytes = end;
        Ok(())
    }

    /// All bytes, verified against their checksum.
    pub(super) async fn read(self) -> io::Result<Bytes> {
        let Self { spill, slots, bytes, crc } = self;
        let job = move || -> io::Result<Bytes> {
            let mut whole = BytesMut::zeroed(bytes);
            for (slot, part) in slots.iter().zip(whole.chunks_mut(SLOT_BYTES)) {
                slot.spill.file.read_exact_at(part, slot.offset())?;
            }
            let mut read = Digest::new(CrcAlgorithm::Crc32Iscsi);
            read.update(&whole);
            if read.finalize() == crc.finalize() { Ok(whole.freeze()) } else { Err(io::ErrorKind::InvalidData.into()) }
        };
        spill.run(job).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::time::Duration;

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

    async fn until(is_so: impl Fn() -> bool) {
        let looks = async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), looks).await.unwrap();
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
        until(|| allocated(&spill) <= (SPARE_SLOTS_MAX as u64 + 2) * slot_bytes).await;
        assert!(last.read().await.unwrap() == bytes(10, 1));
        let mut again: Vec<Spilled> = (0..slots).map(|_| Spilled::new(Arc::clone(&spill))).collect();
        for (seed, body) in again.iter_mut().enumerate() {
            body.append(&[bytes(1_000, seed)]).await.unwrap();
        }
        for (seed, body) in again.into_iter().enumerate() {
            assert!(body.read().await.unwrap() == bytes(1_000, seed));
        }
        until(|| spill.slots_taken() == 0).await;
    }

    #[tokio::test]
    async fn few_threads_at_a_time_have_the_file() {
        let (_folder, spill) = spill(1);
        let (together, most) = (Barrier::new(THREADS_MAX), Mutex::new((0_usize, 0_usize)));
        let (together, most) = (Arc::new(together), Arc::new(most));
        let jobs = (0..8 * THREADS_MAX).map(|_| {
            let (together, most) = (Arc::clone(&together), Arc::clone(&most));
            spill.run(move || {
                {
                    let mut most = most.lock().unwrap();
                    *most = (most.0 + 1, most.1.max(most.0 + 1));
                }
                together.wait();
                most.lock().unwrap().0 -= 1;
                Ok(())
            })
        });
        futures_util::future::try_join_all(jobs).await.unwrap();
        assert_eq!(*most.lock().unwrap(), (0, THREADS_MAX));
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
