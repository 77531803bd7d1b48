use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use super::DiskError;
use super::meters::Meters;
use super::queue::{Job, Next, Queue};
use super::segments::{Change, Log, SealedSegment};

/// The group commit: all jobs that arrived during the sync of the last group are the next group.
pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) log: Log,
    pub(crate) meters: Meters,
    /// The time without a job after which the segment gives back the space that it does not need.
    pub(crate) idle_after: Duration,
    /// The channel of sealed segments to the housekeeper, which writes their hints.
    pub(crate) sealed: SyncSender<SealedSegment>,
}

impl Writer {
    /// Runs until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        loop {
            match self.queue.take_group(self.idle_after) {
                Next::Commit(group) => self.commit(group),
                Next::Rest => self.rest(),
                Next::End => break,
            }
            self.hand_over_sealed();
        }
        if let Err(why) = self.log.finish() {
            tracing::warn!(%why, "the last segment was not sealed: the next start reads it");
        }
        self.hand_over_sealed();
    }

    #[allow(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn commit(&mut self, group: Vec<Job>) {
        let begin = Instant::now();
        let mut changes: Vec<Change> = Vec::new();
        let mut answers = Vec::new();
        for mut job in group {
            answers.push((job.changes.len(), job.done));
            changes.append(&mut job.changes);
        }
        let (mut committed, why) = self.log.commit(&changes);
        self.meters.commit_seconds.record(begin.elapsed());
        self.meters.group_jobs.record(answers.len() as f64);
        self.meters.written_bytes.increment(bytes_of(&changes[..committed]));
        for (count, done) in answers {
            let durable = count.min(committed);
            committed -= durable;
            done(durable, why.clone());
        }
    }

    fn rest(&mut self) {
        match self.log.rest() {
            // A disk without room for a new segment has no room to give back either; one that failed is known for it.
            Ok(()) | Err(DiskError::Full | DiskError::Failed(_)) => {}
            Err(why) => tracing::warn!(%why, "the open segment keeps space that it does not need"),
        }
    }

    fn hand_over_sealed(&mut self) {
        for segment in self.log.take_sealed() {
            // Without the hint the next start takes longer, and nothing is lost.
            let _ = self.sealed.try_send(segment);
        }
    }
}

fn bytes_of(changes: &[Change]) -> u64 {
    changes.iter().map(|change| change.piece_bytes() as u64).sum()
}
