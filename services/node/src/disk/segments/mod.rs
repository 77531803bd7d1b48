//! Shards of one piece, as records in append-only segments.

mod catalog;
mod compact;
mod hint;
mod log;
mod read;
mod record;
mod recover;
mod scan;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub(crate) use catalog::{Catalog, Location};
pub(crate) use compact::compact;
pub(crate) use hint::{HintFound, mend_hint, write_hint};
pub(crate) use log::{Change, Log, SealedSegment};
pub(crate) use read::{SegmentReader, record_bytes};
pub(crate) use recover::recover;

/// The folder of the segments.
pub(crate) const SEGMENTS: &str = "segments";

pub(crate) fn segment_path(number: u32) -> PathBuf {
    PathBuf::from(SEGMENTS).join(format!("{number:010}.seg"))
}

fn hint_path(number: u32) -> PathBuf {
    PathBuf::from(SEGMENTS).join(format!("{number:010}.hint"))
}
