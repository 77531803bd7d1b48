//! A disk that is full under the projection: commands that make room go on for as long as they can, what cannot be
//! written waits, and nothing of it ends the ledger.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use domain::View;
use eventlog::Log;
use events::ids::UploadId;
use events::{Event, Fact};
use ledger::{CommitError, Disk, Ledger, Options};
use testkit::MemoryLog;
use uuid::Uuid;

use crate::bounded::{delete, does, object_of_parts};
use crate::support::*;

const MIB: u64 = 1 << 20;
const PLENTY: u64 = 1 << 40;

/// Bytes that are kept for deletes.
const KEPT: u64 = 32 * MIB;

/// How long a ledger may take to come so far.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A disk of a test: its free bytes are what the test says, and while it is full, no write gets through.
struct TestDisk {
    free: AtomicU64,
    /// What a file frees is free then, and nobody else takes it.
    gives_back: AtomicBool,
    is_full: AtomicBool,
    refused: AtomicU64,
}

impl TestDisk {
    const fn new() -> Self {
        let (gives_back, is_full) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { free: AtomicU64::new(PLENTY), gives_back, is_full, refused: AtomicU64::new(0) }
    }

    fn has(&self, free: u64) {
        self.free.store(free, Ordering::SeqCst);
    }

    fn fill(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::SeqCst);
    }

    fn free(&self, projection: &Path) -> u64 {
        let is_given_up = self.gives_back.load(Ordering::SeqCst) && !projection.with_extension("reserve").exists();
        self.free.load(Ordering::SeqCst) + if is_given_up { KEPT } else { 0 }
    }

    fn may_write(&self) -> std::io::Result<()> {
        if !self.is_full.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.refused.fetch_add(1, Ordering::SeqCst);
        Err(std::io::ErrorKind::StorageFull.into())
    }
}

macro_rules! disk {
    ($name:ident) => {
        static $name: TestDisk = TestDisk::new();
    };
    (of $name:ident) => {
        Disk { free_bytes: |path| Ok($name.free(path)), may_write: || $name.may_write() }
    };
}

async fn open_on(disk: Disk, log: &MemoryLog, path: &Path, sole_writer: bool) -> Ledger {
    let options = Options { disk, ..options(path, sole_writer) };
    Ledger::open(options, Arc::new(log.clone())).await.unwrap()
}

async fn releases(log: &MemoryLog) -> usize {
    let is_release = |payload: &[u8]| matches!(Event::decode(payload).unwrap().fact, Fact::UploadPartsReleased(_));
    events(log).await.iter().filter(|stored| is_release(&stored.payload)).count()
}

async fn assert_refused(ledger: &Ledger, command: domain::Command) {
    let error = ledger.commit(command, origin()).await.unwrap_err();
    assert!(matches!(&error, CommitError::Unavailable(why) if why.contains("full")), "{error}");
}

/// Freeing makes no room on the disk, so it is not done where there is little.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_delete_left_is_freed_when_there_is_room() {
    disk!(DISK);
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open_on(disk!(of DISK), &log, &folder.file("one"), true).await;
    does(&ledger, &[create_bucket("bucket"), put_object("small", 1)]).await;
    does(&ledger, &object_of_parts("large", UploadId(Uuid::from_u128(77)), 1_000, 0)).await;
    // All of it is durable then.
    close(ledger).await;
    let ledger = open_on(disk!(of DISK), &log, &folder.file("one"), true).await;
    DISK.has(20 * MIB);
    does(&ledger, &[delete("large")]).await;
    assert_refused(&ledger, put_object("key", 2)).await;
    does(&ledger, &[delete("small")]).await;
    assert_eq!(releases(&log).await, 0);
    assert!(ledger.read().await.unwrap().next_released_upload().unwrap().is_some());
    DISK.has(PLENTY);
    does(&ledger, &[put_object("key", 2)]).await;
    freed(&ledger).await;
    assert!(releases(&log).await > 5);
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

/// What is kept for them lets deletes go on though nothing is left; without it nothing is written, and reads go on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletes_take_what_is_kept_for_them() {
    disk!(DISK);
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open_on(disk!(of DISK), &log, &folder.file("one"), true).await;
    does(&ledger, &[create_bucket("bucket"), put_object("one", 1), put_object("two", 2)]).await;
    assert!(folder.file("one.reserve").exists());
    DISK.gives_back.store(true, Ordering::SeqCst);
    DISK.has(0);
    assert_refused(&ledger, put_object("key", 3)).await;
    assert!(folder.file("one.reserve").exists(), "it is for deletes");
    does(&ledger, &[delete("one")]).await;
    assert!(!folder.file("one.reserve").exists(), "it was given up");
    // Somebody else takes it.
    DISK.gives_back.store(false, Ordering::SeqCst);
    assert_refused(&ledger, delete("two")).await;
    assert_same(&ledger.read().await.unwrap(), &log).await;
    DISK.has(32 * MIB);
    does(&ledger, &[delete("two")]).await;
    assert_refused(&ledger, put_object("key", 3)).await;
    DISK.has(PLENTY);
    does(&ledger, &[put_object("key", 3)]).await;
    assert!(folder.file("one.reserve").exists(), "it is there again");
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

