//! On a real disk: what is discarded gives its room back.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use shards::piece::{Piece, UNIT_BYTES};
use uuid::Uuid;

use super::super::{Store, StoreOptions};
use super::store::{bucket, discard, put, record};
use vfs::RealDisk;

/// How long room may take to come back.
const RETURN_TIME_MAX: Duration = Duration::from_mins(1);

const RECORDS: u128 = 6000;
const RECORD_BYTES: usize = 20_000;
const FILES: u128 = 100;

/// Bytes that the file system has given to everything below a folder.
fn allocated(folder: &Path) -> u64 {
    let inside = std::fs::read_dir(folder).unwrap().map(|entry| {
        // Files come and go meanwhile.
        let path = entry.unwrap().path();
        let Ok(metadata) = path.symlink_metadata() else { return 0 };
        metadata.blocks() * 512 + if metadata.is_dir() { allocated(&path) } else { 0 }
    });
    inside.sum()
}

fn open(folder: &Path) -> Store {
    for part in ["segments", "buckets"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    let options = StoreOptions { idle_after: Duration::from_secs(1), ..StoreOptions::new(Uuid::from_u128(1), "n1") };
    Store::open(Arc::new(RealDisk::open(folder).unwrap()), &options).unwrap()
}

#[test]
fn what_is_discarded_gives_its_room_back() {
    for restart in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut store = open(folder.path());
        for some in (1..=RECORDS).collect::<Vec<_>>().chunks(500) {
            let records = some.iter().map(|i| record(*i, RECORD_BYTES)).collect();
            assert!(put(&store, records).iter().all(Result::is_ok));
        }
        let files: Vec<Uuid> = (1..=FILES).map(|i| Uuid::from_u128(1_000_000 + i)).collect();
        for &shard in &files {
            for index in 0..3 {
                let piece = Piece::new(shard, index, Bytes::from(vec![3; UNIT_BYTES]));
                store.stage(shard, &bucket(), &piece).unwrap();
            }
            store.seal(shard, &bucket(), 3, 3 * UNIT_BYTES as u64).unwrap();
            // What was read stays open for a while.
            store.read(shard, &bucket(), 0, 1).unwrap();
        }
        let full = allocated(folder.path());
        let least = RECORDS * RECORD_BYTES as u128 + FILES * 3 * UNIT_BYTES as u128;
        assert!(u128::from(full) > least, "{full}");
        if restart {
            drop(store);
            store = open(folder.path());
        }
        let records: Vec<Uuid> = (1..=RECORDS).map(Uuid::from_u128).collect();
        for some in [&files[..], &records[..3000], &records[3000..]] {
            assert_eq!(discard(&store, some), Ok(()));
        }
        let begin = Instant::now();
        while allocated(folder.path()) * 20 > full {
            let left = allocated(folder.path());
            assert!(begin.elapsed() < RETURN_TIME_MAX, "{left} of {full} bytes are still taken");
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(store.totals().shards, 0);
    }
}

#[test]
fn an_idle_node_keeps_no_room_for_what_may_come() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    assert_eq!(put(&store, vec![record(1, 1000)]), [Ok(())]);
    let begin = Instant::now();
    while allocated(folder.path()) > 200_000 {
        assert!(begin.elapsed() < RETURN_TIME_MAX, "{} bytes for one shard", allocated(folder.path()));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(put(&store, vec![record(2, 1000)]), [Ok(())]);
    assert_eq!(std::fs::read_dir(folder.path().join("segments")).unwrap().count(), 1, "it goes on in the same segment");
    assert!([1, 2].iter().all(|i| store.inspect(Uuid::from_u128(*i), &bucket(), true).is_ok()));
}
