//! A log or a projection that is not what it should be is noticed at the door.

use std::path::Path;
use std::sync::Arc;

use eventlog::Log;
use ledger::{Ledger, OpenError, restore_tail};
use redb::{Database, ReadableTable, TableDefinition};
use testkit::MemoryLog;

use crate::support::*;

const REGION: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("region");
const CURRENT: TableDefinition<'static, (u64, &'static [u8]), &'static [u8]> = TableDefinition::new("current");

/// A log of 21 events, and the closed projection of it.
async fn written(folder: &Folder, log: &MemoryLog) {
    let ledger = open(log, &folder.file("one"), true).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    for n in 0..20_u32 {
        ledger.commit(put_object(&format!("key-{n}"), n), origin()).await.unwrap();
    }
    close(ledger).await;
}

async fn refused(log: &MemoryLog, path: &Path) -> OpenError {
    Ledger::open(options(path, true), Arc::new(log.clone())).await.err().expect("it should not open")
}

/// Overwrites the version in the cursor of a projection.
fn set_version(path: &Path, version: u8) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut region = transaction.open_table(REGION).unwrap();
        let mut cursor = region.get("cursor").unwrap().unwrap().value().to_vec();
        cursor[0] = version; // The first field, a varint.
        region.insert("cursor", cursor.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

#[tokio::test]
async fn a_lost_tail_is_noticed_and_written_back() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    written(&folder, &log).await;
    let before = events(&log).await;
    for last in [18, 0] {
        log.lose_tail(last);
        let error = refused(&log, &folder.file("one")).await;
        assert!(matches!(error, OpenError::LostTail { last: l, applied: 21 } if l == last), "{error}");
        let error = rebuild(&log, &folder.file("one"), &folder.file("two")).await.unwrap_err();
        assert!(matches!(error, OpenError::LostTail { .. }), "{error}");
        let region = "test-1".parse().unwrap();
        assert_eq!(restore_tail(&log, &folder.file("one"), &region).await.unwrap(), 21 - last);
        assert_eq!(events(&log).await, before);
        assert_eq!(restore_tail(&log, &folder.file("one"), &region).await.unwrap(), 0);
    }
    let ledger = open(&log, &folder.file("one"), true).await;
    assert_same(&ledger.read().await.unwrap(), &log).await;
}

#[tokio::test]
async fn a_lost_tail_is_not_written_behind_other_events() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    written(&folder, &log).await;
    log.lose_tail(18);
    let other = open(&log, &folder.file("two"), true).await;
    other.commit(put_object("else", 99), origin()).await.unwrap();
    close(other).await;
    let region = "test-1".parse().unwrap();
    let error = restore_tail(&log, &folder.file("one"), &region).await.unwrap_err();
    assert!(matches!(error, OpenError::Diverged { sequence: 19 }), "{error}");
    assert_eq!(log.tail().await.unwrap().last_sequence, 19);
}

#[tokio::test]
async fn another_log_is_noticed() {
    let (folder, log, other) = (Folder::new(), MemoryLog::new(), MemoryLog::new());
    written(&folder, &log).await;
    let elsewhere = Folder::new();
    written(&elsewhere, &other).await;
    let error = refused(&other, &folder.file("one")).await;
    assert!(matches!(error, OpenError::Diverged { sequence: 21 }), "{error}");
}

#[tokio::test]
async fn holes_are_noticed() {
    for at in [1, 10] {
        let (folder, log) = (Folder::new(), MemoryLog::new());
        written(&folder, &log).await;
        log.lose(at);
        let error = refused(&log, &folder.file("one")).await;
        assert!(matches!(error, OpenError::Holes { last: 21, events: 20, .. }), "{error}");
        let error = refused(&log, &folder.file("new")).await;
        assert!(matches!(error, OpenError::Holes { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_newer_projection_is_refused() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    written(&folder, &log).await;
    set_version(&folder.file("one"), 77);
    let error = refused(&log, &folder.file("one")).await;
    assert!(matches!(error, OpenError::Newer { found: 77, .. }), "{error}");
}

#[tokio::test]
async fn an_older_projection_is_made_anew() {
    const OLD: TableDefinition<'static, u64, u64> = TableDefinition::new("usage");
    let (folder, log) = (Folder::new(), MemoryLog::new());
    written(&folder, &log).await;
    set_version(&folder.file("one"), 0);
    // Its tables may have other types, which must not keep it from being recognised.
    let database = Database::open(folder.file("one")).unwrap();
    let transaction = database.begin_write().unwrap();
    assert!(transaction.delete_table(TableDefinition::<u64, &[u8]>::new("usage")).unwrap());
    transaction.open_table(OLD).unwrap().insert(1, 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let ledger = open(&log, &folder.file("one"), true).await;
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

/// Made anew, an older projection would lose the ring from which a lost tail is written back.
#[tokio::test]
async fn an_older_projection_of_more_than_the_log_has_is_kept() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    written(&folder, &log).await;
    set_version(&folder.file("one"), 0);
    log.lose_tail(18);
    let error = refused(&log, &folder.file("one")).await;
    assert!(matches!(error, OpenError::LostTail { last: 18, applied: 21 }), "{error}");
}

#[tokio::test]
async fn a_row_that_was_tampered_with_is_found() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    written(&folder, &log).await;
    let rebuilt = rebuild(&log, &folder.file("one"), &folder.file("two")).await.unwrap();
    assert_eq!((rebuilt.events, rebuilt.difference), (21, None));
    let error = rebuild(&log, &folder.file("one"), &folder.file("two")).await.unwrap_err();
    assert!(matches!(error, OpenError::File { .. }), "what is there is not overwritten: {error}");

    let database = Database::open(folder.file("one")).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut current = transaction.open_table(CURRENT).unwrap();
        let (at, mut row) = {
            let entry = current.iter().unwrap().nth(3).unwrap().unwrap();
            ((entry.0.value().0, entry.0.value().1.to_vec()), entry.1.value().to_vec())
        };
        *row.last_mut().unwrap() ^= 1;
        current.insert((at.0, at.1.as_slice()), row.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
    drop(database);
    let rebuilt = rebuild(&log, &folder.file("one"), &folder.file("three")).await.unwrap();
    let difference = rebuilt.difference.unwrap();
    assert_eq!((difference.table, difference.row), ("current", 3));
}
