use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::sync::Arc;

use shards::piece::{Piece, PieceHeader};
use uuid::Uuid;

use super::super::health::Health;
use super::super::limits::{
    PAST_CACHE_BYTES_MIN, ROLL_BYTES_MIN, TOMBSTONE_ROOM_BYTES, ZERO_AHEAD_BYTES, ZERO_AHEAD_GROUP_BYTES,
};
use super::super::{DiskError, limits};
use super::record::{
    Entry, RECORD_ALIGN_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentName, put_size, record_header,
};
use super::{Catalog, Location, SEGMENTS, segment_path};
use vfs::{File, Folder, Open};

/// A change to the shards in the segments.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Store a shard, replacing an older one.
    Put { shard: Uuid, piece: Piece },
    /// Delete a shard, if it exists.
    Discard { shard: Uuid },
    /// Delete a shard if it is still at this location, because that record is damaged (compaction).
    Lose { shard: Uuid, from: Location },
    /// Move a shard from this location, if it is still there (compaction).
    Move { shard: Uuid, from: Location, piece: Piece },
    /// Write the tombstone of a shard again, if it is still needed once the old tombstone and `records` records of the
    /// shard are removed with segment `from` (compaction).
    Bury { shard: Uuid, from: u32, records: u32 },
}

impl Change {
    /// The bytes that the change counts for in the queue.
    pub(crate) fn weight(&self) -> usize {
        self.piece_bytes() + limits::CHANGE_OVERHEAD_BYTES
    }

    /// Whose change it is.
    pub(crate) fn shard(&self) -> Uuid {
        match self {
            Self::Put { shard, .. }
            | Self::Discard { shard }
            | Self::Lose { shard, .. }
            | Self::Move { shard, .. }
            | Self::Bury { shard, .. } => *shard,
        }
    }

    /// Bytes of the piece in the change.
    pub(crate) fn piece_bytes(&self) -> usize {
        match self {
            Self::Put { piece, .. } | Self::Move { piece, .. } => piece.bytes.len(),
            Self::Discard { .. } | Self::Lose { .. } | Self::Bury { .. } => 0,
        }
    }
}

/// A segment that accepts no more records, with the entries of its hint.
pub(crate) struct SealedSegment {
    pub(crate) name: SegmentName,
    pub(crate) entries: Vec<Entry>,
}

/// Writes the segments: makes each group of changes durable with one sync.
pub(crate) struct Log {
    disk: Arc<dyn Folder>,
    catalog: Arc<Catalog>,
    health: Arc<Health>,
    folder: Uuid,
    segment_bytes: u32,
    next_number: u32,
    active: Option<Active>,
    sealed: Vec<SealedSegment>,
}

struct Active {
    name: SegmentName,
    file: Arc<dyn File>,
    end: u32,
    /// The length of the file, which the disk has promised room for: less than a segment's after a rest.
    allocated: u32,
    zeroed: u32,
    /// A write failed: the bytes after `end` are unknown, so nothing may be written there.
    spoiled: bool,
    entries: Vec<Entry>,
}

/// The first part of a group of changes that one write appends to the active segment.
#[derive(Default)]
struct Group<'a> {
    taken: usize,
    records: Vec<(Entry, Option<&'a Piece>)>,
    bytes: u32,
}

impl Log {
    /// A log whose next segment has the number `next_number`.
    pub(crate) fn new(
        disk: Arc<dyn Folder>,
        catalog: Arc<Catalog>,
        health: Arc<Health>,
        folder: Uuid,
        segment_bytes: u32,
        next_number: u32,
    ) -> Self {
        Self { disk, catalog, health, folder, segment_bytes, next_number, active: None, sealed: Vec::new() }
    }

    /// Checks that a piece fits in a segment of `segment_bytes` bytes.
    pub(crate) fn fits(segment_bytes: u32, piece: &Piece) -> Result<(), DiskError> {
        let length = u32::try_from(piece.bytes.len()).ok().filter(|length| *length <= segment_bytes);
        match length.map(|length| put_size(piece.form(), length)) {
            Some(size) if SEGMENT_HEADER_BYTES + size <= segment_bytes - segment_bytes / 16 => Ok(()),
            _ => Err(DiskError::Invalid("a piece larger than a segment")),
        }
    }

    /// Makes changes durable in order, and then visible. Returns the number of durable changes and, if not all are, the
    /// error.
    pub(crate) fn commit(&mut self, changes: &[Change]) -> (usize, Option<DiskError>) {
        let health = Arc::clone(&self.health);
        let _waits = health.wait();
        let mut done = 0;
        while done < changes.len() {
            match self.commit_group(&changes[done..]) {
                Ok(taken) => done += taken,
                Err(why) => return (done, Some(why)),
            }
        }
        (done, None)
    }

    /// The segments sealed since the last call.
    pub(crate) fn take_sealed(&mut self) -> Vec<SealedSegment> {
        std::mem::take(&mut self.sealed)
    }

