//! Releases that share a log: what an old one says and does when the region goes past it.

use domain::{Command, Rejection, View};
use eventlog::Message;
use events::ids::EventId;
use events::{CHAIN_START, Event, Fact, chain_hash, region, subject};
use ledger::{CommitError, Ledger, OpenError, Options};
use testkit::MemoryLog;
use uuid::Uuid;

use crate::support::*;

/// A level that no program knows today.
const FUTURE: u32 = Fact::LEVEL + 1;

fn upgrade(level: u32) -> Command {
    Command::UpgradeRegion { region: "test-1".parse().unwrap(), level, release: "0.0.1".into() }
}

/// A newer release writes to the log.
async fn newer(log: &MemoryLog, fact: Fact, change: impl Fn(String) -> String) {
    let stored = events(log).await;
    let event = Event {
        id: EventId(Uuid::from_u128(0xF000_0000 + stored.len() as u128)),
        time: jiff::Timestamp::UNIX_EPOCH,
        sequence: stored.len() as u64 + 1,
        previous: stored.last().map_or(CHAIN_START, |last| chain_hash(&last.payload)),
        origin: origin(),
        user: None,
        fact,
    };
    let region = "test-1".parse().unwrap();
    let payload = change(String::from_utf8(event.encode(&region).unwrap().to_vec()).unwrap());
    log.foreign(&[Message {
        subject: subject(&region, &event.fact),
        id: event.id,
        proof: None,
        payload: payload.into(),
    }]);
}

fn upgraded() -> Fact {
    let region = "test-1".parse().unwrap();
    Fact::RegionUpgraded(region::Upgraded { region, level: FUTURE, release: "9.8.7".into() })
}

/// A fact of a type that this program does not know.
async fn unknown(log: &MemoryLog) {
    newer(log, upgraded(), |text| text.replace("region.upgraded", "future.happened")).await;
}

async fn stopped(ledger: &Ledger) -> String {
    let mut progress = ledger.progress();
    let failed = progress.wait_for(|progress| progress.failed.is_some()).await.unwrap();
    assert!(failed.is_too_old, "{:?}", failed.failed);
    failed.failed.as_deref().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_release_stops_at_the_fact_that_says_so_before_it_meets_what_it_cannot_read() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    newer(&log, upgraded(), |text| text).await;
    unknown(&log).await;
    let why = stopped(&ledger).await;
    for part in [&format!("at level {FUTURE} since release 9.8.7"), "start release 9.8.7 or a newer one"] {
        assert!(why.contains(part), "{why}");
    }
    assert!(!why.contains("future.happened"), "{why}");
    let error = ledger.commit(put_object("key", 1), origin()).await.unwrap_err();
    assert!(matches!(error, CommitError::Stopped(_)), "{error}");
    ledger.stop().await;
    let again = Ledger::open(options(&folder.file("one"), true), std::sync::Arc::new(log.clone())).await;
    match again.err() {
        Some(OpenError::Fold(error)) => assert!(error.is_too_old() && error.to_string().contains("9.8.7"), "{error}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_of_an_unknown_type_asks_for_a_newer_release() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    unknown(&log).await;
    let why = stopped(&ledger).await;
    assert!(why.contains("io.planetstore.future.happened.v1") && why.contains("newer release"), "{why}");
}

/// A newer release gave a type that is known here a value that is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_is_unknown_asks_for_a_newer_release_and_what_is_no_json_is_no_fact() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    newer(&log, upgraded(), |text| text.replace(&format!("\"level\":{FUTURE}"), "\"level\":\"new\"")).await;
    let why = stopped(&ledger).await;
    assert!(why.contains("malformed io.planetstore.region.upgraded.v1") && why.contains("newer release"), "{why}");

    let log = MemoryLog::new();
    let ledger = open(&log, &folder.file("two"), false).await;
    newer(&log, upgraded(), |text| text.replace("\"level\":", "\"level\"")).await;
    let mut progress = ledger.progress();
    progress.wait_for(|progress| progress.failed.is_some() || progress.cursor.sequence == 1).await.unwrap();
    assert_eq!(ledger.read().await.unwrap().count_quarantined().unwrap(), 1);
}

/// Where others may run older releases, a new kind of fact waits until an operator says that none does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_above_the_level_of_the_region_is_not_written() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let of_next_release = |fact: &Fact| if matches!(fact, Fact::ObjectCreated(_)) { Fact::LEVEL } else { fact.level() };
    let with = |name: &str, sole_writer| {
        let options = Options { level: of_next_release, ..options(&folder.file(name), sole_writer) };
        Ledger::open(options, std::sync::Arc::new(log.clone()))
    };
    let ledger = with("one", false).await.unwrap();
    ledger.commit(create_bucket("bucket"), origin()).await.unwrap();
    let error = ledger.commit(put_object("key", 1), origin()).await.unwrap_err();
    let refused = Rejection::LevelTooLow { needed: Fact::LEVEL, level: 0 };
    assert!(matches!(&error, CommitError::Rejected(rejection) if *rejection == refused), "{error}");
    assert_eq!(events(&log).await.len(), 1);
    close(ledger).await;

    let alone = with("one", true).await.unwrap();
    alone.commit(put_object("key", 1), origin()).await.unwrap();
    close(alone).await;

    let ledger = with("one", false).await.unwrap();
    ledger.commit(put_object("key", 2), origin()).await.unwrap_err();
    ledger.commit(upgrade(Fact::LEVEL), origin()).await.unwrap();
    ledger.commit(put_object("key", 2), origin()).await.unwrap();
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_level_is_raised_once_and_never_lowered() {
    let (folder, log) = (Folder::new(), MemoryLog::new());
    let ledger = open(&log, &folder.file("one"), false).await;
    for level in [Fact::LEVEL, Fact::LEVEL, 0] {
        ledger.commit(upgrade(level), origin()).await.unwrap();
    }
    assert_eq!(events(&log).await.len(), 1);
    assert_eq!(ledger.read().await.unwrap().totals().unwrap().level, Fact::LEVEL);
    assert_same(&ledger.read().await.unwrap(), &log).await;
    assert_rebuilds(ledger, &log, &folder, "one").await;
}
