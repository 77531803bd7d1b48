use std::io::{self, IoSlice};
use std::sync::Arc;

use uuid::Uuid;

use super::super::DiskError;
use super::super::seam::{Folder, Open};
use super::hint::{read_hint, write_hint};
use super::record::{Entry, SegmentName};
use super::scan::scan;
use super::{Catalog, SEGMENTS, segment_path};

/// What a start found.
pub(crate) struct Recovered {
    pub(crate) catalog: Arc<Catalog>,
    /// Above the number of every segment there is: numbers are never used again.
    pub(crate) next_number: u32,
}

/// Rebuilds the catalog from the segments, oldest first. Segments with a hint are not read; the others (the one that
/// was active, or that a crash caught before its hint) are read through, cut behind their last record and given one.
///
/// What was read through is written once more before it is trusted: after a failed sync, or a kill before one, a new
/// process may read bytes that are in memory only, which no later sync would write. No such segment is appended to.
///
/// Source: Rebello et al., Can Applications Recover from fsync Failures?, ATC 2020.
pub(crate) fn recover(disk: &dyn Folder, folder: Uuid) -> Result<Recovered, DiskError> {
    let io = |what: &'static str| move |e: io::Error| DiskError::from_io(what, &e);
    let catalog = Catalog::new();
    let mut next_number = 1;
    for number in numbers(disk).map_err(io("list of the segments"))? {
        let name = SegmentName { folder, number };
        let entries = match read_hint(disk, name).map_err(io("read of a hint"))? {
            Some(entries) => entries,
            None => read_through(disk, name).map_err(io("read of a segment"))?,
        };
        catalog.open_segment(number);
        for entry in &entries {
            catalog.apply(number, entry);
        }
        catalog.seal_segment(number);
        next_number = number.saturating_add(1);
    }
    Ok(Recovered { catalog: Arc::new(catalog), next_number })
}

/// The numbers of the segments there are, in order. What else a crash left behind is removed.
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

fn read_through(disk: &dyn Folder, name: SegmentName) -> io::Result<Vec<Entry>> {
    let file = disk.open(&segment_path(name.number), Open::Existing)?;
    let found = scan(&*file, name)?;
    if found.damaged > 0 {
        tracing::warn!(segment = name.number, records = found.damaged, "records were torn or damaged and are not used");
    }
    file.set_len(u64::from(found.end))?;
    file.write_at(&mut [IoSlice::new(&found.bytes)], 0)?;
    file.sync()?;
    if let Err(error) = write_hint(disk, name, &found.entries) {
        // A full disk must not keep a node from starting.
        tracing::warn!(segment = name.number, %error, "no hint written: the next start reads the segment again");
    }
    Ok(found.entries)
}
