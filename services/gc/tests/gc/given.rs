//! Nodes with shards, a log that names them, and a garbage collector.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use domain::{ChangeWorker, Command, DedupScope, DeleteObject, JoinNode, NewBody, View};
use eventlog::Log;
use events::ids::{ContentId, FolderId, Generation, NodeId, ObjectKey, ProcessId, Sha256Digest};
use events::lease::Owner;
use events::{Event, Fact};
use gc::{Gc, StrayLimits};
use jiff::SignedDuration;
use ledger::{CommitError, Committed, Ledger, Options};
use shards::piece::SMALL_BYTES_MAX;
use shards::protocol::{Record, Reply, Request, Status};
use shards::{Membership, PieceSecrets, ShardStore, StoredContent, Transport};
use tempfile::TempDir;
use testkit::commands::{create_bucket, origin, put_object};
use testkit::{Clock, MemoryLog, MemoryNodes, ledgers};
use tokio::sync::mpsc;
use uuid::Uuid;
use worker::{Failpoints, Handle, Profile, Report, State, Step, Trouble, Worker, Workers};

pub(crate) use testkit::commands::bucket;

/// How long is waited for what must come.
const TIME_MAX: Duration = Duration::from_mins(1);

/// How often it is looked for.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

const NODES: usize = 6;

/// Bytes of a content that lies whole in one shard, and of one that is cut.
pub(crate) const SMALL: usize = 1_000;
pub(crate) const LARGE: usize = SMALL_BYTES_MAX + 1;

/// The longest time that an upload may take here.
pub(crate) const UPLOAD_TIME_MAX: Duration = Duration::from_hours(24);

pub(crate) struct World {
    pub(crate) log: MemoryLog,
    pub(crate) nodes: MemoryNodes,
    pub(crate) membership: Membership,
    pub(crate) clock: Clock,
    pub(crate) ledger: Ledger,
    store: ShardStore<MemoryNodes>,
    folder: TempDir,
}

/// A garbage collector that runs.
pub(crate) struct Running {
    workers: Workers,
    steps: Arc<AtomicU64>,
}

/// A garbage collector whose steps are counted when they are over.
struct Counted {
    gc: Gc<MemoryNodes>,
    steps: Arc<AtomicU64>,
}

impl Worker for Counted {
    fn profile(&self) -> Profile {
        self.gc.profile()
    }

    async fn step(&mut self, handle: &Handle) -> Result<Step, Trouble> {
        let outcome = self.gc.step(handle).await;
        self.steps.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    fn lost(&mut self) {
        self.gc.lost();
    }

    async fn wake(&mut self) {
        self.gc.wake().await;
    }
}

/// How it runs.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) grace: Duration,
    pub(crate) stray_limits: StrayLimits,
    pub(crate) failpoints: Failpoints,
}

