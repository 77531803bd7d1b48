//! Starts a node on an arbitrary disk. It accepts only records that it can prove to be its own, a second start finds
//! the same, and records that are written then can be read.
//!
//! Checksums would stop mutated bytes early, so those of records and hints are corrected first.
#![no_main]

use std::io::IoSlice;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use bytes::Bytes;
use events::ids::BucketName;
use libfuzzer_sys::fuzz_target;
use node::disk::{Store, StoreOptions};
use shards::piece::{Form, piece_header};
use shards::protocol::{Record, Reply};
use testkit::MemoryDisk;
use uuid::Uuid;
use vfs::{Folder, Open};

const FOLDER: Uuid = Uuid::from_u128(1);
const SEGMENT_HEADER_BYTES: usize = 64;
const RECORD_HEADER_BYTES: usize = 32;
const RECORD_MAGIC: &[u8] = b"PSr1";
const TAG_BYTES: usize = 16;
const CRC_BYTES: usize = 4;

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn crc(bytes: &[u8]) -> [u8; 4] {
    crc_fast::crc32_iscsi(bytes).to_le_bytes()
}

/// The positions where records may begin.
fn places(segment: &[u8]) -> impl Iterator<Item = usize> {
    let len = segment.len();
    (SEGMENT_HEADER_BYTES..len).step_by(8).filter(move |at| at + RECORD_HEADER_BYTES <= len)
}

fn heal_segment(segment: &mut [u8], pieces_too: bool) -> Vec<Uuid> {
    let mut shards = Vec::new();
    for at in places(segment).collect::<Vec<_>>() {
        if !segment[at..].starts_with(RECORD_MAGIC) {
            continue;
        }
        let mut shard = [0; 16];
        shard.copy_from_slice(&segment[at + 4..at + 20]);
        let shard = Uuid::from_bytes(shard);
        shards.push(shard);
        let offset = u32::try_from(at).unwrap_or_default();
        let covered =
            [FOLDER.as_bytes(), &1_u32.to_le_bytes()[..], &offset.to_le_bytes(), &segment[at..at + 28]].concat();
        segment[at + 28..at + 32].copy_from_slice(&crc(&covered));
        let (begin, length) = (at + RECORD_HEADER_BYTES, word(segment, at + 20) as usize);
        let form = Form::of(shard);
        let bytes = begin + form.header_bytes();
        if let Some(piece) = segment.get(bytes..bytes.saturating_add(length)).filter(|_| pieces_too) {
            let tag: Option<[u8; TAG_BYTES]> = match form {
                Form::Plain => None,
                Form::Tagged => segment[bytes - TAG_BYTES..bytes].try_into().ok(),
            };
            let header = piece_header(shard, 0, tag.as_ref(), piece);
            segment[begin..bytes].copy_from_slice(&header);
        }
    }
    shards
}

fn heal_hint(hint: &mut [u8]) {
    if let Some(end) = hint.len().checked_sub(CRC_BYTES) {
        let sum = crc(&hint[..end]);
        hint[end..].copy_from_slice(&sum);
    }
}

fn write(disk: &MemoryDisk, path: &str, bytes: &[u8]) -> std::io::Result<()> {
    let file = disk.open(Path::new(path), Open::Create)?;
    file.write_at(&mut [IoSlice::new(bytes)], 0)?;
    file.sync()?;
    disk.sync(Path::new("segments"))
}

fn open(disk: &MemoryDisk) -> Store {
    let options = StoreOptions { segment_bytes: 4096, reserve_bytes: 0, ..StoreOptions::new(FOLDER, "n1") };
    match Store::open(Arc::new(disk.clone()), &options) {
        Ok(store) => store,
        Err(error) => panic!("a node that cannot start: {error}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let [flags, hint_words, rest @ ..] = data else { return };
    let hint_bytes = if flags & 2 == 0 { 0 } else { usize::from(*hint_words) * 8 + CRC_BYTES };
    let (hint, segment) = rest.split_at(hint_bytes.min(rest.len()));
    let (mut hint, mut segment) = (hint.to_vec(), segment.to_vec());
    let shards = heal_segment(&mut segment, flags & 1 != 0);
    let disk = MemoryDisk::new();
    let Ok(bucket) = "bucket".parse::<BucketName>() else { return };
    if write(&disk, "segments/0000000001.seg", &segment).is_err() {
        return;
    }
    if flags & 2 != 0 {
        heal_hint(&mut hint);
        let _ = write(&disk, "segments/0000000001.hint", &hint);
    }
    let store = open(&disk);
    let found = store.totals();
    for shard in &shards {
        if let Ok(reply) = store.read(*shard, &bucket, 0, 1) {
            assert!(Reply::decode(reply).is_ok(), "an answer that nobody can read");
        }
        let _ = (store.inspect(*shard, &bucket, true), store.locate(*shard, &bucket));
    }
    store.close();
    drop(store);

    let store = open(&disk);
    assert_eq!(format!("{found:?}"), format!("{:?}", store.totals()), "a second start finds something else");
    let (told, heard) = mpsc::channel();
    let fresh = Uuid::from_u128(0xf5e5);
    store.put(vec![Record::new(fresh, Bytes::from_static(b"bytes"))], move |answers| drop(told.send(answers)));
    assert!(heard.recv().is_ok_and(|answers| answers.iter().all(Result::is_ok)), "it takes nothing more");
    let Ok(reply) = store.read(fresh, &bucket, 0, 1).map(Reply::decode) else { panic!("what was written is gone") };
    let Ok(Reply::Pieces(pieces)) = reply else { panic!("what was written cannot be read") };
    assert!(pieces[0].bytes == b"bytes"[..] && pieces[0].is_intact(fresh, 0));
    store.close();
});