    /// Seals the active segment, so that the next start need not read it.
    pub(crate) fn finish(&mut self) -> Result<(), DiskError> {
        self.health.check()?;
        match self.active.take() {
            Some(active) => self.cut(&active).map(|()| self.seal(active)),
            None => Ok(()),
        }
    }

    fn commit_group(&mut self, changes: &[Change]) -> Result<usize, DiskError> {
        self.health.check()?;
        let Some(active) = &mut self.active else {
            self.active = Some(self.open_segment(self.segment_bytes)?);
            return Ok(0);
        };
        active.grow(self.segment_bytes).map_err(|e| self.health.classify("room for a segment", &e))?;
        let group = plan(changes, &self.catalog, active, tombstone_room(self.segment_bytes));
        if group.taken == 0 {
            self.roll()?;
            return Ok(0);
        }
        if !group.records.is_empty() {
            if let Err(e) = active.write(&group) {
                active.spoiled = true;
                return Err(self.health.classify("write of a segment", &e));
            }
            self.health.sync(&*active.file).map_err(|e| self.health.sync_failed("sync of a segment", &e))?;
            active.end += group.bytes;
            for (entry, _) in &group.records {
                self.catalog.apply(active.name.number, entry);
                active.entries.push(*entry);
            }
        }
        Ok(group.taken)
    }

    /// Starts a new segment. If there is no space for one, the old one stays active for tombstones, which it still
    /// accepts.
    fn roll(&mut self) -> Result<(), DiskError> {
        if let Some(active) = self.active.take_if(|active| active.spoiled) {
            self.cut(&active)?;
            self.seal(active);
        }
        let new = self.open_segment(self.segment_bytes)?;
        if let Some(old) = self.active.replace(new) {
            self.seal(old);
        }
        Ok(())
    }

    /// For when nothing was written for a while. Gives back the room that the active segment was given ahead. If most of
    /// what was written last is dead, it begins a new segment, because the newest is never compacted.
    pub(crate) fn rest(&mut self) -> Result<(), DiskError> {
        self.health.check()?;
        if let Some(active) = self.active.as_mut().filter(|active| !active.spoiled) {
            let needed = active.end.saturating_add(tombstone_room(self.segment_bytes)).min(self.segment_bytes);
            active.shrink(needed).map_err(|e| self.health.sync_failed("cut of a segment", &e))?;
        }
        if !self.is_newest_mostly_dead() {
            return Ok(());
        }
        let new = self.open_segment(SEGMENT_HEADER_BYTES + tombstone_room(self.segment_bytes))?;
        if let Some(old) = self.active.replace(new) {
            self.cut(&old)?;
            self.seal(old);
        }
        Ok(())
    }

    fn is_newest_mostly_dead(&self) -> bool {
        let Some((newest, needed_bytes)) = self.catalog.newest() else { return false };
        let bytes = match &self.active {
            Some(active) => u64::from(active.end),
            // One that cannot be looked at stays as it is.
            None => self.disk.length(&segment_path(newest)).unwrap_or(0),
        };
        bytes >= ROLL_BYTES_MIN.min(self.segment_bytes / 4).into() && needed_bytes < bytes / 2
    }

    fn open_segment(&mut self, allocated: u32) -> Result<Active, DiskError> {
        let name = SegmentName { folder: self.folder, number: self.next_number };
        let path = segment_path(name.number);
        let make = || {
            let file = self.disk.open(&path, Open::Create)?;
            file.allocate(u64::from(allocated))?;
            file.write_at(&mut [IoSlice::new(&name.header())], 0)?;
            Ok(file)
        };
        let file = make().map_err(|e: io::Error| {
            // Best effort: an empty segment is harmless, and the next attempt creates it again.
            let _ = self.disk.remove(&path);
            self.health.classify("a new segment", &e)
        })?;
        self.health.sync(&*file).map_err(|e| self.health.sync_failed("sync of a new segment", &e))?;
        self.disk.sync(SEGMENTS.as_ref()).map_err(|e| self.health.sync_failed("sync of the segments' folder", &e))?;
        self.next_number += 1;
        self.catalog.open_segment(name.number);
        let (end, zeroed) = (SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES);
        Ok(Active { name, file, end, allocated, zeroed, spoiled: false, entries: Vec::new() })
    }

    /// Truncates a segment after its last record, durably.
    fn cut(&self, active: &Active) -> Result<(), DiskError> {
        let cut = active.file.set_len(u64::from(active.end)).and_then(|()| active.file.sync());
        cut.map_err(|e| self.health.sync_failed("cut of a segment", &e))
    }

    fn seal(&mut self, active: Active) {
        self.catalog.seal_segment(active.name.number);
        if self.sealed.len() < limits::HINTS_WAITING_MAX {
            self.sealed.push(SealedSegment { name: active.name, entries: active.entries });
        }
    }
}

