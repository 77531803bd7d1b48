//! Nodes with shards, a log that names them, and the workers of repair.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::{ChangeNode, Command, DedupScope, JoinNode, NewBody, NodeChange, View};
use eventlog::Log;
use events::ids::{ContentId, FolderId, Generation, NodeId, ObjectKey, ProcessId, Sha256Digest};
use events::lease::Owner;
use events::{Event, Fact};
use futures_util::TryStreamExt;
use identity::{PIECE_SECRET_BYTES, PieceSecret, PieceSecrets};
use inventory::{Audit, Auditor};
use jiff::SignedDuration;
use ledger::{CommitError, Committed, Ledger, Options, Snapshot};
use repair::{Hints, Rebalance, Repair, Scan};
use sha2::{Digest, Sha256};
use shards::{Incident, Joined, Membership, ShardStore, StoredContent};
use tempfile::TempDir;
use testkit::commands::{create_bucket, origin, put_object};
use testkit::nodes::heartbeat;
use testkit::{Clock, MemoryLog, MemoryNodes, Misbehavior, ledgers};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use uuid::Uuid;
use worker::{Failpoints, Report, State, Workers};

pub(crate) use testkit::commands::bucket;

/// How long is waited for what must come.
const TIME_MAX: Duration = Duration::from_mins(1);

/// How often it is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// Incidents and damaged shards that may wait for a look.
const HINTS_MAX: usize = 1_024;

/// How old contents are when workers start.
const AGE: SignedDuration = SignedDuration::from_mins(3);

pub(crate) const NODES: usize = 6;

/// Sizes of contents: one of three shards, one of six shards of a piece each, one of several pieces.
pub(crate) const SMALL: usize = 1_000;
pub(crate) const STRIPE: usize = 700_001;
pub(crate) const LARGE: usize = 3 * 1024 * 1024 + 17;
pub(crate) const SIZES: [usize; 3] = [SMALL, STRIPE, LARGE];

pub(crate) struct World {
    pub(crate) log: MemoryLog,
    pub(crate) nodes: MemoryNodes,
    pub(crate) clock: Clock,
    pub(crate) process: Process,
    /// What was stored, by its object.
    objects: BTreeMap<String, (ContentId, Bytes)>,
}

/// A process with a ledger, a view of the nodes and a store of its own.
pub(crate) struct Process {
    pub(crate) ledger: Ledger,
    pub(crate) membership: Membership,
    pub(crate) store: ShardStore<MemoryNodes>,
    incidents: Option<mpsc::Receiver<Incident>>,
    following: AbortHandle,
    _folder: TempDir,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.following.abort();
    }
}

/// Workers that run.
pub(crate) struct Running {
    workers: Workers,
    pub(crate) damaged: mpsc::Sender<repair::DamagedShard>,
}

/// How they run.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) repair_after: Duration,
    pub(crate) scan_interval: Duration,
    pub(crate) failpoints: Failpoints,
    pub(crate) scans: bool,
    pub(crate) balances: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            repair_after: Duration::ZERO,
            scan_interval: Duration::from_hours(24),
            failpoints: Failpoints::none(),
            scans: false,
            balances: false,
        }
    }
}

pub(crate) fn node(number: usize) -> NodeId {
    MemoryNodes::name(number)
}

pub(crate) fn folder_of(number: usize) -> FolderId {
    FolderId(Uuid::from_u128(number as u128))
}

pub(crate) fn key(key: &str) -> ObjectKey {
    ObjectKey::from_bytes(key.as_bytes()).unwrap()
}

fn secrets() -> PieceSecrets {
    PieceSecrets::from_iter([(0, PieceSecret::new(&[7; PIECE_SECRET_BYTES]))])
}

impl World {
    /// A log with a bucket, and six empty nodes that joined it.
    pub(crate) async fn new() -> Self {
        Self::with_writers(true).await
    }

    /// The same where several processes append to the log.
    pub(crate) async fn shared() -> Self {
        Self::with_writers(false).await
    }

