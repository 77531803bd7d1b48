//! Every kind of damage is found by a scrub, and never served.

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use events::ids::BucketName;
use shards::piece::{Piece, UNIT_BYTES};
use shards::protocol::{ListedShard, Reply, ScrubCommand, ScrubPhase, ScrubStatus, ShardState};
use uuid::Uuid;

use super::super::files::shard_path;
use super::super::scrub::load;
use super::super::{Damage, DiskError, Finding, ScrubSettings, Store, StoreOptions};
use super::store::{PATIENCE, bucket, discard, put, record, segment};
use testkit::disk::{Fault, MemoryDisk};
use vfs::{Folder, Open, RealDisk};

/// So small that segment 1 is more than half full, also without one of its records: else it would be compacted.
const SEGMENT_BYTES: u32 = 24 * 1024;

/// Records 1 to 8 of this length lie in segment 1, which is sealed; 9 and 10 in the active one.
const RECORD_BYTES: usize = 2000;

/// Files 11 to 14 have two pieces.
const FILE_BYTES: u64 = UNIT_BYTES as u64 + 1000;

const RECORDS: std::ops::RangeInclusive<u128> = 1..=10;
const FILES: std::ops::RangeInclusive<u128> = 11..=14;

fn settings() -> ScrubSettings {
    ScrubSettings { period: Duration::from_hours(1), rate_max: 1 << 40 }
}

fn open(disk: &Arc<dyn Folder>, scrub: ScrubSettings) -> Store {
    let options = StoreOptions {
        segment_bytes: SEGMENT_BYTES,
        reserve_bytes: 0,
        scrub,
        ..StoreOptions::new(Uuid::from_u128(1), "n1")
    };
    Store::open(Arc::clone(disk), &options).unwrap()
}

fn piece(i: u128, index: u32) -> Piece {
    let length = if index == 0 { UNIT_BYTES } else { 1000 };
    Piece::new(Uuid::from_u128(i), index, Bytes::from(vec![i.to_le_bytes()[0]; length]))
}

fn put_file(store: &Store, i: u128) {
    (0..2).for_each(|index| store.stage(Uuid::from_u128(i), &bucket(), &piece(i, index)).unwrap());
    store.seal(Uuid::from_u128(i), &bucket(), 2, FILE_BYTES).unwrap();
}

/// A store with records in a sealed and in an active segment, and files.
fn filled(disk: &Arc<dyn Folder>) -> Store {
    let store = open(disk, settings());
    assert!(put(&store, (1..=8).map(|i| record(i, RECORD_BYTES)).collect()).iter().all(Result::is_ok));
    drop(store);
    let store = open(disk, settings());
    assert!(put(&store, (9..=10).map(|i| record(i, RECORD_BYTES)).collect()).iter().all(Result::is_ok));
    FILES.for_each(|i| put_file(&store, i));
    store
}

/// Tells the scrub to begin now and waits for the end of that pass.
fn scrub(store: &Store) -> ScrubStatus {
    let asked = SystemTime::now();
    let begun_ms = store.scrub(ScrubCommand::Start, asked).unwrap().pass.unwrap().begun_ms;
    let begin = Instant::now();
    loop {
        let status = store.scrub(ScrubCommand::Status, asked).unwrap();
        if status.last.is_some_and(|last| last.begun_ms >= begun_ms) && status.phase == ScrubPhase::Waiting {
            return status;
        }
        assert!(begin.elapsed() < PATIENCE, "{status:?}");
        std::thread::yield_now();
    }
}

/// The bytes that a reader would take for those of a shard.
fn served(store: &Store, i: u128) -> Option<Bytes> {
    let mut bytes = Vec::new();
    let pieces = if FILES.contains(&i) { 2 } else { 1 };
    for index in 0..pieces {
        let reply = store.read(Uuid::from_u128(i), &bucket(), index, 1).ok()?;
        let Ok(Reply::Pieces(read)) = Reply::decode(reply) else { return None };
        let piece = read.into_iter().next().filter(|piece| piece.is_intact(Uuid::from_u128(i), index))?;
        bytes.extend_from_slice(&piece.bytes);
    }
    Some(bytes.into())
}

