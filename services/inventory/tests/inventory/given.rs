//! Nodes with shards, and a log that names them.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::{ChangeNode, Command, DedupScope, JoinNode, NewBody, NodeChange};
use events::Fact;
use events::ids::{ContentId, FolderId, Generation, NodeId, ObjectKey, Sha256Digest};
use inventory::{Audit, Auditor};
use ledger::{Ledger, Options};
use shards::{Membership, PieceSecrets, ShardStore, StoredContent};
use tempfile::TempDir;
use testkit::commands::{create_bucket, origin, put_object};
use testkit::{Clock, MemoryLog, MemoryNodes, ledgers};
use tokio::sync::mpsc;
use uuid::Uuid;

pub(crate) use testkit::commands::bucket;

pub(crate) const NODES: usize = 6;
pub(crate) const SMALL: usize = 1_000;
pub(crate) const LARGE: usize = 300_000;

pub(crate) struct World {
    pub(crate) nodes: MemoryNodes,
    pub(crate) clock: Clock,
    pub(crate) ledger: Ledger,
    pub(crate) store: ShardStore<MemoryNodes>,
    _folder: TempDir,
}

pub(crate) fn node(number: usize) -> NodeId {
    MemoryNodes::name(number)
}

fn folder_of(number: usize) -> FolderId {
    FolderId(Uuid::from_u128(number as u128))
}

impl World {
    pub(crate) async fn new() -> Self {
        let (folder, nodes, clock) = (tempfile::tempdir().unwrap(), MemoryNodes::new(NODES), Clock::new());
        let path: PathBuf = folder.path().join("projection");
        let options = Options { sources: clock.sources(), ..ledgers::options(&path, true) };
        let ledger = Ledger::open(options, Arc::new(MemoryLog::new())).await.unwrap();
        let (incidents, _) = mpsc::channel(1);
        let membership: Membership = nodes.membership();
        let store = ShardStore::new(nodes.clone(), membership, None, PieceSecrets::default(), incidents);
        let world = Self { nodes, clock, ledger, store, _folder: folder };
        let release = "test".into();
        world.does(Command::UpgradeRegion { region: ledgers::region(), level: Fact::LEVEL, release }).await;
        world.does(create_bucket(bucket())).await;
        for number in 1..=NODES {
            let (node, zone) = (node(number), format!("z{number}"));
            world.does(JoinNode { node, folder: folder_of(number), zone, replaces: None }.into()).await;
        }
        world
    }

    pub(crate) async fn does(&self, command: Command) {
        self.ledger.commit(command, origin()).await.unwrap();
    }

    pub(crate) async fn say(&self, number: usize, change: NodeChange) {
        self.does(ChangeNode { node: node(number), folder: folder_of(number), change }.into()).await;
    }

    /// Stores bytes on the nodes; no event names them yet.
    pub(crate) async fn stage(&self, seed: u8, length: usize) -> StoredContent {
        let sources = self.clock.sources();
        let generation = Generation::from_fresh((sources.fresh)((sources.now)()));
        let written = self.store.put(&bucket(), generation, Bytes::from(vec![seed; length])).await.unwrap();
        let settled = async {
            while self.store.pending_writes().count() > 0 && self.held(generation) < written.placement.nodes.len() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), settled).await.unwrap();
        StoredContent {
            bucket: bucket(),
            sha256: Sha256Digest([seed; 32]),
            generation,
            size: length as u64,
            placement: written.placement,
            moved: Vec::new(),
        }
    }

    fn held(&self, generation: Generation) -> usize {
        let held = (1..=NODES).flat_map(|number| self.nodes.shards(&node(number), true));
        held.filter(|shard| Generation::from_fresh(*shard) == generation).count()
    }

    /// Has an event name what was staged.
    pub(crate) async fn name(&self, stored: &StoredContent) {
        let chosen_at = self.ledger.progress().borrow().cursor.sequence;
        let (content, placement) = (id(stored), stored.placement.clone());
        let body = NewBody::Staged { content, placement, chosen_at, instead_of: None, scope: DedupScope::Off };
        let key = ObjectKey::from_bytes(stored.generation.to_string().as_bytes()).unwrap();
        self.does(Command::PutObject(Box::new(put_object(bucket(), key, stored.size, body)))).await;
        self.store.pending_writes().committed(content);
    }

    pub(crate) async fn put(&self, seed: u8, length: usize) -> StoredContent {
        let stored = self.stage(seed, length).await;
        self.name(&stored).await;
        stored
    }

    pub(crate) fn auditor(&self, deep: bool) -> Auditor<MemoryNodes> {
        Auditor::start(self.store.clone(), self.ledger.clone(), self.clock.sources(), deep).unwrap()
    }

    pub(crate) async fn audit(&self, deep: bool) -> Audit {
        let mut auditor = self.auditor(deep);
        while auditor.next().await.unwrap().is_some() {}
        auditor.finish()
    }
}

pub(crate) fn id(stored: &StoredContent) -> ContentId {
    ContentId { sha256: stored.sha256, generation: stored.generation }
}
