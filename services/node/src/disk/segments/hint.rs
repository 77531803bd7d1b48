//! Hints: a hint lists the records of a sealed segment, so that a start need not read the segment.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::path::PathBuf;

use shards::piece::UNIT_BYTES;
use uuid::Uuid;

use super::super::DiskError;
use super::compact::scan_with_catalog;
use super::read::SegmentReader;
use super::record::{Entry, SEGMENT_HEADER_BYTES, SegmentName, crc32c, word};
use super::{SEGMENTS, hint_path};
use vfs::{Folder, Open};

const HINT_MAGIC: [u8; 8] = *b"PSTHINT1";
const HINT_HEADER_BYTES: usize = 32;
const HINT_ENTRY_BYTES: usize = 24;
const CRC_BYTES: usize = 4;
const TOMBSTONE: u32 = u32::MAX;

/// Writes the hint of a sealed segment. Until the hint is durable, the next start scans the segment instead.
pub(crate) fn write_hint(disk: &dyn Folder, segment: SegmentName, entries: &[Entry]) -> io::Result<()> {
    write_hint_by_way_of("draft", disk, segment, entries)
}

fn write_hint_by_way_of(draft: &str, disk: &dyn Folder, segment: SegmentName, entries: &[Entry]) -> io::Result<()> {
    let path = hint_path(segment.number);
    let draft = PathBuf::from(SEGMENTS).join(format!("{:010}.{draft}", segment.number));
    let file = disk.open(&draft, Open::Create)?;
    file.write_at(&mut [IoSlice::new(&encode_hint(segment, entries))], 0)?;
    file.sync()?;
    disk.rename(&draft, &path)
}

/// Reads the hint of a segment; `None` if it is missing, damaged or unreadable. The segment itself has the same
/// information.
pub(crate) fn read_hint(disk: &dyn Folder, segment: SegmentName) -> Option<Vec<Entry>> {
    match read_bytes(disk, segment, Open::Existing) {
        Ok(bytes) => decode_hint(segment, &bytes),
        Err(e) if e.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(segment = segment.number, %error, "a hint cannot be read: the segment is read instead");
            None
        }
    }
}

fn read_bytes(disk: &dyn Folder, segment: SegmentName, how: Open) -> io::Result<Vec<u8>> {
    let file = disk.open(&hint_path(segment.number), how)?;
    let mut bytes = vec![0; usize::try_from(file.length()?).map_err(io::Error::other)?];
    file.read_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// What became of a look at a hint.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HintFound {
    /// It is as it was written; so many bytes were read.
    Whole { bytes: u64 },
    /// It was gone or damaged, and was written anew from so many bytes of its segment.
    Mended { bytes: u64 },
    /// The segment is gone.
    Gone,
}

/// Reads the hint of a sealed segment past the page cache, and writes it anew if it is not whole.
///
/// What is written is what the segment says and, where that has rotted, what the catalog knows: a start would not find
/// it otherwise, or would find what was dropped.
pub(crate) fn mend_hint(disk: &dyn Folder, reader: &SegmentReader, number: u32) -> Result<HintFound, DiskError> {
    let name = SegmentName { folder: reader.folder, number };
    if let Ok(bytes) = read_bytes(disk, name, Open::Uncached)
        && decode_hint(name, &bytes).is_some()
    {
        return Ok(HintFound::Whole { bytes: bytes.len() as u64 });
    }
    let (mut entries, bytes) = match scan_with_catalog(disk, &reader.catalog, name) {
        Err(_) if !reader.catalog.is_sealed(number) => return Ok(HintFound::Gone),
        other => other?,
    };
    entries.sort_by_key(|entry| entry.offset);
    let lasts: HashMap<Uuid, Entry> = entries.iter().map(|entry| (entry.shard, *entry)).collect();
    let is_dropped = |shard: &Uuid| lasts.get(shard).is_some_and(|last| last.length.is_none());
    let hidden = reader.catalog.tombstones_in(number).into_iter().filter(|shard| !is_dropped(shard));
    // Where they lie does not matter, only that they come after what they drop.
    let end = entries.last().map_or(SEGMENT_HEADER_BYTES, |last| last.offset + last.size());
    entries.extend(hidden.map(|shard| Entry { shard, offset: end, length: None }));
    write_hint_by_way_of("mended", disk, name, &entries).map_err(|e| DiskError::from_read("write of a hint", &e))?;
    Ok(HintFound::Mended { bytes })
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
