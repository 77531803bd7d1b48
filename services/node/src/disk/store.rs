//! The store: the shards of one node on one disk.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use events::ids::BucketName;
use shards::piece::{Form, Piece};
use shards::protocol::{Record, ScrubCommand, ScrubStatus};
use shards::telemetry::DiskReport;
use uuid::Uuid;

use super::DiskError;
use super::damage::{DamagedShards, Finding};
use super::files::{Shape, ShardFiles, shard_path};
use super::handles::Handles;
use super::health::Health;
use super::housekeeper::Housekeeper;
use super::limits::{HINTS_WAITING_MAX, IDLE_AFTER, RESERVE_BYTES, SEGMENT_BYTES};
use super::meters::Meters;
use super::queue::{Job, Queue};
use super::scrub::{Held, Others, ScrubControl, ScrubSettings, ScrubState, Scrubber, load, unix_ms};
use super::segments::{Change, Log, SegmentReader, recover};
use super::writer::Writer;
use vfs::{Folder, Space};

/// The options of a store.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// The id with which the data folder was created.
    pub folder: Uuid,
    /// The node's name, for thread names and metrics.
    pub node: String,
    /// Length of a segment in bytes.
    pub segment_bytes: u32,
    /// Free bytes of the disk below which writes are refused.
    pub reserve_bytes: u64,
    /// How long nothing has to be written until room that was taken ahead is given back.
    pub idle_after: Duration,
    /// How everything is read again and again.
    pub scrub: ScrubSettings,
}

impl StoreOptions {
    /// Options with the default sizes.
    pub fn new(folder: Uuid, node: impl Into<String>) -> Self {
        Self {
            folder,
            node: node.into(),
            segment_bytes: SEGMENT_BYTES,
            reserve_bytes: RESERVE_BYTES,
            idle_after: IDLE_AFTER,
            scrub: ScrubSettings::default(),
        }
    }
}

/// The totals of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// The number of shards.
    pub shards: u64,
    /// The bytes of their pieces, without headers.
    pub bytes: u64,
}

/// The location of a shard's pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PiecesLocation {
    /// The path of the file, relative to the data folder.
    pub path: PathBuf,
    /// The offset of the header of piece 0, in bytes.
    pub offset: u64,
    /// The distance from one piece to the next, in bytes.
    pub stride: usize,
    /// The number of pieces.
    pub pieces: u32,
    /// Bytes of the last piece, without its header; all others are full.
    pub last_bytes: u32,
}

/// The shards of one node on one disk. All calls block; `put` and the last part of `discard` only for a lock.
pub struct Store {
    disk: Arc<dyn Folder>,
    health: Arc<Health>,
    queue: Arc<Queue>,
    pub(super) reader: Arc<SegmentReader>,
    pub(super) files: Arc<ShardFiles>,
    damaged: Arc<DamagedShards>,
    scrub: Arc<ScrubControl>,
    meters: Meters,
    segment_bytes: u32,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Opens the store on a disk, also after a crash, and starts its three threads.
    ///
    /// # Errors
    /// If the disk fails or has no space left.
    pub fn open(disk: Arc<dyn Folder>, options: &StoreOptions) -> Result<Self, DiskError> {
        let health = Arc::new(Health::new(&*disk, options.reserve_bytes)?);
        let handles = Arc::new(Handles::new(Arc::clone(&disk)));
        let recovered = recover(&*disk, options.folder)?;
        let state = load(&*disk);
        let damaged = Arc::new(DamagedShards::new(state.damaged.iter().copied()));
        let files =
            ShardFiles::recover(Arc::clone(&disk), Arc::clone(&health), Arc::clone(&handles), Arc::clone(&damaged))?;
        let catalog = recovered.catalog;
        let log = Log::new(
            Arc::clone(&disk),
            Arc::clone(&catalog),
            Arc::clone(&health),
            options.folder,
            options.segment_bytes,
            recovered.next_number,
        );
        let reader = Arc::new(SegmentReader { folder: options.folder, catalog, handles });
        let store = Self {
            disk,
            health,
            queue: Arc::default(),
            reader,
            files: Arc::new(files),
            damaged,
            scrub: Arc::new(ScrubControl::new(&state)),
            meters: Meters::new(&options.node),
            segment_bytes: options.segment_bytes,
            threads: Mutex::default(),
        };
        store.start(log, options, recovered.unreadable, state)?;
        Ok(store)
    }