    async fn with_writers(sole_writer: bool) -> Self {
        let (log, nodes, clock) = (MemoryLog::new(), MemoryNodes::new(NODES), Clock::new());
        let process = Process::start(&log, &nodes, &clock, sole_writer).await;
        let world = Self { log, nodes, clock, process, objects: BTreeMap::new() };
        let release = "test".into();
        world.does(Command::UpgradeRegion { region: ledgers::region(), level: Fact::LEVEL, release }).await;
        world.does(create_bucket(bucket())).await;
        for number in 1..=NODES {
            world.join(number).await;
        }
        // Whoever follows the log may not have come to that yet.
        accept(&world.process.membership, &world.process.ledger);
        world
    }

    async fn join(&self, number: usize) {
        let (node, zone) = (node(number), format!("z{number}"));
        self.does(JoinNode { node, folder: folder_of(number), zone, replaces: None }.into()).await;
    }

    /// Adds a node, which is empty and joins.
    pub(crate) async fn add_node(&self, number: usize) {
        self.nodes.add(number);
        self.join(number).await;
        self.process.announce(number);
    }

    /// Another process over the same log and nodes.
    pub(crate) async fn another(&self) -> Process {
        Process::start(&self.log, &self.nodes, &self.clock, false).await
    }

    pub(crate) fn run(&mut self, settings: Settings) -> Running {
        self.process.run(&self.clock, settings)
    }

    pub(crate) async fn tries(&self, command: impl Into<Command>) -> Result<Committed, CommitError> {
        self.process.ledger.commit(command.into(), origin()).await
    }

    pub(crate) async fn does(&self, command: Command) {
        self.tries(command).await.unwrap();
    }

    pub(crate) fn latest(&self) -> Arc<Snapshot> {
        self.process.ledger.latest()
    }

    /// A generation whose upload begins now, with tags or without.
    fn generation(&self, tagged: bool) -> Generation {
        let sources = self.clock.sources();
        let fresh = (sources.fresh)((sources.now)());
        if tagged { Generation::tagged(fresh, 0) } else { Generation::from_fresh(fresh) }
    }

    /// Stores an object of bytes that no other one has.
    pub(crate) async fn put(&mut self, name: &str, size: usize) -> StoredContent {
        self.put_as(name, size, true).await
    }

    /// The same from before there were tags.
    pub(crate) async fn put_untagged(&mut self, name: &str, size: usize) -> StoredContent {
        self.put_as(name, size, false).await
    }

    async fn put_as(&mut self, name: &str, size: usize, tagged: bool) -> StoredContent {
        let bytes: Bytes =
            name.bytes().cycle().zip((0_u32..).map(|i| (i * 31 % 251) as u8)).map(|(a, b)| a ^ b).take(size).collect();
        let (generation, sha256) = (self.generation(tagged), Sha256Digest(Sha256::digest(&bytes).into()));
        let store = &self.process.store;
        let written = if size <= shards::piece::STRIPE_BYTES {
            store.put(&bucket(), generation, bytes.clone()).await.unwrap()
        } else {
            let mut writer = store.writer(bucket(), generation);
            writer.write(bytes.clone()).await.unwrap();
            writer.finish().await.unwrap()
        };
        let content = ContentId { sha256, generation };
        let body = NewBody::Staged {
            content,
            placement: written.placement.clone(),
            chosen_at: written.chosen_at,
            instead_of: None,
            scope: DedupScope::Off,
        };
        self.does(Command::PutObject(Box::new(put_object(bucket(), key(name), size as u64, body)))).await;
        store.pending_writes().committed(content);
        let stored = StoredContent {
            bucket: bucket(),
            sha256,
            generation,
            size: size as u64,
            placement: written.placement,
            moved: Vec::new(),
        };
        until("the last shards", || store.pending_writes().count() == 0).await;
        self.objects.insert(name.into(), (content, bytes));
        stored
    }

    /// Objects of all sizes, so many of each.
    pub(crate) async fn put_all(&mut self, count: usize) -> Vec<StoredContent> {
        let mut stored = Vec::new();
        for number in 0..count {
            for size in SIZES {
                stored.push(self.put(&format!("{number}/{size}"), size).await);
            }
        }
        stored
    }