fn written(i: u128) -> Bytes {
    if FILES.contains(&i) {
        [piece(i, 0).bytes, piece(i, 1).bytes].concat().into()
    } else {
        record(i, RECORD_BYTES).piece.bytes
    }
}

fn listed(store: &Store) -> Vec<ListedShard> {
    store.list(Uuid::nil(), 100, false).unwrap().shards
}

/// After a scrub these shards, and no others, are damaged or unreadable; nothing else than what was written is served;
/// others are told; and a restart, before which the damage is put right, still knows it.
fn check(disk: &Arc<dyn Folder>, store: Store, damaged: &[u128], gone: &[u128], damage: Damage) {
    let status = scrub(&store);
    assert_eq!(
        (status.damaged, status.last.unwrap().damaged),
        (damaged.len() as u64, damaged.len() as u64),
        "{status:?}"
    );
    let findings = store.take_findings(100);
    let told = |i: &u128| {
        findings.iter().any(|found: &Finding| found.shard == Uuid::from_u128(*i) && found.damage == Some(damage))
    };
    assert!(damaged.iter().all(told) && findings.len() == damaged.len() + gone.len(), "{findings:?}");
    let state = match damage {
        Damage::Damaged => ShardState::Damaged,
        Damage::Unreadable => ShardState::Unreadable,
    };
    let states = |store: &Store| {
        for listed in listed(store) {
            let i = listed.shard.as_u128();
            assert_eq!(listed.state, if damaged.contains(&i) { state } else { ShardState::Intact }, "{i}");
        }
    };
    states(&store);
    for i in RECORDS.chain(FILES) {
        let is_bad = damaged.contains(&i) || gone.contains(&i);
        assert_eq!(served(&store, i), (!is_bad).then(|| written(i)), "{i}");
    }
    assert_eq!(scrub(&store).damaged, damaged.len() as u64, "it stays so");
    assert_eq!(store.take_findings(100), [], "and is told once");
    drop(store);
    let store = open(disk, settings());
    assert_eq!(
        store.scrub(ScrubCommand::Status, SystemTime::now()).unwrap().damaged,
        damaged.len() as u64,
        "also over a restart"
    );
}

fn memory() -> (MemoryDisk, Arc<dyn Folder>, Store) {
    let disk = MemoryDisk::new();
    let shared: Arc<dyn Folder> = Arc::new(disk.clone());
    let store = filled(&shared);
    (disk, shared, store)
}

/// Where record `i` of segment 1 begins.
fn offset(i: usize) -> usize {
    64 + (i - 1) * (RECORD_BYTES + 48)
}

fn path(i: u128) -> PathBuf {
    shard_path(&bucket(), Uuid::from_u128(i))
}

fn write(disk: &MemoryDisk, path: &Path, at: usize, bytes: &[u8]) {
    let file = disk.open(path, Open::Existing).unwrap();
    file.write_at(&mut [IoSlice::new(bytes)], at as u64).unwrap();
    file.sync().unwrap();
}

fn bytes_at(disk: &MemoryDisk, path: &Path, at: usize, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    disk.open(path, Open::Existing).unwrap().read_at(&mut bytes, at as u64).unwrap();
    bytes
}

#[test]
fn what_is_whole_is_found_whole() {
    let (_, disk, store) = memory();
    let status = scrub(&store);
    let last = status.last.unwrap();
    let bytes = 10 * RECORD_BYTES as u64 + 4 * FILE_BYTES;
    assert_eq!((last.shards, last.bytes, status.shards, status.bytes), (14, bytes, 14, bytes));
    check(&disk, store, &[], &[], Damage::Damaged);
}

#[test]
fn flipped_bits_in_data() {
    let (disk, shared, store) = memory();
    assert!(disk.flip(&segment(1), offset(3) + 48 + 700));
    assert!(disk.flip(&segment(2), offset(1) + 48));
    assert!(disk.flip(&path(12), UNIT_BYTES + 16 + 16 + 999));
    check(&shared, store, &[3, 9, 12], &[], Damage::Damaged);
}

