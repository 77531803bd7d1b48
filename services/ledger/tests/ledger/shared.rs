//! Several ledgers on one log.

use domain::{Command, DeleteObject, Outcome, Rejection, View};
use events::ids::ObjectKey;
use ledger::{CommitError, Ledger};
use testkit::MemoryLog;

use crate::faulty::Faulty;
use crate::support::*;

async fn two(folder: &Folder, log: &MemoryLog) -> [Ledger; 2] {
    [open(log, &folder.file("one"), false).await, open(log, &folder.file("two"), false).await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_see_what_was_acked_elsewhere() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledgers = two(&folder, &log).await;
    ledgers[0].commit(create_bucket("bucket"), origin()).await.unwrap();
    for n in 0..200_u32 {
        let (writer, reader) = (&ledgers[n as usize % 2], &ledgers[(n as usize + 1) % 2]);
        let key = format!("key-{n}");
        writer.commit(put_object(&key, n), origin()).await.unwrap();
        let snapshot = reader.read().await.unwrap();
        let bucket = snapshot.bucket(&bucket()).unwrap().unwrap().id;
        let key = ObjectKey::from_bytes(key.as_bytes()).unwrap();
        assert!(snapshot.current(bucket, &key).unwrap().is_some(), "{n}");
    }
    for (ledger, name) in ledgers.into_iter().zip(["one", "two"]) {
        assert_same(&ledger.read().await.unwrap(), &log).await;
        assert_rebuilds(ledger, &log, &folder, name).await;
    }
}

/// A refusal says what is so, and takes no event; so it must not come from a state that others have left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_know_what_was_acked_elsewhere() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let writer = open(&log, &folder.file("one"), false).await;
    let deaf = Faulty::over(log.clone());
    deaf.deafen();
    let other = open(&deaf, &folder.file("two"), false).await;
    let refused = |answer: Result<ledger::Committed, CommitError>| match answer {
        Err(CommitError::Rejected(why)) => why,
        other => panic!("{other:?} is no refusal"),
    };

    writer.commit(create_bucket("bucket"), origin()).await.unwrap();
    let again = other.commit(create_bucket("bucket"), origin()).await;
    assert_eq!(refused(again), Rejection::BucketExists { yours: true });
    writer.commit(put_object("key", 1), origin()).await.unwrap();
    assert_eq!(refused(other.commit(put_new("key", 2), origin()).await), Rejection::PreconditionFailed);
    writer.commit(put_object("other", 1), origin()).await.unwrap();
    let key = ObjectKey::from_bytes(*b"other").unwrap();
    let delete = Command::from(DeleteObject::new(bucket(), key, None));
    let before = events(&log).await.len();
    let deleted = other.commit(delete.clone(), origin()).await.unwrap();
    assert_eq!(deleted.outcome, Outcome::Deleted { version: None, delete_marker: false });
    assert_eq!(events(&log).await.len(), before + 1, "there was something to delete");
    let nothing = writer.commit(delete, origin()).await.unwrap();
    assert_eq!(nothing.outcome, deleted.outcome);
    assert_eq!(events(&log).await.len(), before + 1, "there is nothing to delete any more");
}

/// Of several writers that create the same key at once, only one may succeed.
async fn exactly_one_wins(ledgers: &[Ledger], log: &MemoryLog) {
    ledgers[0].commit(create_bucket("bucket"), origin()).await.unwrap();
    for round in 0..5_u32 {
        let tasks = (0..64).map(|n| {
            let ledger = ledgers[n as usize % ledgers.len()].clone();
            let key = format!("key-{round}");
            tokio::spawn(async move { ledger.commit(put_new(&key, n), origin()).await })
        });
        let mut won = 0;
        for task in tasks.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(_) => won += 1,
                Err(CommitError::Rejected(Rejection::PreconditionFailed)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
    assert_eq!(events(log).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_conditional_puts_wins() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), true).await;
    exactly_one_wins(&[ledger], &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_one_of_many_conditional_puts_wins_across_ledgers() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    exactly_one_wins(&two(&folder, &log).await, &log).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ledgers_that_write_at_once_stay_the_same() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledgers = two(&folder, &log).await;
    ledgers[0].commit(create_bucket("bucket"), origin()).await.unwrap();
    let tasks = (0..16_u32).map(|task| {
        let ledger = ledgers[task as usize % 2].clone();
        tokio::spawn(async move {
            for n in 0..25 {
                ledger.commit(put_object(&format!("key-{}", (task + n) % 5), n), origin()).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(events(&log).await.len(), 1 + 16 * 25, "each put happened once");
    for (ledger, name) in ledgers.into_iter().zip(["one", "two"]) {
        assert_same(&ledger.read().await.unwrap(), &log).await;
        assert_rebuilds(ledger, &log, &folder, name).await;
    }
}

/// A replica of the log that lags answers with nothing, which does not mean that there is nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_lags_is_asked_again() {
    let (folder, log) = (Folder::new(), Faulty::default());
    log.foreign().await;
    log.lag(3);
    let ledger = open(&log, &folder.file("one"), true).await;
    assert_eq!(ledger.progress().borrow().cursor.sequence, 1);
    log.foreign().await;
    log.lag(3);
    let committed = ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    assert_eq!(committed.sequence, 3);
    close(ledger).await;
    log.lag(3);
    let ledger = open(&log, &folder.file("one"), true).await;
    assert_same(&ledger.read().await.unwrap(), &log.inner).await;
}
