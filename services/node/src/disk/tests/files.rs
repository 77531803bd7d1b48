//! Shard files under power cuts, against a model.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use events::ids::{BucketName, Generation};
use proptest::collection::vec;
use proptest::prelude::*;
use shards::piece::{Piece, UNIT_BYTES};
use shards::protocol::Reply;
use testkit::nodes;
use uuid::Uuid;

use super::super::DiskError;
use super::super::files::ShardFiles;
use super::super::handles::Handles;
use super::super::health::Health;
use super::super::limits::{STAGED_IDLE_MAX, STAGED_OPEN_MAX, STALLED_AFTER};
use testkit::disk::{Fault, MemoryDisk};
use vfs::Folder;

fn bucket() -> BucketName {
    "bucket".parse().unwrap()
}

fn open(disk: &MemoryDisk) -> Result<ShardFiles, DiskError> {
    let shared: Arc<MemoryDisk> = Arc::new(disk.clone());
    let handles = Arc::new(Handles::new(shared.clone()));
    ShardFiles::recover(shared, Arc::new(Health::new(disk, 0)?), handles, Arc::default())
}

/// Shards 0 to 4 have one to three pieces; the same each time, as a content's shards are.
fn piece(i: u8, index: u32) -> Piece {
    let length = if index + 1 == pieces(i) { 100 + usize::from(i) } else { UNIT_BYTES };
    nodes::piece(shard(i), index, Bytes::from(vec![i ^ index.to_le_bytes()[0]; length]))
}

fn pieces(i: u8) -> u32 {
    u32::from(i) % 3 + 1
}

/// The pieces of every other shard are tagged.
fn shard(i: u8) -> Uuid {
    let fresh = Uuid::from_u128((u128::from(i) + 1) << 3);
    if i % 2 == 1 { Generation::tagged(fresh, 1).shard(0) } else { fresh }
}

fn bytes(i: u8) -> u64 {
    (0..pieces(i)).map(|index| piece(i, index).bytes.len() as u64).sum()
}

#[derive(Debug, Clone)]
enum Work {
    Stage(u8, u32),
    Seal(u8),
    Discard(u8),
    Restart,
    CutPowerAfter(u64),
}

