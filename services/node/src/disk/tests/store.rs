//! A store with its threads, on a disk in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use events::ids::BucketName;
use shards::protocol::{Record, Reply};
use uuid::Uuid;

use super::super::seam::{Fault, Folder, MemoryDisk};
use super::super::{DiskError, Store, StoreOptions};

const PATIENCE: Duration = Duration::from_secs(20);

fn bucket() -> BucketName {
    "bucket".parse().unwrap()
}

fn open(disk: &MemoryDisk, segment_bytes: u32) -> Store {
    let options = StoreOptions { segment_bytes, reserve_bytes: 0, ..StoreOptions::new(Uuid::from_u128(1), "n1") };
    Store::open(Arc::new(disk.clone()), &options).unwrap()
}

fn put(store: &Store, records: Vec<Record>) -> Vec<Result<(), DiskError>> {
    let (told, heard) = mpsc::channel();
    store.put(records, move |answers| told.send(answers).unwrap());
    heard.recv_timeout(PATIENCE).unwrap()
}

fn discard(store: &Store, shards: &[Uuid]) -> Result<(), DiskError> {
    let (told, heard) = mpsc::channel();
    store.discard(&bucket(), shards, move |answer| told.send(answer).unwrap());
    heard.recv_timeout(PATIENCE).unwrap()
}

fn record(i: u128, length: usize) -> Record {
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
    let (told, heard) = mpsc::channel();
    for i in 0..200 {
        let told = told.clone();
        store.put(vec![record(i, 500)], move |answers| told.send((i, answers[0].clone())).unwrap());
    }
    store.close();
    drop(told);
    let answers: Vec<_> = heard.iter().collect();
    assert_eq!(answers.len(), 200, "each was answered");
    let store = open(&disk.after_power_cut(|_| 0), 64 * 1024);
    for (i, answer) in answers {
        assert_eq!(answer, Ok(()));
        assert!(store.read(Uuid::from_u128(i), &bucket(), 0, 1).is_ok());
    }
    assert_eq!(put(&store, vec![record(1000, 70_000)]), [Err(DiskError::Invalid("a piece larger than a segment"))]);
}