#[test]
fn flipped_bits_in_headers_of_records_and_pieces() {
    let (disk, shared, store) = memory();
    // The magic, the id, the length and the checksum of a record; the header of its piece; those of pieces of files.
    for (i, at) in [(1, 0), (2, 7), (3, 21), (4, 29), (5, 33), (6, 45)] {
        assert!(disk.flip(&segment(1), offset(i) + at));
    }
    assert!(disk.flip(&path(11), 5));
    assert!(disk.flip(&path(12), UNIT_BYTES + 16));
    check(&shared, store, &[1, 2, 3, 4, 5, 6, 11, 12], &[], Damage::Damaged);
}

#[test]
fn zeroed_sectors() {
    let (disk, shared, store) = memory();
    write(&disk, &segment(1), offset(2), &[0; 512]);
    write(&disk, &segment(1), offset(5) + 1024, &[0; 512]);
    write(&disk, &path(13), 4096, &[0; 512]);
    write(&disk, &path(14), UNIT_BYTES + 16, &[0; 1016]);
    check(&shared, store, &[2, 5, 13, 14], &[], Damage::Damaged);
}

#[test]
fn what_was_cut_short() {
    let (disk, shared, store) = memory();
    disk.open(&segment(1), Open::Existing).unwrap().set_len(offset(7) as u64 + 500).unwrap();
    // In the middle of a piece, and between two.
    disk.open(&path(11), Open::Existing).unwrap().set_len(UNIT_BYTES as u64 + 50).unwrap();
    disk.open(&path(13), Open::Existing).unwrap().set_len(UNIT_BYTES as u64 + 16).unwrap();
    check(&shared, store, &[7, 8, 11, 13], &[], Damage::Damaged);
}

#[test]
fn swapped_files_and_segments_and_another_content_under_a_name() {
    let (disk, shared, store) = memory();
    let aside = PathBuf::from("buckets/bucket/aside");
    for (from, to) in [(path(11), aside.clone()), (path(12), path(11)), (aside, path(12))] {
        disk.rename(&from, &to).unwrap();
    }
    // Another content's piece, whole and with a checksum of its own, in the place of a record's and of a file's.
    let other = Piece::new(Uuid::from_u128(99), 0, Bytes::from(vec![9; RECORD_BYTES]));
    write(&disk, &segment(1), offset(4) + 32, &[&other.header()[..], &other.bytes].concat());
    let other = Piece::new(Uuid::from_u128(99), 0, Bytes::from(vec![9; UNIT_BYTES]));
    write(&disk, &path(13), 0, &[&other.header()[..], &other.bytes].concat());
    // A whole record in the place of another.
    let moved = bytes_at(&disk, &segment(1), offset(6), RECORD_BYTES + 48);
    write(&disk, &segment(1), offset(8), &moved);
    check(&shared, store, &[4, 8, 11, 12, 13], &[], Damage::Damaged);

    let (disk, shared, store) = memory();
    let aside = PathBuf::from("segments/aside");
    for (from, to) in [(segment(1), aside.clone()), (segment(2), segment(1)), (aside, segment(2))] {
        disk.rename(&from, &to).unwrap();
    }
    check(&shared, store, &RECORDS.collect::<Vec<_>>(), &[], Damage::Damaged);
}

#[test]
fn a_missing_segment_and_missing_files() {
    let (disk, shared, store) = memory();
    disk.remove(&segment(1)).unwrap();
    disk.remove(&path(12)).unwrap();
    check(&shared, store, &(1..=8).collect::<Vec<_>>(), &[12], Damage::Damaged);
}

#[test]
fn what_the_disk_does_not_return() {
    let (disk, shared, store) = memory();
    assert!(disk.spoil(&segment(1), offset(3) + 10..offset(3) + 20));
    assert!(disk.spoil(&path(14), UNIT_BYTES + 20..UNIT_BYTES + 21));
    check(&shared, store, &[3, 14], &[], Damage::Unreadable);
}

