//! The format of a segment: a header, then records. A record is a header and, for a shard, its piece in the wire
//! format.

use crc_fast::{CrcAlgorithm, Digest};
use shards::piece::Form;
use uuid::Uuid;

/// Bytes before the first record.
pub(crate) const SEGMENT_HEADER_BYTES: u32 = 64;
/// Bytes before a record's piece.
pub(crate) const RECORD_HEADER_BYTES: u32 = 32;
/// Records begin at multiples of this, so that a scan finds the next one after a damaged header.
pub(crate) const RECORD_ALIGN_BYTES: u32 = 8;

const SEGMENT_MAGIC: [u8; 8] = *b"PSTSEGM1";
const RECORD_MAGIC: u32 = u32::from_le_bytes(*b"PSr1");
/// The length that stands for a tombstone: no piece is that long.
const TOMBSTONE: u32 = u32::MAX;

/// The name of a segment: its number, and the id of its data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentName {
    pub(crate) folder: Uuid,
    pub(crate) number: u32,
}

impl SegmentName {
    /// The header: magic and version, number, folder, zeros, CRC32C of all that. It serves people and tools;
    /// each record has its own proof of where it belongs.
    pub(crate) fn header(self) -> [u8; SEGMENT_HEADER_BYTES as usize] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES as usize];
        bytes[..8].copy_from_slice(&SEGMENT_MAGIC);
        bytes[8..12].copy_from_slice(&self.number.to_le_bytes());
        bytes[12..28].copy_from_slice(self.folder.as_bytes());
        let crc = crc32c(&[&bytes[..60]]);
        bytes[60..].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// A record, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The shard of the record.
    pub(crate) shard: Uuid,
    /// The offset of the record in its segment, in bytes.
    pub(crate) offset: u32,
    /// Bytes of the shard's only piece, without its header; `None` for a tombstone.
    pub(crate) length: Option<u32>,
}

impl Entry {
    /// Bytes the record takes in its segment.
    pub(crate) fn size(&self) -> u32 {
        self.length.map_or(TOMBSTONE_BYTES, |length| put_size(Form::of(self.shard), length))
    }
}

/// Bytes that a tombstone takes in a segment.
pub(crate) const TOMBSTONE_BYTES: u32 = RECORD_HEADER_BYTES;

/// Bytes that the record of a piece of `length` bytes takes in a segment.
pub(crate) fn put_size(form: Form, length: u32) -> u32 {
    #[allow(clippy::cast_possible_truncation, reason = "32 at most")]
    let header = form.header_bytes() as u32;
    (RECORD_HEADER_BYTES + header + length).next_multiple_of(RECORD_ALIGN_BYTES)
}

/// The header of the record `entry`: magic, shard, length, zero, CRC. Its CRC also covers its position, so that a
/// copy elsewhere (a stale block, or a shard whose bytes look like a segment) is not taken for a record.
pub(crate) fn record_header(segment: SegmentName, entry: &Entry) -> [u8; RECORD_HEADER_BYTES as usize] {
    let mut bytes = [0; RECORD_HEADER_BYTES as usize];
    bytes[..4].copy_from_slice(&RECORD_MAGIC.to_le_bytes());
    bytes[4..20].copy_from_slice(entry.shard.as_bytes());
    bytes[20..24].copy_from_slice(&entry.length.unwrap_or(TOMBSTONE).to_le_bytes());
    let check = header_crc(segment, entry.offset, &bytes);
    bytes[28..].copy_from_slice(&check.to_le_bytes());
    bytes
}

/// Decodes the record header at the start of `bytes`, if it is one and belongs at `offset` of `segment`.
pub(crate) fn parse_record(segment: SegmentName, offset: u32, bytes: &[u8]) -> Option<Entry> {
    let bytes = bytes.get(..RECORD_HEADER_BYTES as usize)?;
    if word(bytes, 0) != RECORD_MAGIC || word(bytes, 28) != header_crc(segment, offset, bytes) {
        return None;
    }
    let length = Some(word(bytes, 20)).filter(|length| *length != TOMBSTONE);
    Some(Entry { shard: Uuid::from_slice(&bytes[4..20]).ok()?, offset, length })
}

fn header_crc(segment: SegmentName, offset: u32, header: &[u8]) -> u32 {
    crc32c(&[segment.folder.as_bytes(), &segment.number.to_le_bytes(), &offset.to_le_bytes(), &header[..28]])
}

/// The little-endian word at `at`; zero beyond the end.
pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
}

/// CRC32C (RFC 3720, appendix B.4) of the concatenation of parts.
pub(crate) fn crc32c(parts: &[&[u8]]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    for part in parts {
        digest.update(part);
    }
    u32::try_from(digest.finalize()).unwrap_or(u32::MAX)
}
