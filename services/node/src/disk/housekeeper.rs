//! The housekeeper: hints, compaction, and the sweep of staged shards.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::DiskError;
use super::damage::DamagedShards;
use super::files::ShardFiles;
use super::limits::{COMPACT_BELOW_PERCENT, COMPACT_BYTES_PER_SECOND};
use super::meters::Meters;
use super::queue::{Job, Queue};
use super::segments::{Change, SealedSegment, SegmentReader, compact, write_hint};
use vfs::Folder;

/// The time between two rounds of sweep and compaction.
const ROUND: Duration = Duration::from_secs(1);

/// The background work of a store: hints, compaction, and the sweep of staged shards that are never sealed.
pub(crate) struct Housekeeper {
    pub(crate) disk: Arc<dyn Folder>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) reader: Arc<SegmentReader>,
    pub(crate) files: Arc<ShardFiles>,
    pub(crate) damaged: Arc<DamagedShards>,
    pub(crate) meters: Meters,
    pub(crate) segment_bytes: u32,
    pub(crate) sealed: Receiver<SealedSegment>,
    /// Segments that cannot be read in full, or whose compaction failed: they are not compacted until the next start.
    pub(crate) skipped: HashSet<u32>,
}

impl Housekeeper {
    /// Runs until the writer has ended.
    pub(crate) fn run(mut self) {
        let mut next_round = Instant::now() + ROUND;
        loop {
            match self.sealed.recv_timeout(next_round.saturating_duration_since(Instant::now())) {
                Ok(segment) => self.hint(&segment),
                Err(RecvTimeoutError::Timeout) => {
                    let more = self.round();
                    next_round = Instant::now() + if more { Duration::ZERO } else { ROUND };
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn hint(&self, segment: &SealedSegment) {
        if let Err(error) = write_hint(&*self.disk, segment.name, &segment.entries) {
            tracing::warn!(segment = segment.name.number, %error, "no hint written: the next start reads the segment");
        }
    }

    /// Sweeps and compacts once. Returns whether there may be more to do at once.
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn round(&mut self) -> bool {
        let swept = self.files.sweep(Instant::now());
        if swept > 0 {
            tracing::info!(shards = swept, "dropped shards that were never sealed");
        }
        self.reader.handles.close_removed();
        self.meters.damaged_shards.set(self.damaged.count() as f64);
        self.meters.index_entries.set(self.reader.catalog.totals().0 as f64);
        let below = u64::from(self.segment_bytes) * COMPACT_BELOW_PERCENT / 100;
        let rotten = self.reader.catalog.compactable(below, &self.skipped);
        rotten.is_some_and(|number| self.compact(number))
    }

    /// Compacts a segment. Returns whether it did.
    fn compact(&mut self, number: u32) -> bool {
        let mut rate_limit = RateLimit { begin: Instant::now(), bytes: 0 };
        let commit = |changes| self.commit(&mut rate_limit, changes);
        match compact(&*self.disk, &self.reader, number, commit) {
            Ok(done) => {
                self.meters.compactions.increment(1);
                self.meters.compacted_bytes.increment(done.copied_bytes);
                self.meters.damaged.increment(done.damaged);
                tracing::debug!(segment = number, ?done, "compacted a segment");
                true
            }
            // The next round retries.
            Err(DiskError::Full | DiskError::Busy) => false,
            Err(error) => {
                tracing::error!(segment = number, %error, "compaction failed: the segment stays as it is");
                self.skipped.insert(number);
                false
            }
        }
    }

    /// Commits through the writer's queue, no faster than the rate limit.
    fn commit(&self, rate_limit: &mut RateLimit, changes: Vec<Change>) -> Result<(), DiskError> {
        rate_limit.bytes += changes.iter().map(|change| change.weight() as u64).sum::<u64>();
        let (sender, receiver) = sync_channel(1);
        let done = Box::new(move |_, why: Option<DiskError>| {
            // The receiver is dropped only if this thread has ended.
            let _ = sender.send(why);
        });
        self.queue.push_when_room(Job { changes, done }).map_err(|_| DiskError::Busy)?;
        match receiver.recv() {
            Ok(None) => self.queue.wait_until(rate_limit.due()).map_err(|_| DiskError::Busy),
            Ok(Some(why)) => Err(why),
            Err(_) => Err(DiskError::Busy),
        }
    }
}

/// The rate limit of one compaction.
struct RateLimit {
    begin: Instant,
    bytes: u64,
}

impl RateLimit {
    /// The time at which the copied bytes are within the rate.
    fn due(&self) -> Instant {
        self.begin + Duration::from_millis(self.bytes * 1000 / COMPACT_BYTES_PER_SECOND)
    }
}
