//! Shards that are written anew.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use events::ids::{Generation, NodeId, Sha256Digest};
use futures_util::TryStreamExt;
use identity::{PIECE_SECRET_BYTES, PieceSecret, PieceSecrets};
use sha2::{Digest, Sha256};
use shards::protocol::{Request, Status};
use shards::{Pace, ReadError, RebuildError, Rewrite, ShardStore, StoredContent};
use testkit::{MemoryNodes, Misbehavior};
use tokio::sync::mpsc;
use uuid::Uuid;

/// One of three shards, of six shards of one piece, and of six of several.
const SIZES: [usize; 4] = [1, 20_000, 700_001, 3 * 1024 * 1024 + 17];

struct World {
    nodes: MemoryNodes,
    store: ShardStore<MemoryNodes>,
}

/// Lets every stripe go at once, and counts them.
#[derive(Default)]
struct AtOnce(AtomicUsize);

impl Pace for AtOnce {
    type Turn = ();

    async fn turn(&self, _: u64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn fresh() -> Uuid {
    static COUNT: AtomicUsize = AtomicUsize::new(1);
    Uuid::from_u128(COUNT.fetch_add(1, Ordering::Relaxed) as u128 * 8 | 0x0190_0000_0000_u128 << 80)
}

fn node(number: usize) -> NodeId {
    MemoryNodes::name(number)
}

impl World {
    fn new(nodes: usize) -> Self {
        let nodes = MemoryNodes::new(nodes);
        let (incidents, _) = mpsc::channel(64);
        let secrets = PieceSecrets::from_iter([(0, PieceSecret::new(&[3; PIECE_SECRET_BYTES]))]);
        let store = ShardStore::new(nodes.clone(), nodes.membership(), None, secrets, incidents);
        Self { nodes, store }
    }

    async fn put(&self, size: usize, tagged: bool) -> (StoredContent, Bytes) {
        let bytes: Bytes = (0..size).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect();
        let generation = if tagged { Generation::tagged(fresh(), 0) } else { Generation::from_fresh(fresh()) };
        let bucket = "bucket".parse().unwrap();
        let mut writer = self.store.writer(bucket, generation);
        writer.write(bytes.clone()).await.unwrap();
        let written = writer.finish().await.unwrap();
        let sha256 = Sha256Digest(Sha256::digest(&bytes).into());
        let (bucket, placement) = ("bucket".parse().unwrap(), written.placement);
        let content = StoredContent { bucket, sha256, generation, size: size as u64, placement, moved: Vec::new() };
        let all = || content.shards().all(|shard| self.nodes.shards(&shard.node, true).contains(&shard.uuid()));
        while !all() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (content, bytes)
    }

    /// What is to be written anew of some shards, on a node that holds nothing else.
    fn rewrites(&self, shards: &[u8], is_readable: bool) -> Vec<Rewrite> {
        let rewrite = |index: &u8| Rewrite {
            index: *index,
            node: node(7 + usize::from(*index) % 2),
            generation: Generation::of_repair(fresh(), 0),
            is_readable,
        };
        shards.iter().map(rewrite).collect()
    }

    /// Loses shards of a content.
    fn lose(&self, content: &StoredContent, shards: &[u8]) {
        for shard in content.shards().filter(|shard| shards.contains(&shard.index)) {
            self.nodes.lose(&shard.node, shard.uuid());
        }
    }

    async fn read(&self, content: &StoredContent) -> Vec<u8> {
        let read: Vec<Bytes> = self.store.read(content.clone(), 0..content.size).try_collect().await.unwrap();
        read.concat()
    }

    fn reads(&self, number: usize) -> usize {
        let requests = self.nodes.requests(&node(number));
        requests.iter().filter(|request| matches!(request, Request::Read { .. })).count()
    }

    /// How many shards the new nodes have.
    fn new_shards(&self) -> usize {
        [7, 8].map(|number| self.nodes.shards(&node(number), false).len()).iter().sum()
    }

    async fn until_discarded(&self) {
        let discarded = async {
            while self.new_shards() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), discarded).await.expect("new shards that are not discarded");
    }
}

/// The content after its new shards were placed.
fn moved(mut content: StoredContent, rewrites: &[Rewrite]) -> StoredContent {
    for Rewrite { index, node, generation, .. } in rewrites {
        let at = content.placement.shards().position(|(shard, _)| shard == *index).unwrap();
        content.placement.nodes[at] = node.clone();
        content.moved.push(domain::row::MovedShard { shard: *index, generation: *generation, sequence: 0 });
    }
    content.moved.sort_by_key(|moved| moved.shard);
    content
}

/// Six nodes that hold the content, and two that hold nothing yet.
async fn world_with(size: usize, tagged: bool) -> (World, StoredContent, Bytes) {
    let world = World::new(8);
    for number in [7, 8] {
        world.store.membership().unreachable(&node(number));
    }
    let (content, bytes) = world.put(size, tagged).await;
    (world, content, bytes)
}

#[tokio::test]
async fn any_two_shards_are_written_anew_from_the_others() {
    for size in SIZES {
        for tagged in [true, false] {
            let (world, content, bytes) = world_with(size, tagged).await;
            let stored: Vec<u8> = content.shards().map(|shard| shard.index).collect();
            for (one, other) in stored.iter().flat_map(|one| stored.iter().map(move |other| (*one, *other))) {
                if one >= other {
                    continue;
                }
                let rewrites = world.rewrites(&[one, other], false);
                let rebuilt = world.store.rebuild(&content, &rewrites, &AtOnce::default()).await.unwrap();
                assert_eq!(rebuilt.shards().count(), 2);
                assert_eq!(rebuilt.keep().len(), 2);
                let now = moved(content.clone(), &rewrites);
                // Read from the new ones, and as few others as possible.
                let others: Vec<u8> = stored.iter().copied().filter(|shard| ![one, other].contains(shard)).take(2).collect();
                let hidden = moved(content.clone(), &rewrites);
                world.lose_for_a_while(&hidden, &others, async { assert!(world.read(&now).await == bytes, "{size} {one} {other}") }).await;
            }
        }
    }
}

impl World {
    /// Reads while the nodes of some shards are gone.
    async fn lose_for_a_while(&self, content: &StoredContent, shards: &[u8], read: impl Future<Output = ()>) {
        let nodes: BTreeSet<NodeId> =
            content.shards().filter(|shard| shards.contains(&shard.index)).map(|shard| shard.node).collect();
        nodes.iter().for_each(|node| self.nodes.set(node, Misbehavior::Gone));
        read.await;
        nodes.iter().for_each(|node| self.nodes.set(node, Misbehavior::None));
        self.nodes.announce(self.store.membership());
    }
}

#[tokio::test]
async fn a_shard_that_is_there_is_copied_from_its_node_alone() {
    for size in SIZES {
        let (world, content, bytes) = world_with(size, true).await;
        let shard = content.shards().nth(1).unwrap();
        let from = (1..=6).find(|number| node(*number) == shard.node).unwrap();
        let before: Vec<usize> = (1..=6).map(|number| world.reads(number)).collect();
        let (rewrites, pace) = (world.rewrites(&[shard.index], true), AtOnce::default());
        world.store.rebuild(&content, &rewrites, &pace).await.unwrap().keep();
        let stripes = size.div_ceil(1 << 20);
        assert_eq!(pace.0.into_inner(), stripes);
        for number in 1..=6 {
            let read = world.reads(number) - before[number - 1];
            assert_eq!(read, if number == from { stripes } else { 0 }, "node {number}");
        }
        assert!(world.read(&moved(content, &rewrites)).await == bytes);
    }
}

#[tokio::test]
async fn a_copy_of_what_is_damaged_is_decoded() {
    let (world, content, bytes) = world_with(SIZES[3], true).await;
    let shard = content.shards().next().unwrap();
    world.nodes.flip(&shard.node, shard.uuid(), 1, 9);
    let rewrites = world.rewrites(&[0], true);
    world.store.rebuild(&content, &rewrites, &AtOnce::default()).await.unwrap().keep();
    let now = moved(content, &rewrites);
    world.lose(&now, &[1, 2]);
    assert!(world.read(&now).await == bytes);
}

#[tokio::test]
async fn what_is_dropped_is_discarded() {
    for size in SIZES {
        let (world, content, _) = world_with(size, true).await;
        let rewrites = world.rewrites(&[0, 4], false);
        let rebuilt = world.store.rebuild(&content, &rewrites, &AtOnce::default()).await.unwrap();
        assert_eq!(world.new_shards(), 2);
        drop(rebuilt);
        world.until_discarded().await;
        let rebuilt = world.store.rebuild(&content, &world.rewrites(&[0, 4], false), &AtOnce::default()).await.unwrap();
        rebuilt.discard().await;
        assert_eq!(world.new_shards(), 0);
    }
}

/// Lets some stripes go, and no more.
struct Stops(AtomicUsize);

impl Pace for Stops {
    type Turn = ();

