//! A bucket, its versions, and its rules.

use std::sync::Arc;
use std::time::Duration;

use domain::lifecycle::Day;
use domain::row::BucketId;
use domain::{Command, NewBody, Setting, View};
use eventlog::Log;
use events::ids::{ObjectKey, ProcessId};
use events::lease::Owner;
use events::lifecycle::{Expiration, Rule, TransitionMinimum};
use events::{Event, Fact};
use ledger::{Entry, Ledger, Options, Page};
use lifecycle::Lifecycle;
use tempfile::TempDir;
use testkit::commands::{origin, put_object};
use testkit::ledgers::{options, region};
use testkit::{Clock, MemoryLog, commands};
use uuid::Uuid;
use worker::Workers;

pub(crate) use testkit::commands::{bucket, rule};

/// How long to wait for a condition.
const TIME_MAX: Duration = Duration::from_secs(30);

/// How often to check it.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A log, and ledgers that fold it.
pub(crate) struct Store {
    pub(crate) log: MemoryLog,
    folder: TempDir,
    pub(crate) clock: Clock,
}

/// Applies rules until the returned workers are dropped.
pub(crate) fn follow(ledger: &Ledger, clock: &Clock, day: Day) -> Workers {
    let owner = Owner { process: ProcessId(Uuid::nil()), name: "test".into() };
    let sources = clock.sources();
    let options = worker::Options {
        region: region(),
        owner,
        now: sources.now.clone(),
        link: None,
        failpoints: worker::Failpoints::none(),
    };
    let workers = Workers::start(options, Arc::new(ledger.clone()));
    workers.add(Lifecycle::new(lifecycle::Options { day, sources }, ledger.clone())).unwrap();
    workers
}

impl Store {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { log: MemoryLog::new(), folder: tempfile::tempdir().unwrap(), clock }
    }

    pub(crate) async fn open(&self, name: &str, sole_writer: bool) -> Ledger {
        let path = self.folder.path().join(name);
        let options = Options { sources: self.clock.sources(), ..options(&path, sole_writer) };
        Ledger::open(options, Arc::new(self.log.clone())).await.unwrap()
    }

    /// Every fact on the log.
    pub(crate) async fn facts(&self) -> Vec<Fact> {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        stored.iter().map(|stored| Event::decode(&stored.payload).unwrap().fact).collect()
    }
}

pub(crate) fn create_bucket() -> Command {
    commands::create_bucket(bucket())
}

pub(crate) fn put(key: &str) -> Command {
    let key = ObjectKey::from_bytes(key.as_bytes()).unwrap();
    Command::PutObject(Box::new(put_object(bucket(), key, 0, NewBody::Empty)))
}

pub(crate) fn rules(rules: Vec<Rule>) -> Command {
    Command::SetBucketSetting {
        bucket: bucket(),
        setting: Setting::Lifecycle(Some(rules), TransitionMinimum::default()),
    }
}

pub(crate) fn days(days: u32) -> Rule {
    Rule { expiration: Some(Expiration::Days(days)), ..rule() }
}

pub(crate) async fn does(ledger: &Ledger, command: Command) {
    ledger.commit(command, origin()).await.unwrap();
}

/// The existing versions, as `key`, or as `(key)` if they are not the newest.
pub(crate) fn versions(ledger: &Ledger) -> Vec<String> {
    let snapshot = ledger.latest();
    let id: BucketId = snapshot.bucket(&bucket()).unwrap().unwrap().id;
    let page = Page { prefix: b"", delimiter: b"", after: b"", max: usize::MAX };
    let listed = snapshot.list_versions(id, &page, None).unwrap();
    let shown = listed.entries.into_iter().map(|entry| match entry {
        Entry::Key(key, (_, is_newest)) => {
            let key = String::from_utf8(key.into()).unwrap();
            if is_newest { key } else { format!("({key})") }
        }
        Entry::CommonPrefix(_) => unreachable!("nothing is rolled up"),
    });
    shown.collect()
}

/// Waits until the versions satisfy a condition.
pub(crate) async fn until(ledger: &Ledger, what: &str, is_so: impl Fn(&[String]) -> bool) {
    let looking = async {
        while !is_so(&versions(ledger)) {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    assert!(tokio::time::timeout(TIME_MAX, looking).await.is_ok(), "{what} never came: {:?}", versions(ledger).len());
}
