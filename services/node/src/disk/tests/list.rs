//! Listings, against what lies on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use shards::piece::{Piece, UNIT_BYTES};
use shards::protocol::{ListedShard, ScrubCommand, ShardPage, ShardState};
use uuid::Uuid;

use super::super::files::shard_path;
use super::super::{DiskError, Store};
use super::store::{SEGMENT_BYTES, bucket, discard, put, reads, record, segment};
use testkit::disk::MemoryDisk;
use vfs::{Folder, Open};

/// Two pieces, the second of 10 bytes.
const FILE_BYTES: u64 = UNIT_BYTES as u64 + 10;

/// A store whose scrub rests: it would find things before the listing does.
fn open(disk: &MemoryDisk, segment_bytes: u32) -> Store {
    let store = super::store::open(disk, segment_bytes);
    store.scrub(ScrubCommand::Pause, SystemTime::now()).unwrap();
    store
}

fn stage_file(store: &Store, i: u128) {
    let shard = Uuid::from_u128(i);
    for (index, length) in [(0, UNIT_BYTES), (1, 10)] {
        store.stage(shard, &bucket(), &Piece::new(shard, index, Bytes::from(vec![7; length]))).unwrap();
    }
}

fn put_file(store: &Store, i: u128) {
    stage_file(store, i);
    store.seal(Uuid::from_u128(i), &bucket(), 2, FILE_BYTES).unwrap();
}

fn pages(store: &Store, max: usize, verify: bool) -> Vec<ShardPage> {
    let (mut pages, mut after) = (Vec::new(), Some(Uuid::nil()));
    while let Some(behind) = after {
        let page = store.list(behind, max, verify).unwrap();
        assert!(page.shards.len() <= max);
        after = page.next;
        pages.push(page);
    }
    pages
}

fn list(store: &Store, max: usize, verify: bool) -> Vec<ListedShard> {
    pages(store, max, verify).into_iter().flat_map(|page| page.shards).collect()
}

fn states(store: &Store, verify: bool) -> Vec<(u128, ShardState)> {
    list(store, 100, verify).iter().map(|listed| (listed.shard.as_u128(), listed.state)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Record,
    File,
    Staged,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn pages_of_any_size_hold_what_is_there_once_and_in_order(
        shards in btree_map(1_u128..1000, prop_oneof![4 => Just(Kind::Record), 2 => Just(Kind::File), 1 => Just(Kind::Staged)], 0..30),
        dropped in vec(any::<prop::sample::Index>(), 0..8), max in 1..12_usize, verify: bool, restart: bool,
    ) {
        let disk = MemoryDisk::new();
        let mut store = open(&disk, SEGMENT_BYTES);
        let mut left: BTreeMap<u128, Kind> = shards.clone();
        for (&i, kind) in &shards {
            match kind {
                Kind::Record => assert_eq!(put(&store, vec![record(i, 100)]), [Ok(())]),
                Kind::File => put_file(&store, i),
                Kind::Staged => stage_file(&store, i),
            }
        }
        for index in dropped.iter().filter(|_| !shards.is_empty()) {
            let i = *shards.keys().nth(index.index(shards.len())).unwrap();
            assert_eq!(discard(&store, &[Uuid::from_u128(i)]), Ok(()));
            left.remove(&i);
        }
        if restart {
            drop(store);
            store = open(&disk, SEGMENT_BYTES);
            left.retain(|_, kind| *kind != Kind::Staged);
        }
        let expected: Vec<_> = left.iter().map(|(&i, kind)| {
            let (bucket, bytes) = if *kind == Kind::Record { (None, 100) } else { (Some(bucket()), FILE_BYTES) };
            let state = if *kind == Kind::Staged { ShardState::Staged } else { ShardState::Intact };
            ListedShard { shard: Uuid::from_u128(i), bucket, bytes, state }
        }).collect();
        prop_assert_eq!(list(&store, max, verify), expected);
    }
}

#[test]
fn a_shard_that_stays_is_listed_once_while_others_come_and_go() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    let stay: BTreeSet<u128> = (1..=60).map(|i| i * 10).collect();
    for &i in &stay {
        if i % 3 == 0 { put_file(&store, i) } else { assert_eq!(put(&store, vec![record(i, 900)]), [Ok(())]) }
    }
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Segments rot and are compacted meanwhile.
        scope.spawn(|| {
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let come: Vec<_> = (1..60).map(|i| record(i * 10 + 1 + round % 9, 900)).collect();
                let go: Vec<_> = come.iter().map(|record| record.shard).collect();
                assert!(put(&store, come).iter().all(Result::is_ok));
                assert_eq!(discard(&store, &go), Ok(()));
            }
        });
        for max in (1..40).cycle().take(200) {
            let listed = list(&store, max, false);
            let here: Vec<_> =
                listed.iter().map(|listed| listed.shard.as_u128()).filter(|i| stay.contains(i)).collect();
            assert!(here.iter().copied().eq(stay.iter().copied()), "{here:?}");
            assert!(listed.windows(2).all(|pair| pair[0].shard < pair[1].shard));
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn what_was_deleted_or_cut_behind_the_nodes_back_is_noticed() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(put(&store, vec![record(1, 9000), record(3, 9000)]), [Ok(()), Ok(())]);
    for i in [2, 4, 5] {
        put_file(&store, i);
    }
    // What was read stays open.
    assert!([1, 2, 3, 4, 5].into_iter().all(|i| reads(&store, i).is_ok()));
    let path = |i| shard_path(&bucket(), Uuid::from_u128(i));
    disk.remove(&path(2)).unwrap();
    // Whole pieces are left of one, and no sensible length of the other.
    disk.open(&path(4), Open::Existing).unwrap().set_len(UNIT_BYTES as u64 + 16).unwrap();
    disk.open(&path(5), Open::Existing).unwrap().set_len(3).unwrap();
    disk.open(&segment(1), Open::Existing).unwrap().set_len(12_000).unwrap();
    let intact = |i| (i, ShardState::Intact);
    let damaged = |i| (i, ShardState::Damaged);
    assert_eq!(states(&store, false), [intact(1), damaged(3), damaged(4), damaged(5)]);
    disk.remove(&segment(1)).unwrap();
    assert_eq!(states(&store, false), [damaged(1), damaged(3), damaged(4), damaged(5)]);
    assert_eq!(store.totals().shards, 4, "what is gone is not counted");
    let reports = store.inspect_many(&[1, 2, 4].map(|i| (bucket(), Uuid::from_u128(i))));
    assert_eq!(reports, [Err(DiskError::Damaged), Err(DiskError::NotFound), Err(DiskError::Damaged)]);
}

