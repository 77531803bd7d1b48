//! A ledger that cannot go on reports it, to callers and to watchers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use ledger::{CommitError, Ledger, Progress, Sources};
use testkit::MemoryLog;

use crate::faulty::Faulty;
use crate::support::*;

/// How long a ledger may take to come so far.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Waits until a ledger's progress is as wanted.
async fn progress(ledger: &Ledger, is_so: impl FnMut(&Progress) -> bool) -> Progress {
    let mut progress = ledger.progress();
    let found = tokio::time::timeout(WAIT_MAX, progress.wait_for(is_so)).await;
    found.expect("it comes so far in time").unwrap().clone()
}

async fn failed(ledger: &Ledger) -> String {
    progress(ledger, |progress| progress.failed.is_some()).await.failed.as_deref().unwrap().to_owned()
}

async fn assert_stopped(ledger: &Ledger, why: &str) {
    let error = ledger.commit(put_object("key", 1), origin()).await.unwrap_err();
    assert!(matches!(&error, CommitError::Stopped(text) if text.contains(why)), "{error}");
    assert!(!error.is_definite());
    let error = ledger.read().await.err().expect("nothing is read of a ledger that failed");
    assert!(error.to_string().contains("stopped") || error.to_string().contains(why), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_loses_its_tail_stops_whoever_follows_it() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    let elsewhere = open(&log, &folder.file("two"), false).await;
    elsewhere.commit(create_bucket("bucket"), origin()).await.unwrap();
    elsewhere.commit(put_object("key", 1), origin()).await.unwrap();
    // Only the follower brings it here, and so is past the events that get lost.
    progress(&ledger, |progress| progress.cursor.sequence == 2).await;
    log.lose_tail(1);
    assert!(failed(&ledger).await.contains("lost its tail"));
    assert_stopped(&ledger, "lost its tail").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_loses_its_tail_is_not_read_by_who_follows_too_slowly_to_notice() {
    let (folder, log) = (Folder::new(), Faulty::over(MemoryLog::new()));
    log.deafen();
    let ledger = open(&log, &folder.file("one"), false).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    ledger.commit(put_object("key", 1), origin()).await.unwrap();
    assert!(ledger.read().await.is_ok());
    log.inner.lose_tail(1);
    let error = ledger.read().await.err().expect("what is read may be lost");
    assert!(error.to_string().contains("lost its tail"), "{error}");
    assert_stopped(&ledger, "lost its tail").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_loses_its_tail_stops_whoever_appends() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    log.lose_tail(0);
    assert_stopped(&ledger, "lost its tail").await;
    assert!(failed(&ledger).await.contains("lost its tail"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_does_not_follow_stops_the_ledger() {
    let (folder, log, other) = (Folder::new(), MemoryLog::new(), MemoryLog::new());
    let elsewhere = open(&other, &folder.file("other"), true).await;
    for name in ["one", "two"] {
        elsewhere.commit(create_bucket(name), origin()).await.ok();
    }
    elsewhere.commit(create_bucket("three"), origin()).await.unwrap();
    let ledger = open(&log, &folder.file("one"), false).await;
    ledger.commit(create_bucket("mine"), origin()).await.unwrap();
    let alien = events(&other).await.pop().unwrap();
    log.foreign(&[alien.message()]);
    assert!(failed(&ledger).await.contains("does not follow"));
}

static FAULTY_CLOCK: AtomicBool = AtomicBool::new(false);

fn clock() -> Timestamp {
    assert!(!FAULTY_CLOCK.load(Ordering::SeqCst), "the clock broke");
    Timestamp::UNIX_EPOCH
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_shows_as_a_failure_and_the_state_is_whole() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let mut options = options(&folder.file("one"), true);
    options.sources = Sources { now: Arc::new(clock), ..options.sources };
    let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    FAULTY_CLOCK.store(true, Ordering::SeqCst);
    assert_stopped(&ledger, "the clock broke").await;
    assert!(failed(&ledger).await.contains("the clock broke"));
    ledger.stop().await; // The file is closed after.
    drop(ledger);
    let ledger = open(&log, &folder.file("one"), true).await;
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_ledger_says_so() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    for sole_writer in [true, false] {
        let ledger = open(&log, &folder.file("one"), sole_writer).await;
        ledger.stop().await;
        assert_stopped(&ledger, "told to").await;
        assert!(ledger.progress().borrow().failed.is_none(), "it did as it was told");
        ledger.stop().await;
    }
}