    fn start(
        &self,
        log: Log,
        options: &StoreOptions,
        unreadable: HashSet<u32>,
        saved: ScrubState,
    ) -> Result<(), DiskError> {
        let (to_housekeeper, sealed) = sync_channel(HINTS_WAITING_MAX);
        let writer = Writer {
            queue: Arc::clone(&self.queue),
            log,
            meters: self.meters.clone(),
            idle_after: options.idle_after,
            sealed: to_housekeeper,
        };
        let housekeeper = Housekeeper {
            disk: Arc::clone(&self.disk),
            queue: Arc::clone(&self.queue),
            reader: Arc::clone(&self.reader),
            files: Arc::clone(&self.files),
            damaged: Arc::clone(&self.damaged),
            meters: self.meters.clone(),
            segment_bytes: self.segment_bytes,
            sealed,
            skipped: unreadable,
        };
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name(format!("{name} {}", options.node)).spawn(run);
            thread.map_err(|e| DiskError::from_io("start of a thread", &e))
        };
        let scrubber = self.scrubber(options.scrub, saved);
        let threads = [
            spawn("commit", Box::new(move || writer.run()))?,
            spawn("tidy", Box::new(move || housekeeper.run()))?,
            spawn("scrub", Box::new(move || scrubber.run()))?,
        ];
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).extend(threads);
        Ok(())
    }

    fn scrubber(&self, settings: ScrubSettings, saved: ScrubState) -> Scrubber {
        let handles = Arc::new(Handles::uncached(Arc::clone(&self.disk)));
        let SegmentReader { folder, catalog, .. } = &*self.reader;
        Scrubber {
            disk: Arc::clone(&self.disk),
            reader: SegmentReader { folder: *folder, catalog: Arc::clone(catalog), handles },
            files: Arc::clone(&self.files),
            health: Arc::clone(&self.health),
            damaged: Arc::clone(&self.damaged),
            control: Arc::clone(&self.scrub),
            meters: self.meters.clone(),
            settings,
            others: Others::default(),
            saved,
        }
    }

    /// Stores shards of one piece each. `done` is called exactly once, with a result for each, once they are durable or
    /// refused.
    pub fn put(&self, records: Vec<Record>, done: impl FnOnce(Vec<Result<(), DiskError>>) + Send + 'static) {
        if let Err(why) = self.health.check_room(&*self.disk) {
            return done(vec![Err(why); records.len()]);
        }
        let mut answers: Vec<Result<(), DiskError>> = records.iter().map(|record| self.check_record(record)).collect();
        let good = records.into_iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
        let changes: Vec<_> = good.map(|(Record { shard, piece }, _)| Change::Put { shard, piece }).collect();
        if changes.is_empty() {
            return done(answers);
        }
        let (meters, damaged) = (self.meters.clone(), Arc::clone(&self.damaged));
        let shards: Vec<Uuid> = changes.iter().map(Change::shard).collect();
        self.enqueue(changes, move |durable, why| {
            damaged.clear(shards.into_iter().take(durable));
            let refused = why.unwrap_or(DiskError::Busy);
            for answer in answers.iter_mut().filter(|answer| answer.is_ok()).skip(durable) {
                *answer = Err(refused.clone());
            }
            meters.records.increment(durable as u64);
            done(answers);
        });
    }

    fn check_record(&self, record: &Record) -> Result<(), DiskError> {
        if !record.piece.is_intact(record.shard, 0) {
            return Err(DiskError::Damaged);
        }
        Log::fits(self.segment_bytes, &record.piece)
    }

    /// Stores one piece of a shard of several. It is durable only after [`Self::seal`].
    ///
    /// # Errors
    /// If the piece is damaged, contradicts others, comes before piece 0, or if the disk is full or has failed.
    pub fn stage(&self, shard: Uuid, bucket: &BucketName, piece: &Piece) -> Result<(), DiskError> {
        self.files.stage(shard, bucket, piece)?;
        self.meters.written_bytes.increment(piece.bytes.len() as u64);
        Ok(())
    }

    /// Makes a shard of `pieces` pieces, `bytes` bytes together, durable.
    ///
    /// # Errors
    /// `NotFound` if pieces are missing, `Damaged` if the lengths do not add up, or if the disk has failed.
    pub fn seal(&self, shard: Uuid, bucket: &BucketName, pieces: u32, bytes: u64) -> Result<(), DiskError> {
        let begin = Instant::now();
        let sealed = self.files.seal(shard, bucket, pieces, bytes);
        self.meters.seal_seconds.record(begin.elapsed());
        sealed
    }

    /// Deletes shards, in segments and in files. `done` is called exactly once, when the deletion is durable or has
    /// failed.
    pub fn discard(
        &self,
        bucket: &BucketName,
        shards: &[Uuid],
        done: impl FnOnce(Result<(), DiskError>) + Send + 'static,
    ) {
        if let Err(why) = self.files.discard(bucket, shards) {
            return done(Err(why));
        }
        let changes = shards.iter().map(|&shard| Change::Discard { shard }).collect();
        let (damaged, shards) = (Arc::clone(&self.damaged), shards.to_vec());
        self.enqueue(changes, move |durable, why| {
            damaged.clear(shards.into_iter().take(durable));
            done(why.map_or(Ok(()), Err));
        });
    }

    fn enqueue(&self, changes: Vec<Change>, done: impl FnOnce(usize, Option<DiskError>) + Send + 'static) {
        if let Err(job) = self.queue.push(Job { changes, done: Box::new(done) }) {
            (job.done)(0, Some(DiskError::Busy));
        }
    }

    /// Reads up to `count` pieces from piece `first` as a whole reply of the node protocol. The bytes are as stored:
    /// the requesting process verifies them.
    ///
    /// # Errors
    /// If there is no such piece, if a header is damaged, or if the disk cannot read it.
    pub fn read(&self, shard: Uuid, bucket: &BucketName, first: u32, count: u16) -> Result<Bytes, DiskError> {
        let begin = Instant::now();
        let record = if first == 0 { self.reader.read(shard) } else { Ok(None) };
        let (reply, holder) = match record {
            Ok(Some(reply)) => (Ok(reply), None),
            Ok(None) => (self.files.read(shard, bucket, first, count), Some(bucket)),
            Err(why) => (Err(why), None),
        };
        self.health.count_read(begin.elapsed());
        if let Err(why) = &reply
            && self.damaged.note_damage(shard, holder, why)
        {
            self.health.count_read_error(&reply);
        }
        match &reply {
            Ok(reply) => self.meters.read_bytes.increment(reply.len() as u64),
            Err(DiskError::Damaged) => self.meters.damaged.increment(1),
            Err(DiskError::Unreadable(_)) => self.meters.unreadable.increment(1),
            Err(_) => {}
        }
        reply
    }

    /// The location of a shard on disk.
    ///
    /// # Errors
    /// If there is no such shard, or if its file is damaged or cannot be opened.
    pub fn locate(&self, shard: Uuid, bucket: &BucketName) -> Result<PiecesLocation, DiskError> {
        if let Some((path, offset, last_bytes)) = self.reader.locate(shard) {
            return Ok(PiecesLocation { path, offset, stride: Form::of(shard).stride_bytes(), pieces: 1, last_bytes });
        }
        let Shape { form, pieces, last_bytes } = self.files.shape(shard, bucket)?;
        let path = shard_path(bucket, shard);
        Ok(PiecesLocation { path, offset: 0, stride: form.stride_bytes(), pieces, last_bytes })
    }

    /// The number of pieces of a shard and their bytes, by the length of its file and by what was found before; with
    /// `verify`, after a check of every piece. An inspection of a staged shard keeps it from being swept.
    ///
    /// # Errors
    /// If there is no such shard, if it is damaged, or if the disk cannot read it.
    pub fn inspect(&self, shard: Uuid, bucket: &BucketName, verify: bool) -> Result<(u32, u64), DiskError> {
        let found = if verify { self.verify(shard, Some(bucket)) } else { self.look(shard, bucket) };
        if found == Err(DiskError::NotFound) {
            self.files.touch(shard);
        }
        found
    }

    fn look(&self, shard: Uuid, bucket: &BucketName) -> Result<(u32, u64), DiskError> {
        let found = match self.reader.length(shard)? {
            Some(bytes) => (1, u64::from(bytes)),
            None => self.files.current_shape(shard, bucket).map(|shape| (shape.pieces, shape.bytes()))?,
        };
        self.known(shard, found)
    }

    /// What was found of a shard by looks at it, unless more is known.
    pub(super) fn known<T>(&self, shard: Uuid, found: T) -> Result<T, DiskError> {
        self.damaged.of(shard).map_or(Ok(found), |damage| Err(damage.error()))
    }

    /// How many pieces and bytes a shard has, after a check of every bit of it. What it says is remembered. Without a
    /// bucket it is looked for among the records only.
    pub(super) fn verify(&self, shard: Uuid, bucket: Option<&BucketName>) -> Result<(u32, u64), DiskError> {
        let (found, holder) = match self.reader.verify(shard) {
            Ok(Some(bytes)) => (Ok((1, u64::from(bytes))), None),
            Ok(None) => {
                let file = bucket.ok_or(DiskError::NotFound).and_then(|bucket| self.files.verify(shard, bucket));
                (file.map(|shape| (shape.pieces, shape.bytes())), bucket)
            }
            Err(why) => (Err(why), None),
        };
        if self.damaged.note(shard, holder, &found) {
            self.health.count_read_error(&found);
        }
        found
    }

    /// Tells the scrub something, at a moment, and returns what it says of itself then, once what it was told would
    /// outlive a kill.
    ///
    /// # Errors
    /// If it cannot be saved, or not in time. The scrub does as it was told until the next start.
    pub fn scrub(&self, command: ScrubCommand, now: SystemTime) -> Result<ScrubStatus, DiskError> {
        let Totals { shards, bytes } = self.totals();
        let held = Held { shards, bytes, damaged: self.damaged.count() as u64 };
        let status = self.scrub.command(command, unix_ms(now), held);
        if command != ScrubCommand::Status {
            self.scrub.wait_saved()?;
        }
        Ok(status)
    }

    /// What was found damaged, or gone, since the last call, the first `max`.
    pub fn take_findings(&self, max: usize) -> Vec<Finding> {
        self.damaged.take_findings(max)
    }

    /// How the disk does, at a moment.
    pub fn report(&self, now: Instant) -> DiskReport {
        DiskReport { damaged_shards: self.damaged.count() as u64, ..self.health.report(now) }
    }

    /// The totals of all shards.
    pub fn totals(&self) -> Totals {
        let ((shards, bytes), (files, file_bytes)) = (self.reader.catalog.totals(), self.files.totals());
        Totals { shards: shards + files, bytes: bytes + file_bytes }
    }

    /// The room on the disk; half a second old at most.
    pub fn space(&self) -> Result<Space, DiskError> {
        self.health.space(&*self.disk)
    }

    /// How often something was written since the start.
    pub fn writes(&self) -> u64 {
        self.health.writes()
    }

    /// Fails if the disk once has: nothing is written any more.
    pub fn check(&self) -> Result<(), DiskError> {
        self.health.check()
    }

    /// Whether writes are stuck: the disk has not answered one of them for seconds. It passes when the disk answers.
    pub fn is_stalled(&self, now: Instant) -> bool {
        self.health.is_stalled(now)
    }

    /// Finishes the accepted writes and stops the threads. Later reads succeed; later writes are refused.
    pub fn close(&self) {
        self.scrub.close();
        self.queue.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the disk layer panicked");
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}
