//! A log that counts what it is asked, a ledger over it, and a feed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::row::Posting;
use domain::{Command, NewBody};
use eventlog::{AppendError, Follow, Log, Message, ReadError, Stored, Tail};
use events::Fact;
use events::ids::{BucketName, ObjectKey};
use feed::{Entry, Feed, FeedError, Filter, Page, Query};
use ledger::{AuditQuery, Ledger, Options};
use tempfile::TempDir;
use testkit::commands::{create_bucket, origin, put_object};
use testkit::ledgers::{options, region};
use testkit::{Clock, MemoryLog};

/// Time that anything a test waits for may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A log that counts how often it is read, or asked where it ends.
#[derive(Clone, Default)]
pub(crate) struct Counted {
    pub(crate) log: MemoryLog,
    asked: Arc<AtomicU64>,
}

impl Counted {
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Log for Counted {
    async fn append(&self, expected_last: u64, messages: &[Message]) -> Result<(), AppendError> {
        self.log.append(expected_last, messages).await
    }

    async fn read(&self, from: u64, events_max: usize, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.log.read(from, events_max, bytes_max).await
    }

    async fn tail(&self) -> Result<Tail, ReadError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.log.tail().await
    }

    fn follow(&self, from: u64) -> Follow {
        self.log.follow(from)
    }
}

pub(crate) struct World {
    pub(crate) log: Counted,
    pub(crate) ledger: Ledger,
    pub(crate) feed: Feed,
    pub(crate) clock: Clock,
    _folder: TempDir,
}

impl World {
    /// An empty store. Another writer of its log may be, unless it is the only one.
    pub(crate) async fn new(sole_writer: bool) -> Self {
        let (log, clock, folder) = (Counted::default(), Clock::new(), tempfile::tempdir().unwrap());
        let path = folder.path().join("state");
        let options = Options { sources: clock.sources(), ..options(&path, sole_writer) };
        let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
        let feed = Feed::start(ledger.clone(), region());
        Self { log, ledger, feed, clock, _folder: folder }
    }

    /// A store with two buckets.
    pub(crate) async fn with_buckets() -> Self {
        let world = Self::new(true).await;
        for name in ["first", "other"] {
            world.does(create_bucket(bucket(name))).await;
        }
        world
    }

    /// Its sequence.
    pub(crate) async fn does(&self, command: Command) -> u64 {
        self.ledger.commit(command, origin()).await.unwrap().sequence
    }

    pub(crate) async fn put(&self, name: &str, key: &str) -> u64 {
        self.does(put(name, key)).await
    }

    /// Puts many objects, many of them in one append.
    pub(crate) async fn put_many(&self, count: usize) {
        let mut putting = tokio::task::JoinSet::new();
        for number in 0..count {
            let ledger = self.ledger.clone();
            putting.spawn(async move { ledger.commit(put("first", &format!("many/{number}")), origin()).await });
            if putting.len() >= 512 {
                putting.join_next().await.unwrap().unwrap().unwrap();
            }
        }
        while let Some(put) = putting.join_next().await {
            put.unwrap().unwrap();
        }
    }

    /// A page of what a query asks for.
    pub(crate) async fn page(&self, query: &str) -> Page {
        self.try_page(query).await.unwrap()
    }

    pub(crate) async fn try_page(&self, query: &str) -> Result<Page, FeedError> {
        let query = Query::parse(query).unwrap();
        let start = self.feed.begin(query.after.unwrap_or_default(), query.since).await?;
        let owner = |key: &str| key.parse().ok();
        let takes = |entry: &Entry| Ok::<_, FeedError>(query.filter.fits(&entry.event, owner));
        let page = self.feed.page(start, query.limit, takes).await?;
        let indexed = indexed(&query.filter);
        // By an index, events are left out by their own times, not by those of events that nobody asked for.
        if Feed::is_indexed(&indexed) && query.since.is_none() {
            let found = self.feed.page_of(start, query.limit, &indexed, takes).await?;
            assert_eq!(found, page, "an index finds what is found without");
        }
        Ok(page)
    }

    /// The keys of all objects that a query finds, page by page.
    pub(crate) async fn keys(&self, query: &str) -> Vec<String> {
        let (mut keys, mut query) = (Vec::new(), Query::parse(query).unwrap());
        loop {
            let page = self.page(&query.text()).await;
            assert!(page.entries.len() <= query.limit);
            keys.extend(page.entries.iter().filter_map(|entry| Some(entry.event.fact.key()?.to_string())));
            if page.until >= page.last {
                return keys;
            }
            query = query.next(page.until, page.since);
        }
    }
}

/// What an index may know of a filter.
pub(crate) fn indexed(filter: &Filter) -> AuditQuery {
    AuditQuery {
        bucket: filter.bucket.clone(),
        prefix: filter.prefix.clone(),
        by: filter.user.clone().map(Posting::User).into_iter().collect(),
        ..AuditQuery::default()
    }
}

pub(crate) fn bucket(name: &str) -> BucketName {
    name.parse().unwrap()
}

pub(crate) fn key(key: &str) -> ObjectKey {
    ObjectKey::from_bytes(key.as_bytes()).unwrap()
}

pub(crate) fn put(name: &str, text: &str) -> Command {
    Command::PutObject(Box::new(put_object(bucket(name), key(text), 0, NewBody::Empty)))
}

pub(crate) fn upgrade() -> Command {
    Command::UpgradeRegion { region: region(), level: Fact::LEVEL, release: "0.0.1".into() }
}

pub(crate) fn sequences(entries: &[Arc<Entry>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.sequence).collect()
}

/// Fails the test, in place of letting it wait for ever.
pub(crate) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("what the test waits for does not happen")
}
