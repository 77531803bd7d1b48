//! A store of its own: a log, six nodes, and what is noted of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{Command, DedupScope, NewBody, View};
use eventlog::Log;
use events::Fact;
use events::content::Fault;
use events::ids::{ContentId, Generation, NodeId, ObjectKey, Sha256Digest};
use ledger::Ledger;
use shards::protocol::{Record, Reply, Request, Status};
use shards::{Incident, Membership, PieceSecrets, ShardStore, StoredContent, Transport};
use tempfile::TempDir;
use testkit::clock::fresh;
use testkit::commands::{bucket, create_bucket, origin, put_object};
use testkit::ledgers::open;
use testkit::{Clock, MemoryLog, MemoryNodes};
use tokio::sync::mpsc;

use crate::check::{Outcome, Suspicion};
use crate::recheck::Due;
use crate::{Keeper, Tasks};

/// How far time goes in one step.
const STEP: Duration = Duration::from_millis(200);

/// How long a test may take in truth.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct World {
    pub(super) nodes: MemoryNodes,
    pub(super) membership: Membership,
    pub(super) ledger: Ledger,
    log: MemoryLog,
    folder: TempDir,
    /// Keeps paused time from going by itself while the ledger's thread works.
    _held: std::sync::mpsc::Sender<()>,
}

/// One gateway's shards, with what it finds wanting.
pub(super) struct Side {
    pub(super) store: ShardStore<MemoryNodes>,
    pub(super) incidents: mpsc::Receiver<Incident>,
}

impl World {
    pub(super) async fn new() -> Self {
        let (held, until_dropped) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || {
            // The end of the world is an error.
            let _ended = until_dropped.recv();
        });
        let (folder, log, nodes) = (tempfile::tempdir().unwrap(), MemoryLog::new(), MemoryNodes::new(6));
        let ledger = open(&log, &folder.path().join("projection"), true).await;
        let membership = nodes.membership();
        let world = Self { nodes, membership, ledger, log, folder, _held: held };
        world.ledger.commit(create_bucket(bucket()), origin()).await.unwrap();
        world
    }

    /// Makes the log take nothing, or take it again.
    pub(super) fn close_log(&self, is_closed: bool) {
        self.log.refuse_appends(if is_closed { usize::MAX } else { 0 });
    }

    /// A gateway's side, over the same nodes.
    pub(super) fn side(&self) -> Side {
        let (sender, incidents) = mpsc::channel(64);
        let (nodes, membership) = (self.nodes.clone(), self.membership.clone());
        Side { store: ShardStore::new(nodes, membership, None, PieceSecrets::default(), sender), incidents }
    }

    pub(super) fn mark(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn tasks(&self, side: &Side) -> (Arc<Tasks<MemoryNodes>>, mpsc::Receiver<Due>) {
        Tasks::new(self.mark("settled"), self.ledger.clone(), side.store.clone())
    }

    pub(super) fn keeper(&self, side: Side, mark: &str) -> Keeper {
        Keeper::start(self.mark(mark), self.ledger.clone(), side.store, side.incidents)
    }

    /// Stores bytes on the nodes; no event names them yet.
    pub(super) async fn stage(&self, side: &Side, seed: u8, length: usize) -> StoredContent {
        let (bucket, generation) = (bucket(), Generation::from_fresh(fresh(Clock::new().now())));
        let placement = side.store.put(&bucket, generation, Bytes::from(vec![seed; length])).await.unwrap().placement;
        let sha256 = Sha256Digest([seed; 32]);
        StoredContent { bucket, sha256, generation, size: length as u64, placement, moved: Vec::new() }
    }

    /// The same of nodes that take their time, which goes by.
    pub(super) async fn stage_beside(&self, side: &Side, seed: u8, length: usize) -> StoredContent {
        let staging = self.stage(side, seed, length);
        let mut staging = std::pin::pin!(staging);
        loop {
            tokio::select! {
                biased;
                stored = &mut staging => return stored,
                () = step() => {}
            }
        }
    }

    /// Puts a shard where it was lost.
    pub(super) async fn give_back(&self, stored: &StoredContent, shard: u8, bytes: Bytes) {
        let node = placed(stored).into_iter().find(|(index, _)| *index == shard).unwrap().1;
        let record = Record::new(stored.generation.shard(shard), bytes);
        let reply = self.nodes.request(&node, Request::Put { records: vec![record] }.encode()).await.unwrap();
        assert_eq!(Reply::decode(reply).unwrap(), Reply::Statuses(vec![Status::Ok]));
    }

    /// An event names them.
    pub(super) async fn commit(&self, stored: &StoredContent) {
        let key = ObjectKey::from_bytes(stored.generation.to_string().as_bytes()).unwrap();
        let body = NewBody::Staged {
            content: id(stored),
            placement: stored.placement.clone(),
            chosen_at: u64::MAX,
            instead_of: None,
            scope: DedupScope::Region,
        };
        let put = put_object(stored.bucket.clone(), key, stored.size, body);
        self.ledger.commit(Command::PutObject(Box::new(put)), origin()).await.unwrap();
    }

    /// An object, stored and settled.
    pub(super) async fn put(&self, side: &Side, seed: u8, length: usize) -> StoredContent {
        let stored = self.stage(side, seed, length).await;
        self.commit(&stored).await;
        side.store.pending_writes().committed(id(&stored));
        self.until("its last shard", || side.store.pending_writes().count() == 0).await;
        stored
    }

    /// What the log says of a content.
    pub(super) fn faults(&self, stored: &StoredContent) -> Vec<(u8, Fault)> {
        let faults = self.ledger.latest().faults(&id(stored)).unwrap().faults;
        faults.into_iter().map(|fault| (fault.shard, fault.fault)).collect()
    }

    pub(super) fn last_sequence(&self) -> u64 {
        self.ledger.progress().borrow().cursor.sequence
    }

    /// All facts about the health of contents there ever were.
    pub(super) async fn health_facts(&self) -> usize {
        let stored = self.log.read(1, usize::MAX, usize::MAX).await.unwrap();
        let facts = stored.iter().map(|stored| events::Event::decode(&stored.payload).unwrap().fact);
        facts.filter(|fact| matches!(fact, Fact::ContentHealthChanged(_))).count()
    }

    /// Lets time go by until something is so.
    pub(super) async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begin = std::time::Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < PATIENCE, "timed out: {what}");
            step().await;
        }
    }

    /// Lets so much time go by.
    pub(super) async fn pass(&self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while tokio::time::Instant::now() < end {
            step().await;
        }
    }

    /// Sends the heartbeats of all nodes.
    pub(super) fn announce(&self) {
        self.nodes.announce(&self.membership);
    }
}

async fn step() {
    tokio::time::advance(STEP).await;
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    // The ledger's thread works in true time.
    std::thread::sleep(Duration::from_millis(1));
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

pub(super) fn id(stored: &StoredContent) -> ContentId {
    ContentId { sha256: stored.sha256, generation: stored.generation }
}

/// The shards of a content, and their nodes.
pub(super) fn placed(stored: &StoredContent) -> Vec<(u8, NodeId)> {
    stored.placement.shards().map(|(shard, node)| (shard, node.clone())).collect()
}

/// Checks a content without a suspicion.
pub(super) async fn check(tasks: &Tasks<MemoryNodes>, stored: &StoredContent) -> Outcome {
    tasks.check(id(stored), &Suspicion::default()).await.unwrap()
}
