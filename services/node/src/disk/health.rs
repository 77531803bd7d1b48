//! The health of the disk.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use shards::telemetry::DiskReport;

use super::DiskError;
use super::limits::STALLED_AFTER;
use super::recent::Recent;
use vfs::{File, Folder, Space};

/// The health of the disk: whether it has failed or stalled, and its free space.
pub(crate) struct Health {
    failure: OnceLock<DiskError>,
    space: Mutex<(Instant, Space)>,
    /// The start times of the writes that wait for the disk.
    waiting: Mutex<Waiting>,
    reserve_bytes: u64,
    syncs: Recent,
    reads: Recent,
    /// Reads and writes since the start.
    operations: AtomicU64,
    /// The writes among them.
    writes: AtomicU64,
    read_errors: AtomicU64,
    write_errors: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    since: BTreeMap<u64, Instant>,
}

/// A write that waits for the disk, until the guard is dropped.
pub(crate) struct Wait<'a> {
    health: &'a Health,
    number: u64,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.health.waiting().since.remove(&self.number);
    }
}

/// How long the reported free space is reused.
const SPACE_AGE_MAX: Duration = Duration::from_millis(500);

impl Health {
    pub(crate) fn new(disk: &dyn Folder, reserve_bytes: u64) -> Result<Self, DiskError> {
        let space = disk.space().map_err(|e| DiskError::from_io("space", &e))?;
        let space = Mutex::new((Instant::now(), space));
        Ok(Self {
            failure: OnceLock::new(),
            space,
            waiting: Mutex::default(),
            reserve_bytes,
            syncs: Recent::default(),
            reads: Recent::default(),
            operations: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            read_errors: AtomicU64::new(0),
            write_errors: AtomicU64::new(0),
        })
    }

    /// Syncs a file that somebody waits for, and takes in how long that took.
    pub(crate) fn sync(&self, file: &dyn File) -> io::Result<()> {
        let begin = Instant::now();
        let synced = file.sync();
        let end = Instant::now();
        self.syncs.note(end, end.saturating_duration_since(begin));
        synced
    }

    /// Takes in a read that somebody waited for.
    pub(crate) fn count_read(&self, took: Duration) {
        self.operations.fetch_add(1, Relaxed);
        self.reads.note(Instant::now(), took);
    }

    /// Takes in whether the disk could read a shard. To be called once for each shard: one bad sector is one error, however
    /// often it is read.
    pub(crate) fn count_read_error<T>(&self, read: &Result<T, DiskError>) {
        if matches!(read, Err(DiskError::Unreadable(_))) {
            self.read_errors.fetch_add(1, Relaxed);
        }
    }

    /// Reads and writes since the start.
    pub(crate) fn operations(&self) -> u64 {
        self.operations.load(Relaxed)
    }

    /// Writes since the start.
    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Relaxed)
    }

    /// How the disk does.
    pub(crate) fn report(&self, now: Instant) -> DiskReport {
        DiskReport {
            read_errors: self.read_errors.load(Relaxed),
            write_errors: self.write_errors.load(Relaxed),
            damaged_shards: 0,
            sync: self.syncs.latency(now),
            read: self.reads.latency(now),
        }
    }

    /// Counts the caller among the writes that wait for the disk.
    pub(crate) fn wait(&self) -> Wait<'_> {
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.since.insert(number, Instant::now());
        self.operations.fetch_add(1, Relaxed);
        self.writes.fetch_add(1, Relaxed);
        Wait { health: self, number }
    }

    /// Whether a write has waited for the disk for [`STALLED_AFTER`] or longer.
    pub(crate) fn is_stalled(&self, now: Instant) -> bool {
        let oldest = self.waiting().since.values().next().copied();
        oldest.is_some_and(|since| now.saturating_duration_since(since) >= STALLED_AFTER)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if the disk has failed.
    pub(crate) fn check(&self) -> Result<(), DiskError> {
        self.failure.get().map_or(Ok(()), |failure| Err(failure.clone()))
    }

    /// Fails if the disk has failed, or if it has no space for new bytes.
    pub(crate) fn check_room(&self, disk: &dyn Folder) -> Result<(), DiskError> {
        self.check()?;
        if self.space(disk)?.free_bytes < self.reserve_bytes { Err(DiskError::Full) } else { Ok(()) }
    }

    pub(crate) fn space(&self, disk: &dyn Folder) -> Result<Space, DiskError> {
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        if space.0.elapsed() > SPACE_AGE_MAX {
            *space = (Instant::now(), disk.space().map_err(|e| self.classify("space", &e))?);
        }
        Ok(space.1)
    }

    /// Classifies an error. If it means that the disk has failed, the failure is remembered.
    pub(crate) fn classify(&self, what: &str, error: &io::Error) -> DiskError {
        match DiskError::from_io(what, error) {
            DiskError::Failed(why) => self.fail(why),
            other => other,
        }
    }

    /// Records a failed sync: bytes are lost, whatever the reason.
    pub(crate) fn sync_failed(&self, what: &str, error: &io::Error) -> DiskError {
        self.fail(format!("{what}: {error}").into())
    }

    fn fail(&self, why: Arc<str>) -> DiskError {
        self.write_errors.fetch_add(1, Relaxed);
        let failure = self.failure.get_or_init(|| {
            tracing::error!(%why, "the disk failed: writes are refused");
            DiskError::Failed(why)
        });
        failure.clone()
    }
}