impl Default for Settings {
    fn default() -> Self {
        Self { grace: Duration::ZERO, stray_limits: StrayLimits::default(), failpoints: Failpoints::none() }
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

impl World {
    /// A log with a bucket, and six empty nodes that joined it.
    pub(crate) async fn new() -> Self {
        Self::over(MemoryNodes::new(NODES), MemoryLog::new(), Clock::new()).await
    }

    /// The same with nodes, a log and a clock that are there.
    pub(crate) async fn over(nodes: MemoryNodes, log: MemoryLog, clock: Clock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let is_new = log.tail().await.unwrap().last_sequence == 0;
        let ledger = open(&log, folder.path().join("projection"), &clock).await;
        let membership = nodes.membership();
        let (found, _) = mpsc::channel(1);
        let store = ShardStore::new(nodes.clone(), membership.clone(), None, PieceSecrets::default(), found);
        let world = Self { log, nodes, membership, clock, ledger, store, folder };
        if is_new {
            world.does(create_bucket(bucket())).await;
            for number in 1..=NODES {
                let (node, zone) = (node(number), format!("z{number}"));
                world.does(JoinNode { node, folder: folder_of(number), zone, replaces: None }.into()).await;
            }
        }
        world
    }

    /// The file of the ledger's projection.
    pub(crate) fn projection(&self) -> PathBuf {
        self.folder.path().join("projection")
    }

    /// Opens the ledger again, which was stopped.
    pub(crate) async fn reopen(&mut self) {
        self.ledger = open(&self.log, self.projection(), &self.clock).await;
    }

    pub(crate) fn run(&self, settings: Settings) -> Running {
        static PROCESSES: AtomicU64 = AtomicU64::new(1);
        let Settings { grace, stray_limits, failpoints } = settings;
        let process = ProcessId(Uuid::from_u128(PROCESSES.fetch_add(1, Ordering::Relaxed).into()));
        let owner = Owner { process, name: format!("process {process}") };
        let (region, sources) = (ledgers::region(), self.clock.sources());
        let now = Arc::clone(&sources.now);
        let options = worker::Options { region: region.clone(), owner, now, link: None, failpoints };
        let workers = Workers::start(options, Arc::new(self.ledger.clone()));
        let random = |bytes: &mut [u8]| getrandom::fill(bytes).is_ok();
        let options = gc::Options { region, grace, upload_time_max: UPLOAD_TIME_MAX, stray_limits, sources, random };
        let (gc, steps) = (Gc::new(options, self.ledger.clone(), self.store.clone()), Arc::default());
        workers.add(Counted { gc, steps: Arc::clone(&steps) }).unwrap();
        Running { workers, steps }
    }

    pub(crate) async fn tries(&self, command: impl Into<Command>) -> Result<Committed, CommitError> {
        self.ledger.commit(command.into(), origin()).await
    }

    pub(crate) async fn does(&self, command: Command) {
        self.tries(command).await.unwrap();
    }

    /// Pauses the garbage collector, or lets it go on.
    pub(crate) async fn pause(&self, is_paused: bool) {
        let (region, worker) = (ledgers::region(), "gc".parse().unwrap());
        self.does(ChangeWorker { region, worker, paused: Some(is_paused), rate: None }.into()).await;
    }

    /// A generation whose upload begins now.
    pub(crate) fn generation(&self) -> Generation {
        let sources = self.clock.sources();
        Generation::from_fresh((sources.fresh)((sources.now)()))
    }

    /// Stores bytes on the nodes; no event names them yet.
    pub(crate) async fn stage(&self, seed: u8, length: usize) -> StoredContent {
        self.stage_as(seed, length, self.generation()).await
    }

    pub(crate) async fn stage_as(&self, seed: u8, length: usize, generation: Generation) -> StoredContent {
        let bytes = Bytes::from(vec![seed; length]);
        let placement = self.store.put(&bucket(), generation, bytes).await.unwrap().placement;
        until("the last shards", || self.store.pending_writes().count() == 0 || self.is_stored(generation, length))
            .await;
        let sha256 = Sha256Digest([seed; 32]);
        StoredContent { bucket: bucket(), sha256, generation, size: length as u64, placement, moved: Vec::new() }
    }

    fn is_stored(&self, generation: Generation, length: usize) -> bool {
        let shards = if length > SMALL_BYTES_MAX { 6 } else { 3 };
        let held = self.held().into_values().flatten();
        held.filter(|shard| Generation::from_fresh(*shard) == generation).count() == shards
    }

    /// Has an event name what was staged.
    pub(crate) async fn name(&self, name: &str, stored: &StoredContent) -> Result<Committed, CommitError> {
        let chosen_at = self.ledger.progress().borrow().cursor.sequence;
        let (content, placement) = (id(stored), stored.placement.clone());
        let scope = DedupScope::Region;
        let body = NewBody::Staged { content, placement, chosen_at, instead_of: None, scope };
        self.tries(Command::PutObject(Box::new(put_object(bucket(), key(name), stored.size, body)))).await
    }

    /// Has an object refer to a content that is there.
    pub(crate) async fn refer(&self, name: &str, stored: &StoredContent) -> Result<Committed, CommitError> {
        let body = NewBody::Known(id(stored));
        self.tries(Command::PutObject(Box::new(put_object(bucket(), key(name), stored.size, body)))).await
    }

    pub(crate) async fn put(&self, name: &str, seed: u8, length: usize) -> StoredContent {
        let stored = self.stage(seed, length).await;
        self.name(name, &stored).await.unwrap();
        self.store.pending_writes().committed(id(&stored));
        stored
    }

    /// Puts a shard on a node, as a late request of its writer does.
    pub(crate) async fn give_back(&self, node: &NodeId, shard: Uuid, bytes: Bytes) {
        let record = Record::new(shard, bytes);
        let reply = self.nodes.request(node, Request::Put { records: vec![record] }.encode()).await.unwrap();
        assert_eq!(Reply::decode(reply).unwrap(), Reply::Statuses(vec![Status::Ok]));
    }

    pub(crate) async fn delete(&self, name: &str) {
        self.does(DeleteObject::new(bucket(), key(name), None).into()).await;
    }

    /// Lets so much time go by, on the clock on the wall.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.pass(SignedDuration::try_from(time).unwrap());
    }

    /// What the nodes hold.
    pub(crate) fn held(&self) -> BTreeMap<NodeId, BTreeSet<Uuid>> {
        let held = |number| (node(number), self.nodes.shards(&node(number), false).into_iter().collect());
        (1..=NODES).map(held).collect()
    }

    /// What the log names, and beside it shards that nothing names yet.
    fn named(&self, beside: &[&StoredContent]) -> BTreeMap<NodeId, BTreeSet<Uuid>> {
        let snapshot = self.ledger.latest();
        let mut named: BTreeMap<NodeId, BTreeSet<Uuid>> = (1..=NODES).map(|n| (node(n), BTreeSet::new())).collect();
        let rows = snapshot.list_contents(None, usize::MAX).unwrap();
        let rows: Vec<_> = rows.into_iter().map(|(id, row)| StoredContent::of_row(id, row)).collect();
        for shard in rows.iter().chain(beside.iter().copied()).flat_map(StoredContent::shards) {
            let uuid = shard.uuid();
            named.get_mut(&shard.node).unwrap().insert(uuid);
        }
        named
    }

    /// Waits until the nodes hold what the log names, with what stays beside it, and nothing else.
    pub(crate) async fn until_clean(&self, beside: &[&StoredContent]) {
        until("nodes that hold what is needed and nothing else", || self.held() == self.named(beside)).await;
    }

    /// Asserts that the nodes hold all that the log names.
    pub(crate) fn assert_whole(&self) {
        let held = self.held();
        for (node, shards) in self.named(&[]) {
            assert!(shards.is_subset(&held[&node]), "{node} lacks {:?}", shards.difference(&held[&node]));
        }
    }

    /// Whether the log knows a content.
    pub(crate) fn knows(&self, stored: &StoredContent) -> bool {
        self.ledger.latest().content(&id(stored)).unwrap().is_some()
    }

    /// Whether a node holds any shard of a content.
    pub(crate) fn is_held(&self, stored: &StoredContent) -> bool {
        let held = self.held();
        stored.shards().any(|shard| held[&shard.node].contains(&shard.uuid()))
    }

    /// Every fact on the log.
    pub(crate) async fn facts(&self) -> Vec<Fact> {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        stored.iter().map(|stored| Event::decode(&stored.payload).unwrap().fact).collect()
    }
}

async fn open(log: &MemoryLog, path: PathBuf, clock: &Clock) -> Ledger {
    let options = Options { sources: clock.sources(), ..ledgers::options(&path, true) };
    Ledger::open(options, Arc::new(log.clone())).await.unwrap()
}

pub(crate) fn id(stored: &StoredContent) -> ContentId {
    ContentId { sha256: stored.sha256, generation: stored.generation }
}

impl Running {
    /// Ends it where it is, as a kill does.
    pub(crate) async fn kill(self) {
        self.workers.stop().await;
    }

    pub(crate) fn report(&self) -> Report {
        self.workers.reports().remove(0)
    }

    /// How many steps it has taken.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    pub(crate) async fn until_idle(&self) {
        let has_looked = || self.steps() > 0;
        until("nothing left to do", || has_looked() && self.report().state == State::Idle).await;
    }

    /// Waits until it has stopped; why.
    pub(crate) async fn until_stopped(&self) -> String {
        until("a stop", || matches!(self.report().state, State::Failing { .. })).await;
        match self.report().state {
            State::Failing { why } => why,
            other => panic!("{other:?}"),
        }
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