/// However full the disk is when redb writes: the ledger goes on, with what the log has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_that_meets_the_full_disk_is_opened_anew() {
    disk!(DISK);
    for sole_writer in [true, false] {
        let (folder, log) = (Folder::new(), MemoryLog::new());
        let ledger = open_on(disk!(of DISK), &log, &folder.file("one"), sole_writer).await;
        does(&ledger, &[create_bucket("bucket"), put_object("one", 1)]).await;
        let refused = DISK.refused.load(Ordering::SeqCst);
        DISK.fill(true);
        let begun = std::time::Instant::now();
        // The first durable commit comes within a second.
        for n in 0.. {
            let commit = ledger.commit(put_object("many", n), origin());
            match tokio::time::timeout(Duration::from_millis(100), commit).await {
                Err(_) | Ok(Ok(_) | Err(CommitError::Unknown | CommitError::Unavailable(_))) => {}
                Ok(Err(error)) => panic!("{error}"),
            }
            if DISK.refused.load(Ordering::SeqCst) > refused {
                break;
            }
            assert!(begun.elapsed() < WAIT_MAX, "it is not made durable");
        }
        DISK.fill(false);
        does(&ledger, &[put_object("two", 2), delete("one")]).await;
        assert!(ledger.progress().borrow().failed.is_none());
        assert_same(&ledger.read().await.unwrap(), &log).await;
        assert_rebuilds(ledger, &log, &folder, "one").await;
    }
}

/// A ledger opens where there is no room: what it lacks is folded in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_opens_on_a_full_disk() {
    disk!(DISK);
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open_on(disk!(of DISK), &log, &folder.file("one"), true).await;
    does(&ledger, &[create_bucket("bucket"), put_object("one", 1), put_object("two", 2)]).await;
    close(ledger).await;
    // Others append meanwhile.
    let ledger = open(&log, &folder.file("two"), false).await;
    for n in 0..100 {
        does(&ledger, &[put_object(&format!("key-{n}"), n)]).await;
    }
    close(ledger).await;
    std::fs::remove_file(folder.file("one.reserve")).unwrap();
    DISK.has(0);
    let ledger = open_on(disk!(of DISK), &log, &folder.file("one"), true).await;
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_refused(&ledger, delete("two")).await;
    DISK.has(PLENTY);
    does(&ledger, &[delete("two")]).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

/// What others append is folded while memory has room for it, then it waits. Nothing is tried that must fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_append_waits_for_room() {
    const PUTS: u32 = 1_500;
    disk!(DISK);
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    does(&ledger, &[create_bucket("bucket")]).await;
    let short = open_on(disk!(of DISK), &log, &folder.file("two"), false).await;
    std::fs::remove_file(folder.file("two.reserve")).ok();
    DISK.has(0);
    DISK.fill(true);
    for n in 0..PUTS {
        does(&ledger, &[put_object(&format!("key-{n}"), n)]).await;
    }
    assert_refused(&short, put_object("key", 1)).await;
    let folded = short.progress().borrow().cursor.sequence;
    assert!(folded < u64::from(PUTS), "{folded} events are in memory");
    DISK.fill(false);
    DISK.has(PLENTY);
    let mut progress = short.progress();
    let all = progress.wait_for(|progress| progress.cursor.sequence > u64::from(PUTS));
    tokio::time::timeout(WAIT_MAX, all).await.expect("it goes on").unwrap();
    assert_eq!(DISK.refused.load(Ordering::SeqCst), 0);
    assert_same(&short.read().await.unwrap(), &log).await;
    assert_rebuilds(short, &log, &folder, "two").await;
    close(ledger).await;
}

/// A log whose disk is nearly full takes little, and the little is for deletes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_short_of_room_gets_deletes_only() {
    #[derive(Clone)]
    struct Short(MemoryLog, Arc<AtomicBool>);

    impl Log for Short {
        async fn append(&self, last: u64, messages: &[eventlog::Message]) -> Result<(), eventlog::AppendError> {
            self.0.append(last, messages).await
        }

        async fn read(
            &self,
            from: u64,
            events: usize,
            bytes: usize,
        ) -> Result<Vec<eventlog::Stored>, eventlog::ReadError> {
            self.0.read(from, events, bytes).await
        }

        async fn tail(&self) -> Result<eventlog::Tail, eventlog::ReadError> {
            self.0.tail().await
        }

        fn follow(&self, from: u64) -> eventlog::Follow {
            self.0.follow(from)
        }

        fn is_short_of_room(&self) -> bool {
            self.1.load(Ordering::SeqCst)
        }
    }

    let (folder, log) = (Folder::new(), Short(MemoryLog::new(), Arc::default()));
    let ledger = open(&log, &folder.file("one"), true).await;
    does(&ledger, &[create_bucket("bucket"), put_object("one", 1)]).await;
    log.1.store(true, Ordering::SeqCst);
    assert_refused(&ledger, put_object("two", 2)).await;
    does(&ledger, &[delete("one")]).await;
    log.1.store(false, Ordering::SeqCst);
    does(&ledger, &[put_object("two", 2)]).await;
}

/// A ledger that leaves freeing to others puts none of it into its batches.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_not_free_leaves_it_to_others() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let options = Options { releases: false, ..options(&folder.file("one"), false) };
    let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
    does(&ledger, &[create_bucket("bucket"), put_object("small", 1)]).await;
    does(&ledger, &object_of_parts("large", UploadId(Uuid::from_u128(77)), 1_000, 0)).await;
    does(&ledger, &[delete("large"), delete("small")]).await;
    assert_eq!(releases(&log).await, 0);
    close(ledger).await;
    let gateway = open(&log, &folder.file("two"), false).await;
    freed(&gateway).await;
    close(gateway).await;
}
