//! Crashes: redb may lose what it had not made durable, and the log has it.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ledger::Ledger;
use testkit::MemoryLog;

use crate::support::*;

/// The file as a crash would leave it now: copied until nothing was written meanwhile.
fn crash_image(live: &Path, to: &Path) {
    loop {
        let first = fs::read(live).unwrap();
        if first == fs::read(live).unwrap() {
            return fs::write(to, first).unwrap();
        }
    }
}

async fn some_history(ledger: &Ledger, from: u32) {
    for n in from..from + 100 {
        ledger.commit(put_object(&format!("key-{}", n % 13), n), origin()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_loses_nothing_that_the_log_has() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    for round in 0..3 {
        some_history(&ledger, round * 100).await;
        let crashed = format!("crashed-{round}");
        crash_image(&folder.file("one"), &folder.file(&crashed));
        let again = open(&log, &folder.file(&crashed), true).await;
        assert_same(&again.read().await.unwrap(), &log).await;
        assert_rebuilds(again, &log, &folder, &crashed).await;
    }
}

/// What is volatile at the crash is most of it, which the test above would not notice if all were durable.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_are_volatile_until_their_time_is_up() {
    let (folder, log, begun) = (Folder::new(), MemoryLog::new(), Instant::now());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let applied = |name: &str| {
        crash_image(&folder.file("one"), &folder.file(name));
        let database = redb::Database::open(folder.file(name)).unwrap();
        cursor_of(&database).map_or(0, |cursor| cursor.1)
    };
    let at_once = applied("at once");
    // On a machine so busy that the time is up already, there is nothing to see.
    assert!(at_once == 0 || begun.elapsed() > Duration::from_millis(900));
    let mut looks = 0;
    while applied(&format!("look-{looks}")) < 1 {
        looks += 1;
        assert!(begun.elapsed() < Duration::from_secs(30), "the commit stays volatile");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Whether opening a file reads all of it first, because it was not closed.
fn is_repaired(path: &Path) -> bool {
    let repaired = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&repaired);
    let database = redb::Builder::new().set_repair_callback(move |_| seen.store(true, Ordering::SeqCst)).open(path);
    drop(database.unwrap());
    repaired.load(Ordering::SeqCst)
}

/// After a crash the size of the projection must not matter: every durable commit says what is free in the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_crash_makes_the_next_opening_read_the_whole_file() {
    let (folder, log, begun) = (Folder::new(), MemoryLog::new(), Instant::now());
    let crashed = |name: &str, image: &str| {
        crash_image(&folder.file(name), &folder.file(image));
        assert!(!is_repaired(&folder.file(image)), "{image}");
        cursor_of(&redb::Database::open(folder.file(image)).unwrap()).map_or(0, |cursor| cursor.1)
    };
    let ledger = open(&log, &folder.file("one"), true).await;
    crashed("one", "after the tables were made");
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    some_history(&ledger, 0).await;
    let mut looks = 0;
    while crashed("one", &format!("after durable commits {looks}")) < 1 {
        looks += 1;
        assert!(begun.elapsed() < Duration::from_secs(30), "the commits stay volatile");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    close(ledger).await;
    let again = open(&log, &folder.file("two"), true).await;
    assert_eq!(crashed("two", "after the log was folded anew"), 101);
    close(again).await;
}

/// Version and sequence of the cursor in a projection's file.
fn cursor_of(database: &redb::Database) -> Option<(u32, u64)> {
    use redb::{ReadableDatabase, TableDefinition};
    const REGION: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("region");
    let table = database.begin_read().unwrap().open_table(REGION).unwrap();
    let row = table.get("cursor").unwrap()?;
    Some(postcard::take_from_bytes(row.value()).unwrap().0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_every_handle_stops_the_ledger() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    for sole_writer in [true, false] {
        let ledger = open(&log, &folder.file("one"), sole_writer).await;
        ledger.commit(create_bucket(&format!("bucket-{sole_writer}")), origin()).await.unwrap();
        let mut progress = ledger.progress();
        drop(ledger);
        while progress.changed().await.is_ok() {}
        assert!(progress.borrow().failed.is_none());
    }
    let ledger = open(&log, &folder.file("one"), true).await;
    assert_same(&ledger.read().await.unwrap(), &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_projection_that_is_gone_is_made_anew() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    some_history(&ledger, 0).await;
    close(ledger).await;
    let ledger = open(&log, &folder.file("another"), false).await;
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "another").await;
}