#[test]
fn a_file_that_was_put_there_is_found_by_whoever_asks_for_it_and_listed_from_then_on() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    put_file(&store, 1);
    let path = |i| shard_path(&bucket(), Uuid::from_u128(i));
    disk.rename(&path(1), &path(2)).unwrap();
    assert_eq!(states(&store, false), []);
    disk.rename(&path(2), &path(1)).unwrap();
    assert_eq!(store.inspect(Uuid::from_u128(1), &bucket(), false), Ok((2, FILE_BYTES)));
    assert_eq!(states(&store, false), [(1, ShardState::Intact)]);
}

#[test]
fn only_a_verifying_listing_reads_and_what_it_finds_is_remembered() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    assert_eq!(put(&store, vec![record(1, 500), record(2, 500)]), [Ok(()), Ok(())]);
    for i in [3, 4] {
        put_file(&store, i);
    }
    assert!(disk.flip(&segment(1), 700));
    assert!(disk.flip(&shard_path(&bucket(), Uuid::from_u128(3)), UNIT_BYTES + 40));
    assert!(disk.spoil(&shard_path(&bucket(), Uuid::from_u128(4)), 0..1));
    assert!(states(&store, false).iter().all(|(_, state)| *state == ShardState::Intact));
    let found =
        [(1, ShardState::Intact), (2, ShardState::Damaged), (3, ShardState::Damaged), (4, ShardState::Unreadable)];
    assert_eq!(states(&store, true), found);
    assert_eq!(states(&store, false), found);
    assert_eq!(store.inspect(Uuid::from_u128(3), &bucket(), false), Err(DiskError::Damaged));
    // Written anew, or readable again, it is sound.
    assert_eq!(put(&store, vec![record(2, 500)]), [Ok(())]);
    assert_eq!(discard(&store, &[Uuid::from_u128(3)]), Ok(()));
    disk.unspoil(&shard_path(&bucket(), Uuid::from_u128(4)));
    assert_eq!(states(&store, false), [(1, ShardState::Intact), (2, ShardState::Intact), (4, ShardState::Unreadable)]);
    assert!(store.inspect(Uuid::from_u128(4), &bucket(), true).is_ok());
    assert!(states(&store, false).iter().all(|(_, state)| *state == ShardState::Intact));
}

#[test]
fn a_file_that_was_cut_while_the_node_was_down_is_listed_as_it_is() {
    let disk = MemoryDisk::new();
    let store = open(&disk, SEGMENT_BYTES);
    for i in [1, 2] {
        put_file(&store, i);
    }
    drop(store);
    let path = |i| shard_path(&bucket(), Uuid::from_u128(i));
    disk.open(&path(1), Open::Existing).unwrap().set_len(UNIT_BYTES as u64 + 16).unwrap();
    disk.open(&path(2), Open::Existing).unwrap().set_len(3).unwrap();
    let store = open(&disk, SEGMENT_BYTES);
    let listed = list(&store, 10, false);
    let found: Vec<_> = listed.iter().map(|listed| (listed.bytes, listed.state)).collect();
    assert_eq!(found, [(UNIT_BYTES as u64, ShardState::Intact), (0, ShardState::Damaged)]);
    assert_eq!(discard(&store, &[1, 2].map(Uuid::from_u128)), Ok(()));
    assert_eq!(disk.list("buckets/bucket".as_ref()).unwrap(), []);
}
