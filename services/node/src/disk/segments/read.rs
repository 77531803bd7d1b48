//! Reads shards from the segments.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use shards::piece::{Form, Piece};
use shards::protocol::pieces_reply_head;
use uuid::Uuid;

use super::super::DiskError;
use super::super::handles::Handles;
use super::record::{self, RECORD_HEADER_BYTES, SegmentName, parse_record};
use super::scan::take_piece;
use super::{Catalog, Location, segment_path};

/// The most times that a read follows a shard that compaction moves meanwhile.
const MOVES_MAX: usize = 4;

/// Reads the segments.
pub(crate) struct SegmentReader {
    pub(crate) folder: Uuid,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) handles: Arc<Handles>,
}

impl SegmentReader {
    /// Reads a shard's piece into a reply and checks its header, but not its bytes. `None` if there is no such shard.
    pub(crate) fn read(&self, shard: Uuid) -> Result<Option<Bytes>, DiskError> {
        Ok(self.read_record(shard)?.map(|record| {
            let head = pieces_reply_head(1);
            let begin = RECORD_HEADER_BYTES as usize - head.len();
            let mut record = Vec::from(record);
            record[begin..RECORD_HEADER_BYTES as usize].copy_from_slice(&head);
            Bytes::from(record).slice(begin..)
        }))
    }

    /// Verifies a shard's piece and returns its length in bytes. `None` if there is no such shard.
    pub(crate) fn verify(&self, shard: Uuid) -> Result<Option<u32>, DiskError> {
        let Some(record) = self.read_record(shard)? else { return Ok(None) };
        let piece = Piece::take(&mut record.slice(RECORD_HEADER_BYTES as usize..)).map_err(|_| DiskError::Damaged)?;
        let length = u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX);
        if piece.is_intact(shard, 0) { Ok(Some(length)) } else { Err(DiskError::Damaged) }
    }

    /// The length of a shard's piece in bytes, if its segment exists and is long enough. No byte is read. `None` if
    /// there is no such shard.
    pub(crate) fn length(&self, shard: Uuid) -> Result<Option<u32>, DiskError> {
        self.follow(shard, |location| {
            let reaches = self.reaches(shard, location, &mut HashMap::new())?;
            Ok(reaches.then_some(location.length))
        })
    }

    /// Whether a shard's segment is there and reaches to the end of its record. `segments` has the lengths of those that
    /// were looked at.
    pub(crate) fn reaches(
        &self,
        shard: Uuid,
        location: Location,
        segments: &mut HashMap<u32, Option<u64>>,
    ) -> Result<bool, DiskError> {
        let bytes = match segments.entry(location.segment) {
            Entry::Occupied(bytes) => *bytes.get(),
            Entry::Vacant(free) => *free.insert(self.handles.length(&segment_path(location.segment))?),
        };
        let end = u64::from(location.offset) + record_bytes(shard, location) as u64;
        Ok(bytes.is_some_and(|bytes| end <= bytes))
    }

    fn read_record(&self, shard: Uuid) -> Result<Option<Bytes>, DiskError> {
        self.follow(shard, |location| self.read_at(shard, location))
    }

    /// Calls `read` with the location of a shard, and again if compaction has moved it meanwhile. A shard that is not
    /// at its location is damaged.
    fn follow<R>(
        &self,
        shard: Uuid,
        read: impl Fn(Location) -> Result<Option<R>, DiskError>,
    ) -> Result<Option<R>, DiskError> {
        let mut before = None;
        for _ in 0..MOVES_MAX {
            let Some(location) = self.catalog.locate(shard) else { return Ok(None) };
            if before == Some(location) {
                return Err(DiskError::Damaged);
            }
            if let Some(found) = read(location)? {
                return Ok(Some(found));
            }
            before = Some(location);
        }
        Err(DiskError::Busy)
    }

    /// The piece of a shard, if it is still at `location` and is intact.
    pub(crate) fn read_piece(&self, shard: Uuid, location: Location) -> Result<Option<Piece>, DiskError> {
        let entry = location.entry(shard);
        let record = self.read_at(shard, location)?;
        let piece = record.and_then(|record| take_piece(&entry, location.length, &record, location.offset));
        Ok(piece.filter(|piece| piece.is_intact(shard, 0)))
    }

    /// The location of a shard's piece: its file, its offset and its length in bytes.
    pub(crate) fn locate(&self, shard: Uuid) -> Option<(PathBuf, u64, u32)> {
        let location = self.catalog.locate(shard)?;
        let offset = u64::from(location.offset + RECORD_HEADER_BYTES);
        Some((segment_path(location.segment), offset, location.length))
    }

    /// Whether `bytes`, which are those of a segment from `base`, hold the record of a shard, every bit of it.
    pub(crate) fn is_intact_in(&self, shard: Uuid, location: Location, bytes: &Bytes, base: u32) -> bool {
        let name = SegmentName { folder: self.folder, number: location.segment };
        let expected = location.entry(shard);
        let begin = location.offset.checked_sub(base).map(|begin| begin as usize);
        let header = begin.and_then(|begin| bytes.get(begin..));
        header.and_then(|header| parse_record(name, location.offset, header)) == Some(expected)
            && take_piece(&expected, location.length, bytes, base).is_some_and(|piece| piece.is_intact(shard, 0))
    }

    /// Reads the record at `location`; `None` if another or no record is there: the segment was compacted, or is
    /// damaged.
    fn read_at(&self, shard: Uuid, location: Location) -> Result<Option<Bytes>, DiskError> {
        let handle = match self.handles.get(&segment_path(location.segment)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|e| DiskError::from_read("open of a segment", &e))?,
        };
        let mut record = vec![0; record_bytes(shard, location)];
        match handle.file.read_at(&mut record, u64::from(location.offset)) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other.map_err(|e| DiskError::from_read("read of a segment", &e))?,
        }
        let record = Bytes::from(record);
        let name = SegmentName { folder: self.folder, number: location.segment };
        let expected: record::Entry = location.entry(shard);
        let ours = parse_record(name, location.offset, &record) == Some(expected)
            && take_piece(&expected, location.length, &record, location.offset).is_some();
        Ok(ours.then_some(record))
    }
}

/// Bytes of a record, without its padding.
pub(crate) fn record_bytes(shard: Uuid, location: Location) -> usize {
    RECORD_HEADER_BYTES as usize + Form::of(shard).header_bytes() + location.length as usize
}