    /// A content as the log has it now.
    pub(crate) fn stored(&self, content: &StoredContent) -> StoredContent {
        let id = id(content);
        StoredContent::of_row(id, self.latest().content(&id).unwrap().unwrap())
    }

    /// Asserts that every object reads back with its bytes.
    pub(crate) async fn assert_readable(&self) {
        for (name, (content, bytes)) in &self.objects {
            let row = self.latest().content(content).unwrap().unwrap();
            let stored = StoredContent::of_row(*content, row);
            let size = stored.size;
            let read: Vec<Bytes> = self.process.store.read(stored, 0..size).try_collect().await.unwrap();
            assert!(read.concat() == *bytes, "{name} reads as something else");
        }
    }

    /// Says of a node what a monitor or an operator says.
    pub(crate) async fn say(&self, number: usize, change: NodeChange) {
        self.does(ChangeNode { node: node(number), folder: folder_of(number), change }.into()).await;
    }

    /// Ends a node's process, and has the log say so.
    pub(crate) async fn lose_node(&self, number: usize) {
        self.nodes.set(&node(number), Misbehavior::Gone);
        self.process.membership.unreachable(&node(number));
        self.say(number, NodeChange::Offline { position: 0, starts: 1 }).await;
    }

    /// Starts it again.
    pub(crate) async fn find_node(&self, number: usize) {
        self.nodes.set(&node(number), Misbehavior::None);
        self.process.announce(number);
        self.say(number, NodeChange::Online).await;
    }

    /// What an audit counts, of every bit. What it finds is recorded, as the admin API does.
    pub(crate) async fn audit(&self) -> Audit {
        self.audit_of(true).await
    }

    /// The same, of every bit or of what nodes have by their lists.
    pub(crate) async fn audit_of(&self, deep: bool) -> Audit {
        let Process { store, ledger, .. } = &self.process;
        let mut auditor = Auditor::start(store.clone(), ledger.clone(), self.clock.sources(), deep).unwrap();
        while let Some((_, news)) = auditor.next().await.unwrap() {
            for note in news {
                self.does(Command::NoteHealth(Box::new(note))).await;
            }
        }
        auditor.finish()
    }

