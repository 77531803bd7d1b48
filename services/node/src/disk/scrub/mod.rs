//! Reads everything that lies on the disk, again and again, and compares it with its checksums: what rots is found
//! before the last good shard of a content has rotted too.
//!
//! `control` is what it is told and says, `state` what it remembers over restarts, `pace` how fast it reads, `runs`
//! which records it reads at once; `files` and `hints` are what is looked at besides shards.

mod control;
mod files;
mod hints;
mod pace;
mod runs;
mod state;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use uuid::Uuid;

pub(crate) use control::{Held, ScrubControl, unix_ms};
pub(crate) use pace::Others;
pub(crate) use state::{ScrubState, load};

use super::DiskError;
use super::damage::DamagedShards;
use super::files::{ShardFile, ShardFiles};
use super::health::Health;
use super::limits::{SCRUB_BYTES_PER_SECOND_MAX, SCRUB_PERIOD};
use super::list::{Candidate, candidates};
use super::meters::Meters;
use super::segments::{SegmentReader, segment_path};
use control::{Interrupted, Saves, Step};
use pace::Reading;
use runs::{Run, runs};
use state::{Pass, save};
use vfs::Folder;

/// Shards that are looked at before the cursor moves, at most.
const BATCH_SHARDS_MAX: usize = 256;

/// Their bytes, at most, but for the last one: so much is read again after a restart.
const BATCH_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How a scrub reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubSettings {
    /// The time in which everything is to be read once.
    pub period: Duration,
    /// Bytes a second, at most.
    pub rate_max: u64,
}

impl Default for ScrubSettings {
    fn default() -> Self {
        Self { period: SCRUB_PERIOD, rate_max: SCRUB_BYTES_PER_SECOND_MAX }
    }
}

/// The scrub of a node, a thread of its own.
pub(crate) struct Scrubber {
    pub(crate) disk: Arc<dyn Folder>,
    /// Past the page cache: what counts is what lies on the disk.
    pub(crate) reader: SegmentReader,
    pub(crate) files: Arc<ShardFiles>,
    pub(crate) health: Arc<Health>,
    pub(crate) damaged: Arc<DamagedShards>,
    pub(crate) control: Arc<ScrubControl>,
    pub(crate) meters: Meters,
    pub(crate) settings: ScrubSettings,
    pub(crate) others: Others,
    /// What is saved.
    pub(crate) saved: ScrubState,
}

impl Scrubber {
    /// Runs until the node goes down.
    pub(crate) fn run(mut self) {
        let mut saves = Saves::new(Instant::now());
        // None: it may have been told something before this thread came to run.
        let mut commands = 0;
        loop {
            // What it was told must outlive a kill, and who told it waits for that.
            let told = self.control.commands();
            if saves.is_due(Instant::now()) || told != commands {
                commands = told;
                let outcome = self.save_changes();
                self.control.saved(told, outcome);
            }
            match self.control.next(unix_ms(SystemTime::now()), self.settings.period) {
                Step::End => break,
                // Whatever wakes it, it looks again; at once if it was told something since.
                Step::Wait(pause) => _ = self.control.wait(pause, commands),
                Step::Work(pass, as_of) if as_of == commands => self.work(pass, as_of),
                // It was told something since, which is saved first.
                Step::Work(..) => {}
            }
        }
        let told = self.control.commands();
        let outcome = self.save_changes();
        self.control.saved(told, outcome);
    }

    fn state(&self) -> ScrubState {
        ScrubState { damaged: self.damaged.all(), ..self.control.state() }
    }

    /// Saves what has changed, or tries to.
    fn save_changes(&mut self) -> Result<(), DiskError> {
        let state = self.state();
        if state == self.saved {
            return Ok(());
        }
        self.health.check()?;
        save(&*self.disk, &state).map_err(|error| {
            // A full disk: what is not remembered is done again.
            tracing::warn!(%error, "the state of the scrub was not saved");
            DiskError::from_io("save of the scrub's state", &error)
        })?;
        self.saved = state;
        Ok(())
    }

    /// Looks at the next shards of a pass; at its end at what else there is.
    fn work(&mut self, mut pass: Pass, as_of: u64) {
        let _reading = Reading::begin();
        if let Ok(is_end) = self.batch(&mut pass, as_of) {
            self.control.advance(pass, as_of);
            if is_end && self.finish(&pass, as_of).is_ok() {
                self.control.end(pass, unix_ms(SystemTime::now()), as_of);
                tracing::info!(shards = pass.shards, bytes = pass.bytes, damaged = pass.damaged, "scrubbed everything");
            }
        }
        // A name may stand for another file by the next time.
        self.reader.handles.close_all();
    }