    async fn turn(&self, _: u64) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 1 {
            std::future::pending::<()>().await;
        }
    }
}

#[tokio::test]
async fn a_rebuild_that_is_dropped_in_the_middle_leaves_nothing() {
    let (world, content, _) = world_with(SIZES[3], true).await;
    let (rewrites, pace) = (world.rewrites(&[0, 5], false), Stops(AtomicUsize::new(3)));
    let rebuild = world.store.rebuild(&content, &rewrites, &pace);
    assert!(tokio::time::timeout(Duration::from_millis(300), rebuild).await.is_err());
    world.until_discarded().await;
}

#[tokio::test]
async fn a_node_that_does_not_take_its_shard_costs_only_that() {
    for (size, after) in [(SIZES[2], 0), (SIZES[3], 0), (SIZES[3], 2)] {
        let (world, content, bytes) = world_with(size, true).await;
        world.nodes.set_after(&node(8), after, Misbehavior::Refuses(Status::Full));
        let rewrites = world.rewrites(&[0, 1], false);
        let rebuilt = world.store.rebuild(&content, &rewrites, &AtOnce::default()).await.unwrap();
        let failed: Vec<u8> = rebuilt.failed().iter().map(|(shard, _)| shard.index).collect();
        assert_eq!((rebuilt.shards().map(|shard| shard.index).collect::<Vec<_>>(), failed), (vec![0], vec![1]));
        rebuilt.keep();
        let now = moved(content, &rewrites[..1]);
        assert!(world.read(&now).await == bytes);
        world.nodes.set(&node(7), Misbehavior::Refuses(Status::Failed));
        let none = world.store.rebuild(&now, &world.rewrites(&[2, 3], false), &AtOnce::default()).await;
        assert!(matches!(none, Err(RebuildError::NotTaken { failed }) if failed.len() == 2));
    }
}

