use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use super::DiskError;
use super::files::ShardFiles;
use super::limits::{COMPACT_BELOW_PERCENT, COMPACT_BYTES_PER_SECOND};
use super::meters::Meters;
use super::queue::{Job, Queue};
use super::seam::Folder;
use super::segments::{Change, SealedSegment, SegmentReader, compact, write_hint};

/// How often it looks for something to sweep or compact.
const ROUND: Duration = Duration::from_secs(1);

/// What need not be done at once: hints, compaction, sweeping staged shards that nobody seals.
pub(crate) struct Housekeeper {
    pub(crate) disk: Arc<dyn Folder>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) reader: Arc<SegmentReader>,
    pub(crate) files: Arc<ShardFiles>,
    pub(crate) meters: Meters,
    pub(crate) segment_bytes: u32,
    pub(crate) sealed: Receiver<SealedSegment>,
    /// Segments that cannot be read in full, or whose compaction failed: left alone until the next start.
    pub(crate) left_alone: HashSet<u32>,
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

    /// Whether there may be more to do at once.
    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn round(&mut self) -> bool {
        let swept = self.files.sweep(Instant::now());
        if swept > 0 {
            tracing::info!(shards = swept, "dropped shards that were never sealed");
        }
        self.meters.index_entries.set(self.reader.catalog.totals().0 as f64);
        let below = u64::from(self.segment_bytes) * COMPACT_BELOW_PERCENT / 100;
        let rotten = self.reader.catalog.compactable(below, &self.left_alone);
        rotten.is_some_and(|number| self.compact(number))
    }

    /// Whether that did any good.
    fn compact(&mut self, number: u32) -> bool {
        let mut pace = Pace { begin: Instant::now(), bytes: 0 };
        let commit = |changes| self.commit(&mut pace, changes);
        match compact(&*self.disk, &self.reader, number, commit) {
            Ok(done) => {
                self.meters.compactions.increment(1);
                self.meters.compacted_bytes.increment(done.copied_bytes);
                self.meters.damaged.increment(done.damaged);
                tracing::debug!(segment = number, ?done, "compacted a segment");
                true
            }
            // Tried again in the next round.
            Err(DiskError::Full | DiskError::Busy) => false,
            Err(error) => {
                tracing::error!(segment = number, %error, "compaction failed: the segment is left alone");
                self.left_alone.insert(number);
                false
            }
        }
    }

    /// Commits through the writer's queue, no faster than the pace.
    fn commit(&self, pace: &mut Pace, changes: Vec<Change>) -> Result<(), DiskError> {
        pace.bytes += changes.iter().map(|change| change.weight() as u64).sum::<u64>();
        let (told, heard) = sync_channel(1);
        let done = Box::new(move |_, why: Option<DiskError>| {
            // Nobody listens any more only if this thread ended.
            let _ = told.send(why);
        });
        self.queue.push_when_room(Job { changes, done }).map_err(|_| DiskError::Busy)?;
        match heard.recv() {
            Ok(None) => self.queue.wait_until(pace.due()).map_err(|_| DiskError::Busy),
            Ok(Some(why)) => Err(why),
            Err(_) => Err(DiskError::Busy),
        }
    }
}

/// How much was copied since when.
struct Pace {
    begin: Instant,
    bytes: u64,
}

impl Pace {
    /// When so much may have been copied.
    fn due(&self) -> Instant {
        self.begin + Duration::from_millis(self.bytes * 1000 / COMPACT_BYTES_PER_SECOND)
    }
}
