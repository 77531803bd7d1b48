//! A bucket, what is in it, and its rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::lifecycle::Day;
use domain::row::BucketId;
use domain::{Command, NewBody, Precondition, PutObject, Setting, View};
use eventlog::{Log, MemoryLog};
use events::ids::{AuthType, BucketName, ETag, Md5Digest, ObjectKey, Principal};
use events::lifecycle::{Expiration, Filter, Rule, TransitionMinimum};
use events::lock::Lock;
use events::object::{Attributes, Operation};
use events::{Event, Fact, Origin};
use jiff::Timestamp;
use ledger::{AUTHOR_KEY_BYTES, AuthorKey, Disk, Entry, Keyring, Ledger, Options, Page, Sources};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long is waited for what must come.
const TIME_MAX: Duration = Duration::from_secs(30);

/// How often it is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// A log, and ledgers over it.
pub(crate) struct Store {
    pub(crate) log: MemoryLog,
    folder: TempDir,
    sources: Sources,
}

/// Follows rules until it is dropped.
pub(crate) struct Following(JoinHandle<lifecycle::Stopped>);

impl Drop for Following {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pub(crate) fn follow(ledger: &Ledger, sources: Sources, day: Day) -> Following {
    Following(tokio::spawn(lifecycle::run(lifecycle::Options { day, sources }, ledger.clone())))
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap()
}

pub(crate) fn fresh(now: Timestamp) -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = u128::from(COUNT.fetch_add(8, Ordering::Relaxed));
    Uuid::from_u128((u128::from(now.as_millisecond().unsigned_abs()) << 80) | (7 << 76) | (2 << 62) | count)
}

impl Store {
    pub(crate) fn new(sources: Sources) -> Self {
        Self { log: MemoryLog::new(), folder: tempfile::tempdir().unwrap(), sources }
    }

    pub(crate) async fn open(&self, name: &str, sole_writer: bool) -> Ledger {
        let [gateway, lifecycle] = [1, 2].map(|byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]));
        let options = Options {
            region: "test-1".parse().unwrap(),
            path: self.folder.path().join(name),
            sole_writer,
            cache_bytes: 16 << 20,
            sources: self.sources,
            keyring: Keyring::Gateway { gateway, lifecycle },
            releases: true,
            disk: Disk::default(),
            level: Fact::level,
        };
        Ledger::open(options, Arc::new(self.log.clone())).await.unwrap()
    }

    /// Every fact on the log.
    pub(crate) async fn facts(&self) -> Vec<Fact> {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        stored.iter().map(|stored| Event::decode(&stored.payload).unwrap().fact).collect()
    }
}

pub(crate) fn bucket() -> BucketName {
    "bucket".parse().unwrap()
}

pub(crate) fn create_bucket() -> Command {
    Command::CreateBucket {
        bucket: bucket(),
        owner: "alice".parse().unwrap(),
        acl: None,
        ownership: None,
        object_lock: false,
        location: None,
        tags: events::tags::Tags::new(),
    }
}

pub(crate) fn put(key: &str) -> Command {
    Command::PutObject(Box::new(PutObject {
        bucket: bucket(),
        key: ObjectKey::from_bytes(key.as_bytes()).unwrap(),
        size: 0,
        etag: ETag { md5: Md5Digest([0; 16]), parts: None },
        body: NewBody::Empty,
        checksum: None,
        encryption: None,
        attributes: Attributes::default(),
        owner: None,
        acl: None,
        lock: Lock::default(),
        operation: Operation::PutObject,
        precondition: Precondition::default(),
    }))
}

pub(crate) fn rules(rules: Vec<Rule>) -> Command {
    Command::SetBucketSetting {
        bucket: bucket(),
        setting: Setting::Lifecycle(Some(rules), TransitionMinimum::default()),
    }
}

/// A rule that says nothing yet.
pub(crate) fn rule() -> Rule {
    Rule {
        id: "r".into(),
        enabled: true,
        filter: Filter::default(),
        expiration: None,
        noncurrent_expiration: None,
        abort_uploads_after_days: None,
    }
}

pub(crate) fn days(days: u32) -> Rule {
    Rule { expiration: Some(Expiration::Days(days)), ..rule() }
}

pub(crate) async fn does(ledger: &Ledger, command: Command) {
    let principal = Principal { kind: AuthType::ApiKey, id: "alice".into() };
    let origin = Origin { principal, request_id: "7".into(), traceparent: None };
    ledger.commit(command, origin).await.unwrap();
}

/// The versions there are, as `key` or, of those that are not the newest, `(key)`.
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

/// Waits until the versions are as wanted.
pub(crate) async fn until(ledger: &Ledger, what: &str, is_so: impl Fn(&[String]) -> bool) {
    let looking = async {
        while !is_so(&versions(ledger)) {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    assert!(tokio::time::timeout(TIME_MAX, looking).await.is_ok(), "{what} never came: {:?}", versions(ledger).len());
}