#[tokio::test]
async fn too_few_shards_are_lost() {
    let (world, content, _) = world_with(SIZES[3], true).await;
    world.lose(&content, &[0, 1, 2]);
    let lost = world.store.rebuild(&content, &world.rewrites(&[0, 1], false), &AtOnce::default()).await.err();
    assert_eq!(lost, Some(RebuildError::Read(ReadError::Lost { have: 3, need: 4 })));
    world.until_discarded().await;
}

#[tokio::test]
async fn without_tags_an_altered_shard_is_told_and_nothing_is_written() {
    for size in SIZES {
        let (world, content, _) = world_with(size, false).await;
        let shards: Vec<_> = content.shards().collect();
        let (altered, lost) = (&shards[0], &shards[2]);
        world.nodes.alter(&altered.node, altered.uuid(), 0);
        let rewrites = world.rewrites(&[lost.index], false);
        let told = world.store.rebuild(&content, &rewrites, &AtOnce::default()).await.err();
        assert_eq!(told, Some(RebuildError::Altered { shards: vec![altered.index] }), "{size}");
        assert_eq!(world.new_shards(), 0);
        let rewrites = world.rewrites(&[altered.index, lost.index], false);
        world.store.rebuild(&content, &rewrites, &AtOnce::default()).await.unwrap().keep();
        assert_eq!(world.new_shards(), 2);
    }
}

#[tokio::test]
async fn a_name_without_its_secret_writes_nothing() {
    let (world, content, _) = world_with(SIZES[0], true).await;
    let mut rewrites = world.rewrites(&[0], false);
    rewrites[0].generation = Generation::of_repair(fresh(), 5);
    let refused = world.store.rebuild(&content, &rewrites, &AtOnce::default()).await.err();
    assert_eq!(refused, Some(RebuildError::Read(ReadError::NoSecret(5))));
}