#[test]
fn a_damaged_hint_is_written_anew_and_knows_what_the_segment_does_not_tell_any_more() {
    let hint: PathBuf = "segments/0000000001.hint".into();
    for kill_hint in [0, 1, 2] {
        let (disk, shared, store) = memory();
        // A put and a drop of the same shard, whose records rot.
        assert_eq!(discard(&store, &[Uuid::from_u128(2)]), Ok(()));
        drop(store);
        let store = open(&shared, settings());
        assert!(disk.flip(&segment(1), offset(5)), "the header of a record");
        let tombstone = 64 + 2 * (RECORD_BYTES + 48);
        assert!(disk.flip(&segment(2), tombstone), "the header of the tombstone");
        for hint in [hint.clone(), "segments/0000000002.hint".into()] {
            match kill_hint {
                0 => assert!(disk.flip(&hint, 40)),
                1 => disk.remove(&hint).unwrap(),
                _ => assert!(disk.spoil(&hint, 0..1)),
            }
        }
        assert_eq!(scrub(&store).damaged, 1);
        drop(store);
        let store = open(&shared, settings());
        let states: Vec<_> =
            listed(&store).iter().take(6).map(|listed| (listed.shard.as_u128(), listed.state)).collect();
        let [intact, damaged] = [ShardState::Intact, ShardState::Damaged];
        assert_eq!(states, [(1, intact), (3, intact), (4, intact), (5, damaged), (6, intact), (7, intact)]);
        assert_eq!(served(&store, 2), None, "what was dropped stays dropped");
    }
}

#[test]
fn what_was_put_there_is_taken_in_and_what_nobody_knows_of_is_removed() {
    let (disk, shared, store) = memory();
    let bytes = bytes_at(&disk, &path(11), 0, UNIT_BYTES + 16 + 1016);
    assert_eq!(discard(&store, &[Uuid::from_u128(11)]), Ok(()));
    let make = |name: &str| {
        let path = PathBuf::from("buckets/bucket").join(name);
        disk.open(&path, Open::Create).unwrap();
        write(&disk, &path, 0, &bytes);
    };
    let [known, short] = [11, 15].map(|i| Uuid::from_u128(i).to_string());
    make(&known);
    let abandoned = PathBuf::from("buckets/bucket").join(format!("{}.staged", Uuid::from_u128(16)));
    // A pass that is under way may remove it at once.
    disk.open(&abandoned, Open::Create).unwrap();
    make("notes.txt");
    make(&short);
    disk.open(&path(15), Open::Existing).unwrap().set_len(5).unwrap();
    store.stage(Uuid::from_u128(17), &bucket(), &piece(17, 0)).unwrap();
    scrub(&store);
    let status = scrub(&store);
    assert_eq!((status.shards, status.damaged), (15, 1));
    let names: Vec<_> = disk.list("buckets/bucket".as_ref()).unwrap().into_iter().map(|name| name.name).collect();
    let staged = |i: u128| names.iter().any(|name| *name == format!("{}.staged", Uuid::from_u128(i)));
    assert!(!staged(16) && staged(17) && names.iter().any(|name| name == "notes.txt"), "{names:?}");
    assert_eq!(served(&store, 11), Some(written(11)));
    drop((shared, store));
}

