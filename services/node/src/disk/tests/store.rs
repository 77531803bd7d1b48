//! A store with its threads, on a disk in memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use events::ids::BucketName;
use shards::piece::Piece;
use shards::protocol::{Record, Reply};
use uuid::Uuid;

use super::super::files::shard_path;
use super::super::{DiskError, Store, StoreOptions};
use testkit::disk::{Fault, MemoryDisk};
use vfs::{Folder, Open};

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn bucket() -> BucketName {
    "bucket".parse().unwrap()
}

pub(super) fn open(disk: &MemoryDisk, segment_bytes: u32) -> Store {
    let options = StoreOptions { segment_bytes, reserve_bytes: 0, ..StoreOptions::new(Uuid::from_u128(1), "n1") };
    Store::open(Arc::new(disk.clone()), &options).unwrap()
}

pub(super) fn put(store: &Store, records: Vec<Record>) -> Vec<Result<(), DiskError>> {
    let (sender, receiver) = mpsc::channel();
    store.put(records, move |answers| sender.send(answers).unwrap());
    receiver.recv_timeout(PATIENCE).unwrap()
}

pub(super) fn discard(store: &Store, shards: &[Uuid]) -> Result<(), DiskError> {
    let (sender, receiver) = mpsc::channel();
    store.discard(&bucket(), shards, move |answer| sender.send(answer).unwrap());
    receiver.recv_timeout(PATIENCE).unwrap()
}

pub(super) fn record(i: u128, length: usize) -> Record {
    Record::new(Uuid::from_u128(i), Bytes::from(vec![i.to_le_bytes()[0]; length]))
}

#[test]
fn readers_are_not_disturbed_by_compaction() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 64 * 1024);
    let keep: Vec<_> = (0..20).map(|i| record(i, 1000)).collect();
    for chunk in keep.chunks(4) {
        assert!(put(&store, chunk.to_vec()).iter().all(Result::is_ok));
        let fill = (100..150).map(|i| record(i, 1000)).collect();
        assert!(put(&store, fill).iter().all(Result::is_ok));
    }
    let done = AtomicBool::new(false);
    // Numbers are never used again, so that a segment that is gone stays so.
    let rotten: Vec<_> = (1..=4).map(|number| format!("{number:010}.seg")).collect();
    let left = || disk.list("segments".as_ref()).unwrap().iter().filter(|name| rotten.contains(&name.name)).count();
    assert_eq!(left(), 4);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for record in &keep {
                    let reply = store.read(record.shard, &bucket(), 0, 1).unwrap();
                    assert_eq!(Reply::decode(reply), Ok(Reply::Pieces(vec![record.piece.clone()])));
                }
            }
        });
        let fill: Vec<_> = (100..150).map(Uuid::from_u128).collect();
        assert_eq!(discard(&store, &fill), Ok(()));
        let begin = Instant::now();
        while left() > 0 && begin.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(left(), 0);
    assert_eq!(store.totals().shards, 20);
}

#[test]
fn a_failed_sync_ends_all_writing_and_no_reading() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 64 * 1024);
    assert_eq!(put(&store, vec![record(1, 100)]), [Ok(())]);
    disk.inject(Fault::NextSync);
    for _ in 0..2 {
        assert!(matches!(put(&store, vec![record(2, 100)])[..], [Err(DiskError::Failed(_))]));
    }
    assert!(matches!(discard(&store, &[Uuid::from_u128(1)]), Err(DiskError::Failed(_))));
    assert!(matches!(store.check(), Err(DiskError::Failed(_))));
    assert!(store.read(Uuid::from_u128(1), &bucket(), 0, 1).is_ok());
    assert_eq!(store.read(Uuid::from_u128(2), &bucket(), 0, 1), Err(DiskError::NotFound));
    drop(store);
    let store = open(&disk.after_power_cut(|_| 0), 64 * 1024);
    assert!(store.read(Uuid::from_u128(1), &bucket(), 0, 1).is_ok());
    assert_eq!(put(&store, vec![record(2, 100)]), [Ok(())]);
}

