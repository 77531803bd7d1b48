//! The log is away: callers get an answer in bounded time, and the ledger goes on by itself afterwards.

use eventlog::{EVENT_BYTES_MAX, Log};
use ledger::CommitError;
use testkit::MemoryLog;

use crate::faulty::{Fault, Faulty};
use crate::support::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_turned_away_while_the_log_takes_none() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    log.refuse_appends(1);
    let error = ledger.commit(put_object("key", 1), origin()).await.unwrap_err();
    assert!(matches!(error, CommitError::Unavailable(_)) && error.is_definite(), "{error}");
    assert_same(&ledger.read().await.unwrap(), &log).await;
    ledger.commit(put_object("key", 2), origin()).await.unwrap();
    assert_same(&ledger.read().await.unwrap(), &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_turned_away_while_the_log_cannot_be_read() {
    let (folder, log) = (Folder::new(), Faulty::default());
    let ledger = open(&log, &folder.file("one"), true).await;
    log.foreign().await;
    log.inner.refuse_reads(1);
    let error = ledger.commit(create_bucket("bucket"), origin()).await.unwrap_err();
    assert!(matches!(error, CommitError::Unavailable(_)) && error.is_definite(), "{error}");
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    assert_same(&ledger.read().await.unwrap(), &log.inner).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_fail_while_the_log_does_not_say_where_it_ends() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    log.refuse_reads(1);
    assert!(ledger.read().await.is_err());
    assert!(ledger.read().await.is_ok());
    log.refuse_reads(1);
    let error = ledger.commit(put_object("key", 1), origin()).await.unwrap_err();
    assert!(matches!(error, CommitError::Unavailable(_)), "a refusal is not certain either: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_log_is_answered_though_the_rest_is_not() {
    let (folder, log) = (Folder::new(), Faulty::default());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let held = log.inner.hold_next();
    let first = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.commit(put_object("first", 0), origin()).await }
    });
    while log.tail().await.unwrap().last_sequence < 2 {
        tokio::task::yield_now().await;
    }
    // These queue up behind the first, and make a batch of three. The log takes one of it, and is away.
    log.fail([Fault::Away(1), Fault::Away(0)]);
    let commits = (1..=3).map(|n| ledger.commit(put_object(&format!("key-{n}"), n), origin()));
    let (answers, ()) = tokio::join!(biased; join_in_order(commits), async { held.release() });
    first.await.unwrap().unwrap();
    let mut happened = 0;
    for answer in answers {
        match answer {
            Ok(_) => happened += 1,
            Err(error) => assert!(matches!(error, CommitError::Unavailable(_)), "{error}"),
        }
    }
    assert_eq!(events(&log.inner).await.len(), 2 + happened);
    assert_eq!(happened, 1);
    assert_same(&ledger.read().await.unwrap(), &log.inner).await;
}

/// An append hangs for as long as the server is away. Commands that wait behind it are answered as not done; commands
/// in it are answered as unknown.
#[tokio::test]
async fn an_append_that_hangs_keeps_nobody_waiting_for_ever() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let held = log.hold_next();
    let hanging = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.commit(put_object("hanging", 1), origin()).await }
    });
    while log.tail().await.unwrap().last_sequence < 2 {
        tokio::task::yield_now().await;
    }
    tokio::time::pause();
    let error = ledger.commit(put_object("waiting", 2), origin()).await.unwrap_err();
    assert!(matches!(error, CommitError::Unavailable(_)) && error.is_definite(), "{error}");
    let error = hanging.await.unwrap().unwrap_err();
    assert!(matches!(error, CommitError::Unknown) && !error.is_definite(), "{error}");
    ledger.stop().await; // Comes back though the ledger cannot stop yet.
    assert!(ledger.progress().has_changed().is_ok(), "it has not ended");
    tokio::time::resume();
    held.release();
    let mut progress = ledger.progress();
    while progress.changed().await.is_ok() {}
    drop(ledger);
    let ledger = open(&log, &folder.file("one"), true).await;
    let model = assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_eq!(model.current.len(), 1, "what hung has happened, what waited has not");
}

#[tokio::test]
async fn a_ledger_goes_on_after_an_append_that_hung() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    let held = log.hold_next();
    let hanging = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.commit(create_bucket("bucket"), origin()).await }
    });
    while log.tail().await.unwrap().last_sequence < 1 {
        tokio::task::yield_now().await;
    }
    let waiting = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.commit(put_object("key", 1), origin()).await }
    });
    held.release();
    assert_eq!(hanging.await.unwrap().unwrap().sequence, 1);
    assert_eq!(waiting.await.unwrap().unwrap().sequence, 2);
    assert_same(&ledger.read().await.unwrap(), &log).await;
}

/// One event that no log takes must not take its neighbours with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_too_large_is_turned_away_alone() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let mut large = put("large", 0);
    large.attributes.metadata.insert("note".into(), "x".repeat(EVENT_BYTES_MAX));
    let tasks = (0..20_u32).map(|n| {
        let command = if n == 7 {
            domain::Command::PutObject(Box::new(large.clone()))
        } else {
            put_object(&format!("key-{n}"), n)
        };
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.commit(command, origin()).await })
    });
    for (n, task) in tasks.collect::<Vec<_>>().into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(_) => assert_ne!(n, 7),
            Err(error) => assert!(n == 7 && error.is_definite(), "{n}: {error}"),
        }
    }
    assert_same(&ledger.read().await.unwrap(), &log).await;
}

/// A batch of large events is cut so that each append takes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_events_are_cut_into_appends_that_fit() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let tasks = (0..40_u32).map(|n| {
        let mut large = put(&format!("key-{n}"), n);
        large.attributes.metadata.insert("note".into(), "x".repeat(EVENT_BYTES_MAX - 4096));
        let ledger = ledger.clone();
        tokio::spawn(async move { ledger.commit(domain::Command::PutObject(Box::new(large)), origin()).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_same(&ledger.read().await.unwrap(), &log).await;
}
