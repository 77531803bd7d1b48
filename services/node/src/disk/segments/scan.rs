use std::io;
use std::ops::Range;

use bytes::Bytes;
use shards::piece::{Form, Piece};

use super::record::{
    Entry, RECORD_ALIGN_BYTES, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentName, TOMBSTONE_BYTES, parse_record,
};
use vfs::File;

/// The result of a scan.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scan {
    /// The complete records, in order.
    pub(crate) entries: Vec<Entry>,
    /// The end of the last record, in bytes.
    pub(crate) end: u32,
    /// The bytes up to `end`.
    pub(crate) bytes: Bytes,
    /// The number of records with a valid header and an invalid piece: torn by a crash, or damaged.
    pub(crate) damaged: u32,
    /// The unreadable ranges of the segment, in order; their bytes are zeros.
    pub(crate) unreadable: Vec<Range<usize>>,
}

/// The fewest bytes that a read around an unreadable range skips: the kernel's read unit.
const BLOCK_BYTES: usize = 4096;

/// The most failed reads of one segment in the search for its readable parts: a disk may take seconds for each. After
/// these, a range whose read fails is skipped as a whole.
const READ_ERRORS_MAX: u32 = 256;

/// Reads a whole segment.
///
/// After an invalid header the scan goes on: a tail torn by a crash ends the records, but a damaged header in the
/// middle must not hide the acknowledged records after it. Complete records of a group that was never acknowledged may
/// be found so, which is harmless because no event names them. An unreadable range costs the records in it and no
/// others.
pub(crate) fn scan(file: &dyn File, segment: SegmentName) -> io::Result<Scan> {
    let mut bytes = vec![0; usize::try_from(file.length()?).map_err(io::Error::other)?];
    let (mut errors_left, mut unreadable) = (READ_ERRORS_MAX, Vec::new());
    read_around(file, &mut bytes, 0, &mut errors_left, &mut unreadable)?;
    let mut bytes = Bytes::from(bytes);
    let mut scan = Scan { entries: Vec::new(), end: SEGMENT_HEADER_BYTES, bytes: Bytes::new(), damaged: 0, unreadable };
    let mut at = SEGMENT_HEADER_BYTES;
    while (at as usize) < bytes.len() {
        let Some(entry) = parse_record(segment, at, &bytes[at as usize..]) else {
            at += RECORD_ALIGN_BYTES;
            continue;
        };
        if is_whole(&entry, &bytes) {
            at += entry.size();
            scan.end = at;
            scan.entries.push(entry);
        } else {
            at += TOMBSTONE_BYTES;
            scan.damaged += 1;
        }
    }
    bytes.truncate(scan.end as usize);
    scan.bytes = bytes;
    Ok(scan)
}

/// Reads the readable bytes from `at`, in smaller and smaller parts where the disk fails.
fn read_around(
    file: &dyn File,
    bytes: &mut [u8],
    at: usize,
    errors_left: &mut u32,
    unreadable: &mut Vec<Range<usize>>,
) -> io::Result<()> {
    match file.read_at(bytes, at as u64) {
        Ok(()) => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Err(e),
        Err(_) if bytes.len() <= BLOCK_BYTES || *errors_left == 0 => {
            bytes.fill(0);
            match unreadable.last_mut().filter(|last| last.end == at) {
                Some(last) => last.end = at + bytes.len(),
                None => unreadable.push(at..at + bytes.len()),
            }
            return Ok(());
        }
        Err(_) => *errors_left -= 1,
    }
    let (front, back) = bytes.split_at_mut((bytes.len() / 2).next_multiple_of(BLOCK_BYTES).min(bytes.len()));
    let middle = at + front.len();
    read_around(file, front, at, errors_left, unreadable)?;
    if back.is_empty() { Ok(()) } else { read_around(file, back, middle, errors_left, unreadable) }
}

fn is_whole(entry: &Entry, segment: &Bytes) -> bool {
    entry
        .length
        .is_none_or(|length| take_piece(entry, length, segment, 0).is_some_and(|piece| piece.is_intact(entry.shard, 0)))
}

/// The piece of the record `entry`, if its header is valid and of the shard's format; `bytes` are those of the segment
/// from `base`.
pub(crate) fn take_piece(entry: &Entry, length: u32, bytes: &Bytes, base: u32) -> Option<Piece> {
    let begin = (entry.offset.checked_sub(base)? + RECORD_HEADER_BYTES) as usize;
    let mut wire = (begin <= bytes.len()).then(|| bytes.slice(begin..))?;
    let is_right = |piece: &Piece| piece.form() == Form::of(entry.shard) && piece.bytes.len() == length as usize;
    Piece::take(&mut wire).ok().filter(is_right)
}
