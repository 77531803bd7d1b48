use std::collections::HashSet;
use std::io::{self, IoSlice};
use std::sync::Arc;

use uuid::Uuid;

use super::super::DiskError;
use super::hint::{read_hint, write_hint};
use super::record::{Entry, SegmentName};
use super::scan::{Scan, scan};
use super::{Catalog, SEGMENTS, segment_path};
use vfs::{File, Folder, Open};

/// The result of a recovery.
pub(crate) struct Recovered {
    pub(crate) catalog: Arc<Catalog>,
    /// A number greater than that of every segment: numbers are never reused.
    pub(crate) next_number: u32,
    /// Segments with unreadable parts: they stay unchanged, because a later start may be able to read them.
    pub(crate) unreadable: HashSet<u32>,
}

/// Rebuilds the catalog from the segments, oldest first. Segments with a hint are not read; the others (the active one,
/// or one without a hint after a crash) are scanned, truncated after their last record, and get a hint.
///
/// Scanned records are written again before they are trusted: after a failed sync, or a kill before one, a new process
/// may read bytes that are only in the page cache, which no later sync would write. No such segment is appended to.
///
/// Source: Rebello et al., Can Applications Recover from fsync Failures?, ATC 2020.
pub(crate) fn recover(disk: &dyn Folder, folder: Uuid) -> Result<Recovered, DiskError> {
    let io = |what: &'static str| move |e: io::Error| DiskError::from_io(what, &e);
    let catalog = Catalog::default();
    let (mut next_number, mut unreadable) = (1, HashSet::new());
    for number in numbers(disk).map_err(io("list of the segments"))? {
        let name = SegmentName { folder, number };
        let entries = match read_hint(disk, name) {
            Some(entries) => entries,
            None => read_through(disk, name)?.unwrap_or_else(|readable| {
                unreadable.insert(number);
                readable
            }),
        };
        catalog.open_segment(number);
        for entry in &entries {
            catalog.apply(number, entry);
        }
        catalog.seal_segment(number);
        next_number = number.saturating_add(1);
    }
    Ok(Recovered { catalog: Arc::new(catalog), next_number, unreadable })
}

/// The numbers of the segments, in order. Other leftovers of a crash are removed.
fn numbers(disk: &dyn Folder) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    let mut others = Vec::new();
    for name in disk.list(SEGMENTS.as_ref())? {
        match name.name.strip_suffix(".seg").and_then(|number| number.parse().ok()) {
            Some(number) => numbers.push(number),
            None => others.push(name.name),
        }
    }
    numbers.sort_unstable();
    for other in others {
        let hint_of = other.strip_suffix(".hint").and_then(|number| number.parse::<u32>().ok());
        if hint_of.is_none_or(|number| numbers.binary_search(&number).is_err()) {
            disk.remove(&std::path::Path::new(SEGMENTS).join(other))?;
        }
    }
    Ok(numbers)
}

/// Scans a segment for its records; the error has the readable records if a part of the segment cannot be read.
fn read_through(disk: &dyn Folder, name: SegmentName) -> Result<Result<Vec<Entry>, Vec<Entry>>, DiskError> {
    let segment = name.number;
    let found = disk.open(&segment_path(segment), Open::Existing).and_then(|file| Ok((scan(&*file, name)?, file)));
    let (found, file) = match found.map_err(|e| DiskError::from_read("read of a segment", &e)) {
        Ok(found) => found,
        Err(DiskError::Unreadable(why)) => {
            tracing::error!(segment, %why, "a segment cannot be read: its records are not available until a restart");
            return Ok(Err(Vec::new()));
        }
        Err(other) => return Err(other),
    };
    if found.damaged > 0 {
        tracing::warn!(segment, records = found.damaged, "records were torn or damaged and are not used");
    }
    let io = |e: io::Error| DiskError::from_io("rewriting a segment", &e);
    if !found.unreadable.is_empty() {
        tracing::error!(segment, ranges = ?found.unreadable, "parts of a segment cannot be read: their records are not available until a restart");
        rewrite_readable(&*file, &found).map_err(io)?;
        return Ok(Err(found.entries));
    }
    let rewritten = file
        .set_len(u64::from(found.end))
        .and_then(|()| file.write_at(&mut [IoSlice::new(&found.bytes)], 0))
        .and_then(|()| file.sync());
    rewritten.map_err(io)?;
    if let Err(error) = write_hint(disk, name, &found.entries) {
        // A full disk must not prevent a start.
        tracing::warn!(segment, %error, "no hint written: the next start reads the segment again");
    }
    Ok(Ok(found.entries))
}

/// Writes the readable parts again, and nothing over the unreadable ones, which another start may be able to read.
fn rewrite_readable(file: &dyn File, found: &Scan) -> io::Result<()> {
    let end = found.bytes.len();
    let mut at = 0;
    for hole in found.unreadable.iter().cloned().chain(std::iter::once(end..end)) {
        let readable = at..hole.start.min(end);
        if !readable.is_empty() {
            file.write_at(&mut [IoSlice::new(&found.bytes[readable.clone()])], readable.start as u64)?;
        }
        at = hole.end.min(end);
    }
    file.sync()
}
