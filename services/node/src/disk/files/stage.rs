use std::collections::hash_map::Entry;
use std::io::{self, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use events::ids::BucketName;
use shards::piece::{Form, PIECES_MAX, Piece, PieceHeader, UNIT_BYTES};
use uuid::Uuid;

use super::super::DiskError;
use super::super::limits::{PAST_CACHE_BYTES_MIN, STAGED_MAX, STAGED_SYNC_BYTES};
use super::{Shape, ShardFiles, bucket_path, shard_path, staged_path};
use vfs::{File, Open};

/// A staged shard: its pieces are being collected.
pub(super) struct Staged {
    pub(super) bucket: BucketName,
    pub(super) state: StagedState,
    /// A bit for each piece that has arrived.
    there: Vec<u64>,
    /// The index and length of the piece that is not full: only the last one may be short.
    short: Option<(u32, usize)>,
    pub(super) unsynced_bytes: u64,
    pub(super) touched: Instant,
}

pub(super) enum StagedState {
    /// The file does not exist yet.
    New,
    Open(Arc<dyn File>),
    /// The file is synced and closed until the next piece.
    Closed,
    /// The shard was sealed or dropped while another request waited for it, which then looks it up again.
    Gone,
}

impl Staged {
    fn new(bucket: BucketName) -> Self {
        let touched = Instant::now();
        Self { bucket, state: StagedState::New, there: Vec::new(), short: None, unsynced_bytes: 0, touched }
    }

    fn note(&mut self, piece: &Piece) {
        let word = (piece.index / u64::BITS) as usize;
        if self.there.len() <= word {
            self.there.resize(word + 1, 0);
        }
        self.there[word] |= 1 << (piece.index % u64::BITS);
        if piece.bytes.len() < UNIT_BYTES {
            self.short = Some((piece.index, piece.bytes.len()));
        }
        self.unsynced_bytes += piece.bytes.len() as u64;
    }

    /// Bytes of the pieces that are staged.
    pub(super) fn bytes(&self) -> u64 {
        let pieces: u64 = self.there.iter().map(|word| u64::from(word.count_ones())).sum();
        let lacking = self.short.map_or(0, |(_, length)| UNIT_BYTES.saturating_sub(length) as u64);
        (pieces * UNIT_BYTES as u64).saturating_sub(lacking)
    }

    /// Whether a piece is consistent with earlier ones: only one may be short, and its length must not change.
    fn agrees(&self, piece: &Piece) -> bool {
        match self.short {
            Some((index, length)) if index == piece.index => length == piece.bytes.len(),
            Some(_) => piece.bytes.len() == UNIT_BYTES,
            None => piece.bytes.len() == UNIT_BYTES || !self.has(piece.index),
        }
    }

    fn has(&self, index: u32) -> bool {
        self.there.get((index / u64::BITS) as usize).is_some_and(|word| word >> (index % u64::BITS) & 1 == 1)
    }

    /// Whether exactly the pieces of `shape` have arrived.
    fn is_complete(&self, shape: Shape) -> Result<(), DiskError> {
        let count: u32 = self.there.iter().map(|word| word.count_ones()).sum();
        if !(0..shape.pieces).all(|index| self.has(index)) {
            return Err(DiskError::NotFound);
        }
        let (last, last_bytes) = (shape.pieces - 1, shape.last_bytes as usize);
        let short = (last_bytes < UNIT_BYTES).then_some((last, last_bytes));
        if count == shape.pieces && self.short == short { Ok(()) } else { Err(DiskError::Damaged) }
    }
}

impl ShardFiles {
    /// Writes one piece, which is durable only after the seal. `Damaged` if it does not match its checksum. Piece 0
    /// creates the shard; another piece is `NotFound` if the shard no longer exists.
    pub(crate) fn stage(&self, shard: Uuid, bucket: &BucketName, piece: &Piece) -> Result<(), DiskError> {
        if piece.index >= PIECES_MAX || piece.bytes.is_empty() || piece.bytes.len() > UNIT_BYTES {
            return Err(DiskError::Invalid("a piece beyond the limits"));
        }
        if !piece.is_intact(shard, piece.index) {
            return Err(DiskError::Damaged);
        }
        self.health.check_room(&*self.disk)?;
        let _waits = self.health.wait();
        loop {
            let Some(entry) = self.staged_entry(shard, bucket, piece.index)? else {
                return self.check_sealed(shard, bucket, piece);
            };
            let mut staged = entry.lock().unwrap_or_else(PoisonError::into_inner);
            if &staged.bucket != bucket || !staged.agrees(piece) {
                return Err(DiskError::Invalid("a piece that contradicts an earlier one"));
            }
            let file = match &staged.state {
                StagedState::Gone => continue,
                StagedState::Open(file) => Arc::clone(file),
                StagedState::New | StagedState::Closed => match self.open_staged(shard, &mut staged) {
                    Ok(file) => file,
                    Err(e) => return Err(self.give_up(shard, staged, &e, "a staged shard's file")),
                },
            };
            let header = piece.header();
            let mut parts = [IoSlice::new(&header), IoSlice::new(&piece.bytes)];
            let offset = piece.form().offset(piece.index);
            let is_long = piece.bytes.len() >= PAST_CACHE_BYTES_MIN;
            let written =
                if is_long { file.write_past_cache(&mut parts, offset) } else { file.write_at(&mut parts, offset) };
            if let Err(e) = written {
                return Err(self.give_up(shard, staged, &e, "write of a piece"));
            }
            staged.note(piece);
            staged.touched = Instant::now();
            return self.sync_some(staged, &*file);
        }
    }

    /// Keeps a staged shard from being swept, because its writer is slow but alive.
    pub(crate) fn touch(&self, shard: Uuid) {
        let staged = self.staged().get(&shard).cloned();
        if let Some(staged) = staged {
            staged.lock().unwrap_or_else(PoisonError::into_inner).touched = Instant::now();
        }
    }

    /// Makes a staged shard durable; `NotFound` if pieces are missing.
    pub(crate) fn seal(&self, shard: Uuid, bucket: &BucketName, pieces: u32, bytes: u64) -> Result<(), DiskError> {
        let shape = Shape::new(Form::of(shard), pieces, bytes).ok_or(DiskError::Damaged)?;
        self.health.check()?;
        let _waits = self.health.wait();
        let entry = self.staged().get(&shard).cloned();
        let Some(entry) = entry else { return self.seal_again(shard, bucket, shape) };
        let mut staged = entry.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &staged.state {
            StagedState::Open(file) if &staged.bucket == bucket => Arc::clone(file),
            StagedState::Closed if &staged.bucket == bucket => {
                let file = self.disk.open(&staged_path(bucket, shard), Open::Existing);
                file.map_err(|e| self.health.classify("open of a staged shard", &e))?
            }
            StagedState::Gone => return self.seal_again(shard, bucket, shape),
            _ => return Err(DiskError::NotFound),
        };
        staged.is_complete(shape)?;
        if let Err(e) = self.health.sync(&*file) {
            return Err(self.sync_lost(shard, staged, &e));
        }
        let (from, to) = (staged_path(bucket, shard), shard_path(bucket, shard));
        self.disk.rename(&from, &to).map_err(|e| self.health.sync_failed("rename of a sealed shard", &e))?;
        self.disk.sync(&bucket_path(bucket)).map_err(|e| self.health.sync_failed("sync of a bucket's folder", &e))?;
        staged.state = StagedState::Gone;
        self.index.insert(shard, bucket, shape.bytes());
        self.staged().remove(&shard);
        Ok(())
    }

    /// Repeats a seal: makes sure that the shard exists and is durable, also if the first seal was interrupted.
    fn seal_again(&self, shard: Uuid, bucket: &BucketName, shape: Shape) -> Result<(), DiskError> {
        let file = match self.disk.open(&shard_path(bucket, shard), Open::Existing) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(DiskError::NotFound),
            other => other.map_err(|e| DiskError::from_read("open of a shard", &e))?,
        };
        let bytes = file.length().map_err(|e| DiskError::from_read("length of a shard", &e))?;
        if bytes != shape.file_bytes() {
            return Err(DiskError::Damaged);
        }
        file.sync().map_err(|e| self.health.sync_failed("sync of a shard", &e))?;
        self.disk.sync(&bucket_path(bucket)).map_err(|e| self.health.sync_failed("sync of a bucket's folder", &e))
    }

    /// The staged shard, created if this is its first piece; `None` if the shard is sealed already.
    fn staged_entry(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        index: u32,
    ) -> Result<Option<Arc<Mutex<Staged>>>, DiskError> {
        if let Some(staged) = self.staged().get(&shard) {
            return Ok(Some(Arc::clone(staged)));
        }
        match self.disk.open(&shard_path(bucket, shard), Open::Existing) {
            Ok(_) => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(DiskError::from_read("open of a shard", &e)),
        }
        let mut table = self.staged();
        let full = table.len() >= STAGED_MAX;
        match table.entry(shard) {
            Entry::Occupied(staged) => Ok(Some(Arc::clone(staged.get()))),
            // The shard was swept, or the node restarted. The seal would fail later, so fail now.
            Entry::Vacant(_) if index > 0 => Err(DiskError::NotFound),
            Entry::Vacant(_) if full => Err(DiskError::Busy),
            Entry::Vacant(free) => Ok(Some(Arc::clone(free.insert(Arc::new(Mutex::new(Staged::new(bucket.clone()))))))),
        }
    }

    /// Checks a piece of a sealed shard: it is accepted if it is the stored one.
    fn check_sealed(&self, shard: Uuid, bucket: &BucketName, piece: &Piece) -> Result<(), DiskError> {
        let header = piece.header();
        let same = self.is_stored_header(shard, bucket, piece.index, &header)?;
        if same { Ok(()) } else { Err(DiskError::Invalid("a piece that contradicts the sealed shard")) }
    }

    fn is_stored_header(
        &self,
        shard: Uuid,
        bucket: &BucketName,
        index: u32,
        header: &PieceHeader,
    ) -> Result<bool, DiskError> {
        let path = shard_path(bucket, shard);
        let mut stored = vec![0; header.len()];
        let file = self.disk.open(&path, Open::Existing).map_err(|e| DiskError::from_read("open of a shard", &e))?;
        match file.read_at(&mut stored, Form::of(shard).offset(index)) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            other => other.map(|()| stored == **header).map_err(|e| DiskError::from_read("read of a shard", &e)),
        }
    }

    /// Syncs the file if much was written since the last sync, so that a later seal is quick.
    fn sync_some(&self, mut staged: MutexGuard<'_, Staged>, file: &dyn File) -> Result<(), DiskError> {
        if staged.unsynced_bytes < STAGED_SYNC_BYTES {
            return Ok(());
        }
        staged.unsynced_bytes = 0;
        drop(staged);
        file.sync().map_err(|e| self.health.sync_failed("sync of a shard", &e))
    }

    /// Handles a failed write: the shard is dropped, and its writer uses another node.
    fn give_up(&self, shard: Uuid, staged: MutexGuard<'_, Staged>, error: &io::Error, what: &str) -> DiskError {
        let why = self.health.classify(what, error);
        self.drop_staged(shard, staged);
        why
    }

    /// Handles a failed sync: with `StorageFull` (allocated space was missing) only the bytes of this file are lost.
    pub(super) fn sync_lost(&self, shard: Uuid, staged: MutexGuard<'_, Staged>, error: &io::Error) -> DiskError {
        match DiskError::from_io("sync of a shard", error) {
            DiskError::Full => {
                self.drop_staged(shard, staged);
                DiskError::Full
            }
            _ => self.health.sync_failed("sync of a shard", error),
        }
    }

    /// Forgets a staged shard and its file.
    pub(super) fn drop_staged(&self, shard: Uuid, mut staged: MutexGuard<'_, Staged>) {
        match std::mem::replace(&mut staged.state, StagedState::Gone) {
            // A new staged shard may have replaced it already.
            StagedState::Gone => return,
            StagedState::New => {}
            StagedState::Open(_) | StagedState::Closed => {
                // Best effort: a staged file is never read, and is swept at the next start.
                let _ = self.disk.remove(&staged_path(&staged.bucket, shard));
            }
        }
        self.staged().remove(&shard);
    }
}
