//! Hints: a hint lists the records of a sealed segment, so that a start need not read the segment.

use std::io::{self, IoSlice};
use std::path::PathBuf;

use shards::piece::UNIT_BYTES;
use uuid::Uuid;

use super::record::{Entry, SegmentName, crc32c, word};
use super::{SEGMENTS, hint_path};
use vfs::{Folder, Open};

const HINT_MAGIC: [u8; 8] = *b"PSTHINT1";
const HINT_HEADER_BYTES: usize = 32;
const HINT_ENTRY_BYTES: usize = 24;
const CRC_BYTES: usize = 4;
const TOMBSTONE: u32 = u32::MAX;

/// Writes the hint of a sealed segment. Until the hint is durable, the next start scans the segment instead.
pub(crate) fn write_hint(disk: &dyn Folder, segment: SegmentName, entries: &[Entry]) -> io::Result<()> {
    let path = hint_path(segment.number);
    let draft = PathBuf::from(SEGMENTS).join(format!("{:010}.draft", segment.number));
    let file = disk.open(&draft, Open::Create)?;
    file.write_at(&mut [IoSlice::new(&encode_hint(segment, entries))], 0)?;
    file.sync()?;
    disk.rename(&draft, &path)
}

/// Reads the hint of a segment; `None` if it is missing, damaged or unreadable. The segment itself has the same
/// information.
pub(crate) fn read_hint(disk: &dyn Folder, segment: SegmentName) -> Option<Vec<Entry>> {
    let read = || -> io::Result<Vec<u8>> {
        let file = disk.open(&hint_path(segment.number), Open::Existing)?;
        let mut bytes = vec![0; usize::try_from(file.length()?).map_err(io::Error::other)?];
        file.read_at(&mut bytes, 0)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => decode_hint(segment, &bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(segment = segment.number, %error, "a hint cannot be read: the segment is read instead");
            None
        }
    }
}

/// Encodes a hint: magic and version, number, count, folder, entries, CRC32C of all that.
fn encode_hint(segment: SegmentName, entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HINT_HEADER_BYTES + entries.len() * HINT_ENTRY_BYTES + CRC_BYTES);
    bytes.extend_from_slice(&HINT_MAGIC);
    bytes.extend_from_slice(&segment.number.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(entries.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(segment.folder.as_bytes());
    for entry in entries {
        bytes.extend_from_slice(entry.shard.as_bytes());
        bytes.extend_from_slice(&entry.offset.to_le_bytes());
        bytes.extend_from_slice(&entry.length.unwrap_or(TOMBSTONE).to_le_bytes());
    }
    let crc = crc32c(&[&bytes]);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

/// Decodes a hint; `None` if the bytes are not a complete hint of this segment.
fn decode_hint(segment: SegmentName, bytes: &[u8]) -> Option<Vec<Entry>> {
    let (bytes, crc) = bytes.split_at_checked(bytes.len().checked_sub(CRC_BYTES)?)?;
    let (header, entries) = bytes.split_at_checked(HINT_HEADER_BYTES)?;
    let ours = header.starts_with(&HINT_MAGIC)
        && word(header, 8) == segment.number
        && header[16..] == *segment.folder.as_bytes();
    let count = word(header, 12) as usize;
    if !ours || word(crc, 0) != crc32c(&[bytes]) || entries.len() != count * HINT_ENTRY_BYTES {
        return None;
    }
    entries.chunks_exact(HINT_ENTRY_BYTES).map(decode_entry).collect()
}

/// An entry that is impossible in a segment invalidates the whole hint, whatever its checksum.
fn decode_entry(bytes: &[u8]) -> Option<Entry> {
    let length = Some(word(bytes, 20)).filter(|length| *length != TOMBSTONE);
    if length.is_some_and(|length| length == 0 || length as usize > UNIT_BYTES) {
        return None;
    }
    let entry = Entry { shard: Uuid::from_slice(&bytes[..16]).ok()?, offset: word(bytes, 16), length };
    entry.offset.checked_add(entry.size()).map(|_| entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn round_trips_and_any_flip_is_found(
            entries in proptest::collection::vec((any::<u128>(), 0..u32::MAX / 2, 1..=256 * 1024_u32), 0..20), at: prop::sample::Index
        ) {
            let segment = SegmentName { folder: Uuid::from_u128(9), number: 3 };
            let entries: Vec<_> = entries
                .into_iter()
                .map(|(shard, offset, length)| {
                    Entry { shard: Uuid::from_u128(shard), offset, length: (length % 5 > 0).then_some(length) }
                })
                .collect();
            let mut bytes = encode_hint(segment, &entries);
            prop_assert_eq!(decode_hint(SegmentName { number: 4, ..segment }, &bytes), None);
            prop_assert_eq!(decode_hint(segment, &bytes), Some(entries));
            let at = at.index(bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(decode_hint(segment, &bytes), None);
        }
    }

    #[test]
    fn what_no_segment_holds_is_not_believed() {
        let segment = SegmentName { folder: Uuid::from_u128(9), number: 3 };
        let with = |offset, length| {
            let entry = Entry { shard: Uuid::from_u128(1), offset, length };
            decode_hint(segment, &encode_hint(segment, &[entry])).is_some()
        };
        let unit = u32::try_from(UNIT_BYTES).unwrap();
        assert!(with(64, Some(unit)) && with(64, None));
        assert!(!with(64, Some(unit + 1)) && !with(64, Some(u32::MAX - 16)) && !with(64, Some(0)));
        assert!(!with(u32::MAX - 64, Some(100)) && !with(u32::MAX, None));
    }
}
