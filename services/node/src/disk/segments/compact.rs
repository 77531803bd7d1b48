use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use uuid::Uuid;

use super::super::DiskError;
use super::super::limits::COMPACT_BATCH_BYTES;
use super::hint::read_hint;
use super::log::Change;
use super::read::SegmentReader;
use super::record::{Entry, SegmentName};
use super::scan::scan;
use super::{Catalog, SEGMENTS, hint_path, segment_path};
use vfs::{Folder, Open};

/// The result of a compaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Compaction {
    /// Bytes of pieces that were copied.
    pub(crate) copied_bytes: u64,
    /// The number of live records that were damaged and dropped: their shards are missing from now on.
    pub(crate) damaged: u64,
}

/// Compacts a sealed segment: copies its needed records through `commit` to the active segment, then removes it.
///
/// `commit` returns once the changes are durable and visible, and may wait to keep a rate. A crash at any point is
/// harmless: until the segment is removed, its records and their copies are the same, and the tombstones that keep its
/// dead records dead are needed until its name is durably removed.
pub(crate) fn compact(
    disk: &dyn Folder,
    reader: &SegmentReader,
    number: u32,
    mut commit: impl FnMut(Vec<Change>) -> Result<(), DiskError>,
) -> Result<Compaction, DiskError> {
    let io = |what: &'static str| move |e: io::Error| DiskError::from_io(what, &e);
    let name = SegmentName { folder: reader.folder, number };
    let entries = entries(disk, &reader.catalog, name)?;
    let records = records_by_shard(&entries);
    let mut done = Compaction::default();
    let mut batch = Vec::new();
    let mut batch_bytes = 0;
    for entry in &entries {
        let Some(change) = still_needed(reader, number, entry, &records, &mut done)? else { continue };
        batch_bytes += change.weight();
        batch.push(change);
        if batch_bytes >= COMPACT_BATCH_BYTES {
            commit(std::mem::take(&mut batch))?;
            batch_bytes = 0;
        }
    }
    if !batch.is_empty() {
        commit(batch)?;
    }
    if entries.iter().any(|entry| reader.catalog.locate(entry.shard).is_some_and(|at| at.segment == number)) {
        // This is reached only if `commit` did not do its work. The segment stays, so nothing is lost.
        return Err(DiskError::Invalid("a compacted segment still holds live records"));
    }
    remove(disk, reader, number).map_err(io("removal of a compacted segment"))?;
    reader.catalog.remove_segment(number, puts(&entries));
    Ok(done)
}

/// The records of a segment.
fn entries(disk: &dyn Folder, catalog: &Catalog, name: SegmentName) -> Result<Vec<Entry>, DiskError> {
    match read_hint(disk, name) {
        Some(entries) => Ok(entries),
        None => scan_with_catalog(disk, catalog, name).map(|(entries, _)| entries),
    }
}

/// The records of a segment that has no hint, and the bytes that were read. If damage hides some of them, those the
/// index knows are among them all the same, so that they are noticed and not just removed.
///
/// A segment that cannot be read in full stays: what is hidden in it may be readable another time.
pub(super) fn scan_with_catalog(
    disk: &dyn Folder,
    catalog: &Catalog,
    name: SegmentName,
) -> Result<(Vec<Entry>, u64), DiskError> {
    let unreadable = |e: io::Error| DiskError::from_read("read of a segment to compact", &e);
    let file = disk.open(&segment_path(name.number), Open::Existing).map_err(unreadable)?;
    let found = scan(&*file, name).map_err(unreadable)?;
    if !found.unreadable.is_empty() {
        return Err(DiskError::Unreadable("a part of a segment to compact".into()));
    }
    let (mut entries, bytes) = (found.entries, found.bytes.len() as u64);
    let found: HashSet<u32> = entries.iter().map(|entry| entry.offset).collect();
    let known = catalog.shards_in(name.number);
    entries.extend(known.into_iter().filter(|entry| !found.contains(&entry.offset)));
    Ok((entries, bytes))
}

fn puts(entries: &[Entry]) -> impl Iterator<Item = Uuid> {
    entries.iter().filter(|entry| entry.length.is_some()).map(|entry| entry.shard)
}

fn records_by_shard(entries: &[Entry]) -> HashMap<Uuid, u32> {
    let mut records = HashMap::new();
    puts(entries).for_each(|shard| *records.entry(shard).or_default() += 1);
    records
}

fn still_needed(
    reader: &SegmentReader,
    number: u32,
    entry: &Entry,
    records: &HashMap<Uuid, u32>,
    done: &mut Compaction,
) -> Result<Option<Change>, DiskError> {
    let shard = entry.shard;
    if entry.length.is_none() {
        let records = records.get(&shard).copied().unwrap_or(0);
        let needed = reader.catalog.needs_tombstone(shard, number, records);
        return Ok(needed.then_some(Change::Bury { shard, from: number, records }));
    }
    let Some(from) = reader.catalog.locate(shard).filter(|at| at.segment == number && at.offset == entry.offset) else {
        return Ok(None);
    };
    if let Some(piece) = reader.read_piece(shard, from)? {
        done.copied_bytes += piece.bytes.len() as u64;
        Ok(Some(Change::Move { shard, from, piece }))
    } else {
        done.damaged += 1;
        Ok(Some(Change::Lose { shard, from }))
    }
}

fn remove(disk: &dyn Folder, reader: &SegmentReader, number: u32) -> io::Result<()> {
    let path = segment_path(number);
    disk.remove(&path)?;
    match disk.remove(&hint_path(number)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    disk.sync(Path::new(SEGMENTS))?;
    reader.handles.forget(&path);
    Ok(())
}