#[test]
fn a_pass_goes_on_where_it_was_and_a_pause_outlives_a_restart() {
    let (_, disk, store) = memory();
    drop(store);
    // So slow that a restart comes in between: the first files take minutes.
    let slow = ScrubSettings { period: Duration::from_hours(1), rate_max: 2000 };
    let store = open(&disk, slow);
    let now = SystemTime::now;
    let until = |what: &str, store: &Store, is: &dyn Fn(&ScrubStatus) -> bool| {
        let begin = Instant::now();
        loop {
            let status = store.scrub(ScrubCommand::Status, now()).unwrap();
            if is(&status) {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {status:?}");
            std::thread::yield_now();
        }
    };
    store.scrub(ScrubCommand::Start, now()).unwrap();
    until("it runs", &store, &|status| status.bytes_per_second > 0);
    store.scrub(ScrubCommand::Pause, now()).unwrap();
    let paused = until("it pauses", &store, &|status| status.phase == ScrubPhase::Paused);
    assert!(paused.pass.is_some() && paused.bytes_per_second == 0);
    drop(store);
    let store = open(&disk, settings());
    let status = store.scrub(ScrubCommand::Status, now()).unwrap();
    assert_eq!((status.phase, status.pass, status.cursor), (ScrubPhase::Paused, paused.pass, paused.cursor));
    store.scrub(ScrubCommand::Resume, now()).unwrap();
    let done = until("it ends", &store, &|status| status.phase == ScrubPhase::Waiting);
    assert_eq!(done.last.map(|last| (last.begun_ms, last.shards)), paused.pass.map(|pass| (pass.begun_ms, 14)));
    drop(store);
    let store = open(&disk, settings());
    let status = store.scrub(ScrubCommand::Status, now()).unwrap();
    assert_eq!((status.phase, status.last), (ScrubPhase::Waiting, done.last), "the next is due in an hour");
}

#[test]
fn what_it_is_told_is_saved_before_it_is_answered() {
    let (disk, shared, store) = memory();
    drop(store);
    for round in 0..20 {
        // Just started, too.
        let store = open(&shared, settings());
        for (command, is_paused) in [(ScrubCommand::Pause, true), (ScrubCommand::Resume, false)] {
            store.scrub(command, SystemTime::now()).unwrap();
            let state = load(&disk.after_power_cut(|_| 0));
            assert_eq!(state.is_paused, is_paused, "round {round}");
        }
    }
}

#[test]
fn what_cannot_be_saved_is_not_answered_as_done() {
    let (disk, _, store) = memory();
    scrub(&store);
    disk.inject(Fault::Capacity(0));
    assert_eq!(store.scrub(ScrubCommand::Pause, SystemTime::now()), Err(DiskError::Full));
    disk.inject(Fault::Capacity(u64::MAX));
    assert!(store.scrub(ScrubCommand::Pause, SystemTime::now()).is_ok());
    assert!(load(&disk.after_power_cut(|_| 0)).is_paused);
}

#[test]
fn writes_discards_and_compaction_go_on_meanwhile() {
    let (_, _disk, store) = memory();
    std::thread::scope(|scope| {
        let churn = scope.spawn(|| {
            for round in 0..60 {
                let some: Vec<_> = (0..20).map(|i| record(100 + i, 1000 + round)).collect();
                let shards: Vec<_> = some.iter().map(|record| record.shard).collect();
                assert!(put(&store, some).iter().all(Result::is_ok));
                put_file(&store, 200 + round as u128);
                assert_eq!(discard(&store, &[Uuid::from_u128(200 + round as u128)]), Ok(()));
                assert_eq!(discard(&store, &shards), Ok(()));
            }
        });
        while !churn.is_finished() {
            assert_eq!(scrub(&store).damaged, 0);
        }
    });
    assert_eq!(store.take_findings(10), []);
}

#[test]
fn a_real_disk_is_read_past_the_page_cache() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["segments", "buckets"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
    }
    let disk: Arc<dyn Folder> = Arc::new(RealDisk::open(folder.path()).unwrap());
    let store = filled(&disk);
    assert_eq!(scrub(&store).damaged, 0);
    let flip = |path: &Path, at: u64| {
        let file = disk.open(path, Open::Existing).unwrap();
        let mut byte = [0];
        file.read_at(&mut byte, at).unwrap();
        file.write_at(&mut [IoSlice::new(&[byte[0] ^ 1])], at).unwrap();
    };
    flip(&segment(1), offset(3) as u64 + 100);
    flip(&path(12), 1000);
    check(&disk, store, &[3, 12], &[], Damage::Damaged);
}

#[test]
fn a_name_that_is_no_buckets_is_left_alone() {
    assert!("x".parse::<BucketName>().is_err());
    let disk = MemoryDisk::new();
    disk.open("buckets/x/file".as_ref(), Open::Create).unwrap();
    let shared: Arc<dyn Folder> = Arc::new(disk.clone());
    let store = open(&shared, settings());
    assert_eq!((scrub(&store).shards, store.read(Uuid::from_u128(1), &bucket(), 0, 1)), (0, Err(DiskError::NotFound)));
    assert_eq!(disk.list("buckets/x".as_ref()).unwrap().len(), 1);
}