    /// Whether that was the end.
    fn batch(&mut self, pass: &mut Pass, as_of: u64) -> Result<bool, Interrupted> {
        let (some, are_all) = candidates(&self.reader.catalog, &self.files, pass.cursor, BATCH_SHARDS_MAX);
        let (mut records, mut files, mut bytes) = (Vec::new(), Vec::new(), 0);
        let (mut cursor, count) = (pass.cursor, some.len());
        let mut taken = 0;
        for candidate in some {
            if bytes >= BATCH_BYTES_MAX {
                break;
            }
            (cursor, taken) = (candidate.shard(), taken + 1);
            match candidate {
                Candidate::Record(shard, location) => {
                    bytes += u64::from(location.length);
                    records.push((shard, location));
                }
                Candidate::File(file) => {
                    bytes += file.bytes;
                    files.push(file);
                }
                // What is not whole yet cannot be checked.
                Candidate::Staged(_) => {}
            }
        }
        pass.shards += (records.len() + files.len()) as u64;
        let before = *pass;
        for run in runs(records) {
            pass.damaged += self.look_at_run(&run, &before, as_of)?;
        }
        for file in files {
            pass.damaged += self.look_at_file(&file, &before, as_of)?;
        }
        pass.cursor = cursor;
        pass.bytes += bytes;
        Ok(are_all && taken == count)
    }

    /// How many of the records are not what they should be.
    fn look_at_run(&mut self, run: &Run, pass: &Pass, as_of: u64) -> Result<u64, Interrupted> {
        let begin = Instant::now();
        let read = self.read_run(run);
        let mut damaged = 0;
        for &(shard, location) in &run.records {
            let base = u32::try_from(run.bytes.start).unwrap_or(u32::MAX);
            match &read {
                Some(bytes) if self.reader.is_intact_in(shard, location, bytes, base) => self.damaged.clear([shard]),
                // It may have moved, and if not it is read once more.
                _ => damaged += u64::from(self.doubt(shard)),
            }
        }
        self.read_so_much(run.bytes.end - run.bytes.start, begin.elapsed(), pass, as_of)?;
        Ok(damaged)
    }

    fn read_run(&self, run: &Run) -> Option<Bytes> {
        let handle = self.reader.handles.get(&segment_path(run.segment)).ok()?;
        let mut bytes = vec![0; usize::try_from(run.bytes.end - run.bytes.start).ok()?];
        handle.file.read_at(&mut bytes, run.bytes.start).ok()?;
        Some(bytes.into())
    }

    /// Whether a record is damaged that did not look right.
    fn doubt(&self, shard: Uuid) -> bool {
        let found = self.reader.verify(shard).and_then(|found| found.ok_or(DiskError::NotFound));
        self.found(shard, None, &found)
    }

    fn look_at_file(&mut self, file: &ShardFile, pass: &Pass, as_of: u64) -> Result<u64, Interrupted> {
        let found = files::verify(self, file, pass, as_of)?;
        Ok(u64::from(self.found(file.shard, Some(file), &found)))
    }

    /// Takes in what a look at every bit of a shard said. Whether it is bad.
    fn found<T>(&self, shard: Uuid, file: Option<&ShardFile>, found: &Result<T, DiskError>) -> bool {
        if self.damaged.note(shard, file.map(|file| &file.bucket), found) {
            self.health.count_read_error(found);
        }
        let is_bad = matches!(found, Err(DiskError::Damaged | DiskError::Unreadable(_)));
        self.meters.scrub_damaged.increment(u64::from(is_bad));
        is_bad
    }

    /// After a read of so many bytes that took so long: leaves the disk to others for a while.
    fn read_so_much(&mut self, bytes: u64, took: Duration, pass: &Pass, as_of: u64) -> Result<(), Interrupted> {
        self.meters.scrubbed_bytes.increment(bytes);
        let elapsed = Duration::from_millis(unix_ms(SystemTime::now()).saturating_sub(pass.begun_ms));
        let ScrubSettings { period, rate_max } = self.settings;
        let stored = self.reader.catalog.totals().1 + self.files.totals().1;
        let left = stored.saturating_sub(pass.bytes);
        let rate = if pass.is_urgent { rate_max } else { pace::rate(left, elapsed, period, rate_max) };
        self.control.set_rate(rate);
        let is_busy = self.others.are_busy(self.health.operations(), Instant::now());
        self.control.wait(pace::pause(bytes, took, rate, pace::share(is_busy)), as_of)
    }

    /// What there is to be looked at besides shards, and what is known of shards that are no more.
    fn finish(&mut self, pass: &Pass, as_of: u64) -> Result<(), Interrupted> {
        // To a disk that failed nothing is written any more.
        if self.health.check().is_ok() {
            hints::mend(self, pass, as_of)?;
            files::take_in_unknown(self);
        }
        let (catalog, files) = (&self.reader.catalog, &self.files);
        self.damaged.retain(|shard| catalog.locate(shard).is_some() || files.is_known(shard));
        Ok(())
    }
}