    /// Waits until repair has nothing to do, and an audit finds everything in its place.
    pub(crate) async fn until_whole(&self, running: &Running) {
        let begun = Instant::now();
        loop {
            running.until_idle().await;
            let audit = self.audit().await;
            if audit.is_clean() && self.latest().debt().unwrap().contents == 0 {
                return;
            }
            assert!(begun.elapsed() < TIME_MAX, "{audit:#?} {:#?}", running.workers.reports());
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Whether nothing is placed on a node.
    pub(crate) fn is_empty(&self, number: usize) -> bool {
        self.latest().node_usage(&node(number)).unwrap().shards == 0
    }

    pub(crate) async fn until_empty(&self, number: usize) {
        until("nothing to be placed on the node", || self.is_empty(number)).await;
    }

    /// How often the lease changed hands.
    pub(crate) fn epoch(&self) -> u64 {
        self.latest().lease(events::lease::Lease::Repair).unwrap().map_or(0, |row| row.epoch)
    }

    /// Every fact on the log.
    pub(crate) async fn facts(&self) -> Vec<Fact> {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        stored.iter().map(|stored| Event::decode(&stored.payload).unwrap().fact).collect()
    }

    /// How many shards facts have placed anew.
    pub(crate) async fn placed(&self) -> usize {
        let placed = |fact: &Fact| match fact {
            Fact::ContentPlaced(placed) => placed.contents.iter().map(|content| content.shards.len()).sum(),
            _ => 0,
        };
        self.facts().await.iter().map(placed).sum()
    }
}

impl Process {
    async fn start(log: &MemoryLog, nodes: &MemoryNodes, clock: &Clock, sole_writer: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("projection");
        let options = Options { sources: clock.sources(), ..ledgers::options(&path, sole_writer) };
        let ledger = Ledger::open(options, Arc::new(log.clone())).await.unwrap();
        let membership = Membership::guarded();
        accept(&membership, &ledger);
        let (sender, incidents) = mpsc::channel(HINTS_MAX);
        let store = ShardStore::new(nodes.clone(), membership.clone(), None, secrets(), sender);
        let following = tokio::spawn({
            let (ledger, membership) = (ledger.clone(), membership.clone());
            async move {
                let mut progress = ledger.progress();
                while progress.changed().await.is_ok() {
                    accept(&membership, &ledger);
                }
            }
        });
        let process = Self {
            ledger,
            membership,
            store,
            incidents: Some(incidents),
            following: following.abort_handle(),
            _folder: folder,
        };
        (1..=NODES).for_each(|number| process.announce(number));
        process
    }

    /// Hears a node.
    pub(crate) fn announce(&self, number: usize) {
        self.announce_with(number, folder_of(number));
    }

    /// Hears a node that serves from a folder.
    pub(crate) fn announce_with(&self, number: usize, folder: FolderId) {
        let folder = Some(folder.0);
        self.membership.observe(shards::telemetry::Heartbeat { folder, ..heartbeat(&node(number)) }, Instant::now());
    }

    pub(crate) fn run(&mut self, clock: &Clock, settings: Settings) -> Running {
        static PROCESSES: AtomicU64 = AtomicU64::new(1);
        let Settings { repair_after, scan_interval, failpoints, scans, balances } = settings;
        // What was stored before is in flight no more: nobody waits for it.
        clock.pass(AGE);
        let process = ProcessId(Uuid::from_u128(PROCESSES.fetch_add(1, Ordering::Relaxed).into()));
        let owner = Owner { process, name: format!("process {process}") };
        let sources = clock.sources();
        let now = Arc::clone(&sources.now);
        let options = worker::Options { region: ledgers::region(), owner, now, link: None, failpoints };
        let workers = Workers::start(options, Arc::new(self.ledger.clone()));
        let options = repair::Options { repair_after, scan_interval, sources };
        let repair = Repair::new(options.clone(), self.ledger.clone(), self.store.clone());
        let counted = repair.counted();
        workers.add(repair).unwrap();
        if balances {
            let rebalance = Rebalance::new(options.clone(), self.ledger.clone(), self.store.clone(), counted);
            workers.add(rebalance).unwrap();
        }
        let (damaged, hints) = mpsc::channel(HINTS_MAX);
        if scans {
            let incidents = self.incidents.take().unwrap_or_else(|| mpsc::channel(1).1);
            let hints = Hints { incidents, damaged: hints };
            workers.add(Scan::new(options, self.ledger.clone(), self.store.clone(), hints)).unwrap();
        }
        Running { workers, damaged }
    }
}

/// Takes in what the log says of nodes.
fn accept(membership: &Membership, ledger: &Ledger) {
    let snapshot = ledger.latest();
    let (nodes, at) = (snapshot.list_nodes().unwrap(), snapshot.cursor().unwrap().sequence);
    membership.accept(Joined::of_rows(nodes, at));
}

pub(crate) fn id(stored: &StoredContent) -> ContentId {
    ContentId { sha256: stored.sha256, generation: stored.generation }
}

impl Running {
    /// Ends the workers where they are, as a kill does.
    pub(crate) async fn kill(self) {
        self.workers.stop().await;
    }

    pub(crate) fn report(&self, worker: &str) -> Report {
        self.workers.reports().into_iter().find(|report| report.worker.as_str() == worker).unwrap()
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.workers.reports()
    }

    pub(crate) async fn until_idle(&self) {
        until("nothing left to do", || self.reports().iter().all(|report| report.state == State::Idle)).await;
    }

    /// Waits until the scan has been through all that nodes hold. A worker that has not begun is idle, too.
    pub(crate) async fn until_compared(&self) {
        let said = || self.report("scan").last.is_some_and(|last| last.what.starts_with("compared "));
        until("a pass of the scan", said).await;
    }

    /// Waits until repair says something.
    pub(crate) async fn until_said(&self, text: &str) {
        self.until_worker_said("repair", text).await;
    }

    /// Waits until a worker says something.
    pub(crate) async fn until_worker_said(&self, worker: &str, text: &str) {
        let said = || self.report(worker).last.is_some_and(|last| last.what.contains(text));
        until(text, said).await;
    }
}

/// Waits for what must come.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < TIME_MAX, "waited in vain for {what}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
