//! A log in memory, a ledger, and a notary that runs.

use std::sync::Arc;
use std::time::Duration;

use domain::row::NotaryRow;
use domain::{Command, View};
use eventlog::{Log, Message};
use events::checkpoint::CHECKPOINT_ENTRIES_MAX;
use events::ids::{EventId, NotaryKey, ProcessId};
use events::lease::Owner;
use events::{Event, Fact};
use evidence::{Report, Verifier};
use feed::Feed;
use identity::NotarySecret;
use ledger::Ledger;
use notary::{HeldKeys, Notary, Options, Signer};
use tempfile::TempDir;
use testkit::commands::{create_bucket, origin};
use testkit::{Clock, MemoryLog, ledgers};
use uuid::Uuid;
use worker::{Failpoints, State, Workers};

/// How long is waited for what must come.
const TIME_MAX: Duration = Duration::from_mins(1);

/// How often it is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// A log, and a ledger that follows it.
pub(crate) struct World {
    pub(crate) log: MemoryLog,
    pub(crate) ledger: Ledger,
    pub(crate) feed: Feed,
    clock: Clock,
    buckets: u64,
    _folder: TempDir,
}

pub(crate) fn secret(number: u8) -> NotarySecret {
    NotarySecret::new(&[number; 32]).unwrap()
}

pub(crate) fn public(number: u8) -> NotaryKey {
    NotaryKey(secret(number).public_key())
}

pub(crate) fn held(numbers: &[u8]) -> Arc<dyn Signer> {
    Arc::new(HeldKeys::new(numbers.iter().map(|number| secret(*number)).collect()))
}

/// When there is a checkpoint.
#[derive(Clone, Copy)]
pub(crate) enum When {
    /// As soon as there is anything to sign.
    Soon,
    /// After so many entries, and for no time.
    After(u64),
}

impl World {
    pub(crate) async fn new() -> Self {
        let (log, clock, folder) = (MemoryLog::new(), Clock::new(), tempfile::tempdir().unwrap());
        let options = ledgers::options(&folder.path().join("projection"), true);
        let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
        let feed = Feed::start(ledger.clone(), ledgers::region());
        let world = Self { log, ledger, feed, clock, buckets: 0, _folder: folder };
        let (level, release) = (Fact::LEVEL, "test".into());
        world.does(Command::UpgradeRegion { region: ledgers::region(), level, release }).await;
        world
    }

    /// Begins to sign.
    pub(crate) fn run(&self, signer: Arc<dyn Signer>, when: When) -> Workers {
        let process = ProcessId(Uuid::from_u128(1));
        let owner = Owner { process, name: "test".into() };
        let (region, sources) = (ledgers::region(), self.clock.sources());
        let now = Arc::clone(&sources.now);
        let options =
            worker::Options { region: region.clone(), owner, now, link: None, failpoints: Failpoints::none() };
        let workers = Workers::start(options, Arc::new(self.ledger.clone()));
        let (interval, entries) = match when {
            When::Soon => (Duration::ZERO, CHECKPOINT_ENTRIES_MAX),
            When::After(entries) => (Duration::from_hours(24), entries),
        };
        workers.add(Notary::new(Options { region, interval, entries }, self.ledger.clone(), signer)).unwrap();
        workers
    }

    pub(crate) async fn does(&self, command: Command) {
        self.ledger.commit(command, origin()).await.unwrap();
    }

    /// Appends so many events.
    pub(crate) async fn events(&mut self, count: u64) {
        for _ in 0..count {
            self.buckets += 1;
            self.does(create_bucket(format!("bucket-{}", self.buckets).parse().unwrap())).await;
        }
    }

    /// Appends an entry that nobody proves. The next event of this ledger comes behind it.
    pub(crate) fn foreign(&self) {
        let (subject, payload) = ("ps.test-1.bucket.x.created".into(), "no event".into());
        self.log.foreign_in_next(0, vec![Message { subject, id: EventId::NONE, proof: None, payload }]);
    }

    pub(crate) fn row(&self) -> NotaryRow {
        self.ledger.latest().notary().unwrap()
    }

    /// The sequence of the newest entry.
    pub(crate) fn last(&self) -> u64 {
        self.ledger.progress().borrow().cursor.sequence
    }

    /// Every fact on the log.
    pub(crate) async fn facts(&self) -> Vec<Fact> {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        stored.iter().filter_map(|stored| Some(Event::decode(&stored.payload).ok()?.fact)).collect()
    }

    /// What is found in an export.
    pub(crate) async fn verify(&self, from: u64, to: Option<u64>, key: NotaryKey) -> Report {
        let mut export = self.feed.export(from, to).await.unwrap();
        let mut verifier = Verifier::new(Some(key));
        while let Some(lines) = export.next().await.unwrap() {
            for line in lines.strip_suffix(b"\n").unwrap_or(&lines).split(|byte| *byte == b'\n') {
                verifier.push(line);
            }
        }
        verifier.finish()
    }

    pub(crate) async fn until_covered(&self, sequence: u64) {
        until("a checkpoint", || self.row().last >= sequence).await;
    }
}

/// Why the notary does not work.
pub(crate) async fn why(workers: &Workers) -> String {
    let state = || workers.reports().remove(0).state;
    let is_failing = || matches!(state(), State::Failing { .. });
    until("a failure", is_failing).await;
    match state() {
        State::Failing { why } => why,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn until_idle(workers: &Workers) {
    until("nothing left to do", || workers.reports().remove(0).state == State::Idle).await;
}

/// Waits for what must come.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < TIME_MAX, "waited in vain for {what}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