fn work() -> impl Strategy<Value = Work> {
    let i = 0..5_u8;
    prop_oneof![
        8 => (i.clone(), 0..3_u32).prop_map(|(i, index)| Work::Stage(i, index)),
        6 => i.clone().prop_map(Work::Seal),
        2 => i.prop_map(Work::Discard),
        1 => Just(Work::Restart),
        2 => (0..12_u64).prop_map(Work::CutPowerAfter),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Is {
    There,
    Gone,
    Unknown,
}

fn check(files: &ShardFiles, model: &HashMap<u8, Is>) {
    for (&i, &is) in model {
        let found = match files.read(shard(i), &bucket(), 0, 2) {
            Ok(reply) => {
                let Ok(Reply::Pieces(read)) = Reply::decode(reply) else { panic!("not pieces") };
                let expected: Vec<_> = (0..pieces(i).min(2)).map(|index| piece(i, index)).collect();
                assert_eq!(read, expected);
                assert_eq!(files.verify(shard(i), &bucket()).unwrap().pieces, pieces(i));
                Is::There
            }
            Err(DiskError::NotFound) => Is::Gone,
            Err(why) => panic!("{why}"),
        };
        assert!(is == found || is == Is::Unknown, "shard {i} is {found:?}, not {is:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn sealed_shards_stay_and_others_never_show(works in vec(work(), 1..60), chance in vec(any::<u8>(), 1..32)) {
        let mut chances = 0;
        let mut choose = |n: usize| { chances += 1; usize::from(chance[chances % chance.len()]) % n };
        let mut disk = MemoryDisk::new();
        let mut files = open(&disk).unwrap();
        let mut model: HashMap<u8, Is> = (0..5).map(|i| (i, Is::Gone)).collect();
        for work in works.iter().chain([&Work::CutPowerAfter(0), &Work::Discard(0)]) {
            let done = match *work {
                Work::Stage(i, index) if index < pieces(i) => files.stage(shard(i), &bucket(), &piece(i, index)),
                Work::Stage(..) => Ok(()),
                Work::Seal(i) => {
                    let sealed = files.seal(shard(i), &bucket(), pieces(i), bytes(i));
                    let is = if sealed.is_ok() { Is::There } else { Is::Unknown };
                    if sealed != Err(DiskError::NotFound) {
                        model.insert(i, is);
                    }
                    sealed
                }
                Work::Discard(i) => {
                    let discarded = files.discard(&bucket(), &[shard(i)]);
                    model.insert(i, if discarded.is_ok() { Is::Gone } else { Is::Unknown });
                    discarded
                }
                Work::Restart => open(&disk).map(|restarted| files = restarted),
                Work::CutPowerAfter(calls) => {
                    disk.inject(Fault::PowerAfter(calls));
                    Ok(())
                }
            };
            match done {
                Ok(()) | Err(DiskError::NotFound) => {}
                Err(DiskError::Failed(_)) => {
                    disk = disk.after_power_cut(&mut choose);
                    files = open(&disk).unwrap();
                }
                Err(why) => panic!("{why}"),
            }
            check(&files, &model);
        }
    }
}

#[test]
fn what_nobody_seals_is_swept() {
    let disk = MemoryDisk::new();
    let files = open(&disk).unwrap();
    files.stage(shard(1), &bucket(), &piece(1, 0)).unwrap();
    assert_eq!(files.sweep(Instant::now()), 0);
    let later = Instant::now() + STAGED_IDLE_MAX + STAGED_IDLE_MAX;
    assert_eq!((files.sweep(later), files.sweep(later)), (1, 0));
    assert_eq!(disk.list("buckets/bucket".as_ref()).unwrap(), []);
    let late = files.stage(shard(1), &bucket(), &piece(1, 1));
    assert_eq!(late, Err(DiskError::NotFound), "the first piece is gone");
    let sealed = files.seal(shard(1), &bucket(), pieces(1), bytes(1));
    assert_eq!(sealed, Err(DiskError::NotFound));
}

#[test]
fn what_somebody_asks_for_is_not_swept() {
    let disk = MemoryDisk::new();
    let files = open(&disk).unwrap();
    files.stage(shard(1), &bucket(), &piece(1, 0)).unwrap();
    let staged = Instant::now();
    while Instant::now() == staged {
        std::thread::yield_now();
    }
    files.touch(shard(1));
    assert_eq!(files.sweep(staged + STAGED_IDLE_MAX), 0);
    files.stage(shard(1), &bucket(), &piece(1, 1)).unwrap();
    files.seal(shard(1), &bucket(), pieces(1), bytes(1)).unwrap();
}

#[test]
fn to_discard_is_not_to_be_stuck() {
    let disk = MemoryDisk::new();
    let shared: Arc<MemoryDisk> = Arc::new(disk.clone());
    let health = Arc::new(Health::new(&disk, 0).unwrap());
    let files =
        ShardFiles::recover(shared.clone(), Arc::clone(&health), Arc::new(Handles::new(shared)), Arc::default())
            .unwrap();
    for i in 0..3 {
        files.stage(shard(i), &bucket(), &piece(i, 0)).unwrap();
    }
    files.seal(shard(0), &bucket(), 1, bytes(0)).unwrap();
    let is_stuck = || health.is_stalled(Instant::now() + STALLED_AFTER);
    disk.inject(Fault::HoldRemovals(true));
    std::thread::scope(|threads| {
        let removal = threads.spawn(|| files.discard(&bucket(), &[shard(0)]));
        let begin = Instant::now();
        while !disk.is_removing() {
            assert!(begin.elapsed().as_secs() < 20);
            std::thread::yield_now();
        }
        assert!(!is_stuck());
        disk.inject(Fault::HoldRemovals(false));
        assert_eq!(removal.join().unwrap(), Ok(()));
    });
}

#[test]
fn any_number_of_uploads_may_be_under_way_and_few_files_are_open() {
    let disk = MemoryDisk::new();
    let files = open(&disk).unwrap();
    let (shards, before) = (1_000, disk.references());
    let id = |number: u128| Uuid::from_u128(1_000 + number);
    let part = |number, index, length| Piece::new(id(number), index, Bytes::from(vec![7; length]));
    for number in 0..shards {
        files.stage(id(number), &bucket(), &part(number, 0, UNIT_BYTES)).unwrap();
        let open = disk.references() - before;
        assert!(open <= STAGED_OPEN_MAX, "{open}");
    }
    for number in 0..shards {
        files.stage(id(number), &bucket(), &part(number, 1, 10)).unwrap();
        files.seal(id(number), &bucket(), 2, UNIT_BYTES as u64 + 10).unwrap();
    }
    assert_eq!(files.totals().0, u64::try_from(shards).unwrap());
}

#[test]
fn a_sync_that_fails_when_a_file_is_closed_is_not_forgotten() {
    let disk = MemoryDisk::new();
    let files = open(&disk).unwrap();
    for i in 0..u8::try_from(STAGED_OPEN_MAX).unwrap() {
        files.stage(shard(i), &bucket(), &piece(i, 0)).unwrap();
    }
    disk.inject(Fault::NextSync);
    let _refused = files.stage(shard(4), &bucket(), &piece(4, 0));
    let sealed = files.seal(shard(0), &bucket(), pieces(0), bytes(0));
    assert!(matches!(sealed, Err(DiskError::Failed(_))), "{sealed:?}");
}

#[test]
fn a_full_disk_drops_what_was_staged_and_recovers() {
    let disk = MemoryDisk::new();
    let files = open(&disk).unwrap();
    disk.inject(Fault::Capacity(UNIT_BYTES as u64 + 50));
    files.stage(shard(1), &bucket(), &piece(1, 0)).unwrap();
    let full = files.stage(shard(1), &bucket(), &piece(1, 1));
    assert_eq!(full, Err(DiskError::Full));
    assert_eq!(disk.list("buckets/bucket".as_ref()).unwrap(), [], "nothing half done");
    disk.inject(Fault::Capacity(u64::MAX));
    for index in 0..pieces(1) {
        files.stage(shard(1), &bucket(), &piece(1, index)).unwrap();
    }
    files.seal(shard(1), &bucket(), pieces(1), bytes(1)).unwrap();
    assert_eq!(files.totals(), (1, bytes(1)));
}

#[test]
fn a_failed_sync_of_a_shard_fails_the_disk() {
    let disk = MemoryDisk::new();
    let files = open(&disk).unwrap();
    files.stage(shard(0), &bucket(), &piece(0, 0)).unwrap();
    disk.inject(Fault::NextSync);
    let failed = |result| matches!(result, Err(DiskError::Failed(_)));
    assert!(failed(files.seal(shard(0), &bucket(), 1, bytes(0))));
    assert!(failed(files.seal(shard(0), &bucket(), 1, bytes(0))), "a second sync proves nothing");
    assert!(failed(files.stage(shard(3), &bucket(), &piece(3, 0))));
}