/// Decides which changes are still needed, where each is written, and how many fit in the segment.
fn plan<'a>(changes: &'a [Change], catalog: &Catalog, active: &Active, tombstone_room: u32) -> Group<'a> {
    let mut group = Group::default();
    if active.spoiled {
        return group;
    }
    let mut touched: HashMap<Uuid, bool> = HashMap::new();
    for change in changes {
        let unmoved = |shard, from: &_| !touched.contains_key(shard) && catalog.locate(*shard).as_ref() == Some(from);
        let record = match change {
            Change::Put { shard, piece } => Some((*shard, Some(piece))),
            Change::Discard { shard } => {
                let live = touched.get(shard).copied().unwrap_or_else(|| catalog.locate(*shard).is_some());
                live.then_some((*shard, None))
            }
            Change::Move { shard, from, piece } => unmoved(shard, from).then_some((*shard, Some(piece))),
            Change::Lose { shard, from } => unmoved(shard, from).then_some((*shard, None)),
            Change::Bury { shard, from, records } => {
                let needed = !touched.contains_key(shard) && catalog.needs_tombstone(*shard, *from, *records);
                needed.then_some((*shard, None))
            }
        };
        if let Some((shard, piece)) = record {
            let length = piece.map(|piece| u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX));
            let entry = Entry { shard, offset: active.end + group.bytes, length };
            let end_max = active.allocated.saturating_sub(if piece.is_some() { tombstone_room } else { 0 });
            if entry.offset.saturating_add(entry.size()) > end_max {
                break;
            }
            touched.insert(shard, piece.is_some());
            group.bytes += entry.size();
            group.records.push((entry, piece));
        }
        group.taken += 1;
    }
    group
}

/// The bytes at the end of a segment that only tombstones may use.
fn tombstone_room(segment_bytes: u32) -> u32 {
    TOMBSTONE_ROOM_BYTES.min(segment_bytes / 16)
}

impl Active {
    /// Gets the room of a whole segment again after a rest. If there is none, what is left of it goes to tombstones.
    fn grow(&mut self, segment_bytes: u32) -> io::Result<()> {
        if self.allocated >= segment_bytes || self.spoiled {
            return Ok(());
        }
        match self.file.allocate(u64::from(segment_bytes)) {
            Ok(()) => self.allocated = segment_bytes,
            Err(e) if matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    /// Gives the room behind `allocated` back.
    fn shrink(&mut self, allocated: u32) -> io::Result<()> {
        if self.allocated <= allocated {
            return Ok(());
        }
        self.file.set_len(u64::from(allocated))?;
        self.file.sync()?;
        self.allocated = allocated;
        self.zeroed = self.zeroed.min(allocated);
        Ok(())
    }

    fn write(&mut self, group: &Group<'_>) -> io::Result<()> {
        const PADDING: [u8; RECORD_ALIGN_BYTES as usize] = [0; RECORD_ALIGN_BYTES as usize];
        type Headers = ([u8; RECORD_HEADER_BYTES as usize], Option<PieceHeader>);
        let headers: Vec<Headers> = group
            .records
            .iter()
            .map(|(entry, piece)| (record_header(self.name, entry), piece.map(Piece::header)))
            .collect();
        let mut parts = Vec::with_capacity(4 * headers.len() + 1);
        for ((entry, piece), (record, header)) in group.records.iter().zip(&headers) {
            parts.push(IoSlice::new(record));
            if let (Some(piece), Some(header)) = (piece, header) {
                let written = record.len() + header.len() + piece.bytes.len();
                parts.push(IoSlice::new(header));
                parts.push(IoSlice::new(&piece.bytes));
                parts.push(IoSlice::new(&PADDING[..(entry.size() as usize).saturating_sub(written)]));
            }
        }
        let end = self.end + group.bytes;
        let zeros = self.zeros_behind(end, group.bytes);
        parts.push(IoSlice::new(&zeros));
        let pieces = group.records.iter().filter_map(|(_, piece)| *piece);
        // The zeros stay in the page cache, since the next records are written into their pages.
        if zeros.is_empty() && pieces.map(|piece| piece.bytes.len()).max() >= Some(PAST_CACHE_BYTES_MIN) {
            self.file.write_past_cache(&mut parts, u64::from(self.end))?;
        } else {
            self.file.write_at(&mut parts, u64::from(self.end))?;
        }
        self.zeroed = self.zeroed.max(end + u32::try_from(zeros.len()).unwrap_or(0));
        Ok(())
    }

    /// The number of zeros to write after a group that ends at `end`: none if there are zeros already, or if the group
    /// is large.
    fn zeros_behind(&self, end: u32, group_bytes: u32) -> Vec<u8> {
        if end <= self.zeroed || group_bytes >= ZERO_AHEAD_GROUP_BYTES {
            return Vec::new();
        }
        vec![0; ZERO_AHEAD_BYTES.min(self.allocated.saturating_sub(end)) as usize]
    }
}