#[test]
fn a_full_disk_takes_nothing_and_recovers_without_a_restart() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 64 * 1024);
    let fill: Vec<_> = (0..50).map(|i| record(i, 1000)).collect();
    assert!(put(&store, fill).iter().all(Result::is_ok));
    disk.inject(Fault::Capacity(64 * 1024));
    let answers = put(&store, (60..80).map(|i| record(i, 1000)).collect());
    let taken = answers.iter().take_while(|answer| answer.is_ok()).count();
    assert!(taken < 20 && answers[taken..].iter().all(|answer| *answer == Err(DiskError::Full)));
    assert_eq!(store.totals().shards, 50 + taken as u64);
    assert_eq!(store.check(), Ok(()));
    assert!(store.read(Uuid::from_u128(3), &bucket(), 0, 1).is_ok());
    assert_eq!(discard(&store, &[Uuid::from_u128(3)]), Ok(()));
    disk.inject(Fault::Capacity(u64::MAX));
    assert_eq!(put(&store, vec![record(80, 1000)]), [Ok(())]);
}

#[test]
fn a_deleted_folder_is_noticed() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 64 * 1024);
    assert_eq!(put(&store, vec![record(1, 100)]), [Ok(())]);
    disk.delete_everything();
    assert!(matches!(put(&store, vec![record(2, 100)])[..], [Err(DiskError::Failed(_))]));
}

#[test]
fn what_was_accepted_is_finished_at_the_end() {
    let disk = MemoryDisk::new();
    let store = open(&disk, 64 * 1024);
    let (sender, receiver) = mpsc::channel();
    for i in 0..200 {
        let sender = sender.clone();
        store.put(vec![record(i, 500)], move |answers| sender.send((i, answers[0].clone())).unwrap());
    }
    store.close();
    drop(sender);
    let answers: Vec<_> = receiver.iter().collect();
    assert_eq!(answers.len(), 200, "each was answered");
    let store = open(&disk.after_power_cut(|_| 0), 64 * 1024);
    for (i, answer) in answers {
        assert_eq!(answer, Ok(()));
        assert!(store.read(Uuid::from_u128(i), &bucket(), 0, 1).is_ok());
    }
    assert_eq!(put(&store, vec![record(1000, 70_000)]), [Err(DiskError::Invalid("a piece larger than a segment"))]);
}

pub(super) const SEGMENT_BYTES: u32 = 64 * 1024;

pub(super) fn segment(number: u32) -> PathBuf {
    format!("segments/{number:010}.seg").into()
}

pub(super) fn reads(store: &Store, i: u128) -> Result<Piece, DiskError> {
    match Reply::decode(store.read(Uuid::from_u128(i), &bucket(), 0, 1)?) {
        Ok(Reply::Pieces(mut pieces)) => Ok(pieces.remove(0)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_read_is_said_to_be_unreadable_and_stops_nothing() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(put(&store, vec![record(1, 100), record(2, 9000)]), [Ok(()), Ok(())]);
    let (large, bytes) = (Uuid::from_u128(3), Bytes::from(vec![3; 5000]));
    store.stage(large, &bucket(), &Piece::new(large, 0, bytes)).unwrap();
    store.seal(large, &bucket(), 1, 5000).unwrap();
    assert!(disk.spoil(&segment(1), 4096..4608));
    assert!(disk.spoil(&shard_path(&bucket(), large), 0..512));
    for shard in [2, 3] {
        assert!(matches!(reads(&store, shard), Err(DiskError::Unreadable(_))));
        let inspected = store.inspect(Uuid::from_u128(shard), &bucket(), true);
        assert!(matches!(inspected, Err(DiskError::Unreadable(_))), "{inspected:?}");
    }
    assert_eq!(reads(&store, 1), Ok(record(1, 100).piece));
    assert_eq!(store.check(), Ok(()));
    assert_eq!(put(&store, vec![record(4, 100)]), [Ok(())]);
}

#[test]
fn an_unreadable_hint_is_only_a_missing_hint() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(put(&store, vec![record(1, 100)]), [Ok(())]);
    drop(store);
    drop(open(&disk, SEGMENT_BYTES));
    assert!(disk.spoil("segments/0000000001.hint".as_ref(), 0..1));
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(reads(&store, 1), Ok(record(1, 100).piece));
}

#[test]
fn an_unreadable_part_of_a_segment_costs_its_records_and_only_for_as_long_as_it_lasts() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    let records: Vec<_> = (0..40).map(|i| record(i, 1000)).collect();
    assert!(put(&store, records.clone()).iter().all(Result::is_ok));
    // As after a kill: no hint is written, and the start reads the segment.
    let disk = disk.after_power_cut(|_| 0);
    drop(store);
    assert!(disk.spoil(&segment(1), 9000..9001));
    for _ in 0..2 {
        let store = open(&disk, SEGMENT_BYTES);
        let lost: Vec<_> =
            (0..40).filter(|i| reads(&store, *i) != Ok(records[usize::try_from(*i).unwrap()].piece.clone())).collect();
        assert_eq!(lost, [7, 8, 9, 10, 11], "those in the block from 8192 to 12288");
        assert_eq!(reads(&store, 8), Err(DiskError::NotFound));
        assert_eq!(put(&store, vec![record(100, 1000)]), [Ok(())]);
        assert_eq!(reads(&store, 100), Ok(record(100, 1000).piece));
        store.close();
    }
    disk.unspoil(&segment(1));
    let store = open(&disk, SEGMENT_BYTES);
    for (i, record) in (0..).zip(&records) {
        assert_eq!(reads(&store, i), Ok(record.piece.clone()), "nothing was written over it");
    }
}

#[test]
fn a_segment_that_cannot_be_read_at_all_stops_no_start_and_its_number_is_not_used_again() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(put(&store, vec![record(1, 1000)]), [Ok(())]);
    let disk = disk.after_power_cut(|_| 0);
    drop(store);
    assert!(disk.spoil(&segment(1), 0..SEGMENT_BYTES as usize));
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(reads(&store, 1), Err(DiskError::NotFound));
    assert_eq!(put(&store, vec![record(2, 1000)]), [Ok(())]);
    drop(store);
    disk.unspoil(&segment(1));
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!([1, 2].map(|i| reads(&store, i)), [1, 2].map(|i| Ok(record(i, 1000).piece)));
}

#[test]
fn a_segment_with_an_unreadable_part_is_not_compacted_away() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    let records: Vec<_> = (0..40).map(|i| record(i, 1000)).collect();
    assert!(put(&store, records.clone()).iter().all(Result::is_ok));
    let disk = disk.after_power_cut(|_| 0);
    drop(store);
    assert!(disk.spoil(&segment(1), 9000..9001));
    let store = open(&disk, SEGMENT_BYTES);
    let dropped: Vec<_> = (12..40).map(Uuid::from_u128).collect();
    assert_eq!(discard(&store, &dropped), Ok(()));
    // A second segment rots too, and is compacted after the first would have been.
    let fill: Vec<_> = (100..200).map(|i| record(i, 1000)).collect();
    assert!(put(&store, fill).iter().all(Result::is_ok));
    assert_eq!(discard(&store, &(100..150).map(Uuid::from_u128).collect::<Vec<_>>()), Ok(()));
    let is_there = |number| disk.open(&segment(number), Open::Existing).is_ok();
    let begin = Instant::now();
    while is_there(2) && begin.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    assert!(!is_there(2) && is_there(1));
    drop(store);
    disk.unspoil(&segment(1));
    let store = open(&disk, SEGMENT_BYTES);
    for i in 7..12 {
        assert_eq!(reads(&store, i), Ok(records[usize::try_from(i).unwrap()].piece.clone()));
    }
}

#[test]
fn a_shard_whose_file_is_gone_or_short_is_not_said_to_be_there() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(put(&store, vec![record(1, 9000), record(2, 9000)]), [Ok(()), Ok(())]);
    let (large, bytes) = (Uuid::from_u128(3), Bytes::from(vec![3; 5000]));
    store.stage(large, &bucket(), &Piece::new(large, 0, bytes)).unwrap();
    store.seal(large, &bucket(), 1, 5000).unwrap();
    let found = |i: u128| store.inspect(Uuid::from_u128(i), &bucket(), false);
    assert_eq!([1, 2, 3].map(found), [Ok((1, 9000)), Ok((1, 9000)), Ok((1, 5000))]);
    // They are read, and stay open.
    assert!(reads(&store, 1).is_ok() && reads(&store, 3).is_ok());
    disk.open(&segment(1), Open::Existing).unwrap().set_len(12_000).unwrap();
    disk.open(&shard_path(&bucket(), large), Open::Existing).unwrap().set_len(10).unwrap();
    assert_eq!([1, 2, 3].map(found), [Ok((1, 9000)), Err(DiskError::Damaged), Err(DiskError::Damaged)]);
    disk.remove(&segment(1)).unwrap();
    disk.remove(&shard_path(&bucket(), large)).unwrap();
    let gone = [Err(DiskError::Damaged), Err(DiskError::Damaged), Err(DiskError::NotFound)];
    assert_eq!([1, 2, 3].map(found), gone);
}
