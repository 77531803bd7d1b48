//! When contents are checked: after the mark, beside writes that go on, after nodes have rejoined.

use std::time::Duration;

use events::content::Fault;
use events::ids::NodeId;
use shards::{Incident, ShardStore, StoredContent};
use testkit::Misbehavior;
use tokio::sync::mpsc;

use super::world::{Side, World, id, placed};

const LENGTH: usize = 300 * 1024;

/// Longer than a node may take to be heard.
const LONG: Duration = Duration::from_secs(40);

/// The shard of a content on a node.
fn shard_on(stored: &StoredContent, node: &NodeId) -> u8 {
    placed(stored).into_iter().find(|(_, on)| on == node).unwrap().0
}

/// Stores bytes while a node hangs, which holds up their last shard.
async fn put_one_short(world: &World, side: &Side, seed: u8) -> (StoredContent, NodeId) {
    let late = placed(&world.put(side, seed, LENGTH).await)[2].1.clone();
    world.nodes.set(&late, Misbehavior::Hangs);
    let stored = world.stage(side, seed + 1, LENGTH).await;
    world.commit(&stored).await;
    (stored, late)
}

fn is_scanned(keeper: &crate::Keeper) -> bool {
    !keeper.figures().borrow().is_scanning
}

#[tokio::test(start_paused = true)]
async fn a_scan_beside_writes_finds_nothing_missing() {
    let world = World::new().await;
    let side = world.side();
    let other = world.side();
    world.put(&side, 1, LENGTH).await;
    let store = side.store.clone();
    let keeper = world.keeper(side, "settled");
    // Each node takes its time, so that at any moment there are writes whose last shard is in flight.
    for number in 1..=6 {
        world
            .nodes
            .set(&testkit::MemoryNodes::name(number), Misbehavior::Slow(Duration::from_millis(150 * number as u64)));
    }
    let mut seed = 2;
    while !is_scanned(&keeper) {
        for store in [&store, &other.store] {
            let side = Side { store: ShardStore::clone(store), incidents: mpsc::channel::<Incident>(1).1 };
            let stored = world.stage_beside(&side, seed, LENGTH).await;
            world.commit(&stored).await;
            store.pending_writes().committed(id(&stored));
            seed += 1;
        }
    }
    assert!(seed > 8, "{seed}");
    world.pass(Duration::from_secs(10)).await;
    assert_eq!(world.health_facts().await, 0);
    keeper.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_scan_skips_pending_writes_of_this_process() {
    let world = World::new().await;
    let side = world.side();
    let (tasks, _due) = world.tasks(&side);
    let (stored, late) = put_one_short(&world, &side, 1).await;
    world.nodes.set(&late, Misbehavior::None);
    // Its last shard is not answered for yet, whatever the node says.
    world.nodes.lose(&late, stored.generation.shard(shard_on(&stored, &late)));
    let last = world.last_sequence();
    let gap = tasks.scan(1, last, false).await.unwrap();
    assert!(!gap.is_refused && world.faults(&stored).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_mark_does_not_pass_a_node_that_was_silent_and_its_contents_are_checked_when_it_is_back() {
    let world = World::new().await;
    let side = world.side();
    let stored = world.put(&side, 1, LENGTH).await;
    let (shard, silent) = placed(&stored)[3].clone();
    world.nodes.lose(&silent, stored.generation.shard(shard));
    world.nodes.set(&silent, Misbehavior::Gone);
    world.membership.unreachable(&silent);
    // A gateway on an empty folder begins.
    let fresh = world.side();
    let store = fresh.store.clone();
    let keeper = world.keeper(fresh, "empty");
    world.pass(LONG).await;
    assert!(world.faults(&stored).is_empty(), "a node that does not answer says nothing");
    assert!(!is_scanned(&keeper));
    assert!(keeper.figures().borrow().settled_sequence < world.last_sequence());
    drop(keeper);
    // Nor is it forgotten by the next start.
    let again = Side { store: store.clone(), incidents: mpsc::channel(1).1 };
    let keeper = world.keeper(again, "empty");
    world.pass(LONG).await;
    world.nodes.set(&silent, Misbehavior::None);
    world.announce();
    world.until("the fault on the log", || world.faults(&stored) == [(shard, Fault::Missing)]).await;
    world.until("the end of the look", || is_scanned(&keeper)).await;
    let last = world.last_sequence();
    let figures = keeper.figures();
    world.until("the mark", || figures.borrow().settled_sequence >= last).await;
    keeper.stop().await;
}

#[tokio::test(start_paused = true)]
async fn untracked_writes_are_found_on_the_log() {
    let world = World::new().await;
    let side = world.side();
    let store = side.store.clone();
    let keeper = world.keeper(Side { store: store.clone(), incidents: mpsc::channel(1).1 }, "settled");
    world.until("the end of the look behind the mark", || is_scanned(&keeper)).await;
    // The pending writes are not told that an event names it.
    let (stored, late) = put_one_short(&world, &side, 1).await;
    let shard = shard_on(&stored, &late);
    let figures = keeper.figures();
    world.pass(Duration::from_secs(10)).await;
    let before = figures.borrow().settled_sequence;
    assert!(before < world.last_sequence() && store.pending_writes().count() == 1);
    world.until("it is lost sight of", || store.pending_writes().count() == 0).await;
    assert!(world.faults(&stored).is_empty());
    world.until("it is found", || world.faults(&stored) == [(shard, Fault::Unwritten)]).await;
    let last = world.last_sequence();
    world.until("the mark", || figures.borrow().settled_sequence >= last).await;
    keeper.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_shard_that_arrives_is_recorded_as_present() {
    let world = World::new().await;
    let side = world.side();
    let store = side.store.clone();
    let keeper = world.keeper(Side { store: store.clone(), incidents: mpsc::channel(1).1 }, "settled");
    let late = placed(&world.put(&side, 1, LENGTH).await)[2].1.clone();
    // The node does the work but its answer is lost; the next answers say that it is busy.
    world.nodes.set(&late, Misbehavior::Mute);
    let stored = world.stage(&side, 2, LENGTH).await;
    world.commit(&stored).await;
    store.pending_writes().committed(id(&stored));
    let shard = shard_on(&stored, &late);
    world.until("the debt", || world.faults(&stored) == [(shard, Fault::Unwritten)]).await;
    world.nodes.set(&late, Misbehavior::None);
    world.until("it is cleared", || world.faults(&stored).is_empty()).await;
    keeper.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_and_rejoins_during_checks_is_checked_too() {
    let world = World::new().await;
    let side = world.side();
    let stored = world.put(&side, 1, LENGTH).await;
    let nodes = placed(&stored);
    let (tasks, _due) = world.tasks(&side);
    for (shard, node) in &nodes[..1] {
        world.nodes.lose(node, stored.generation.shard(*shard));
    }
    super::world::check(&tasks, &stored).await;
    assert_eq!(world.faults(&stored), [(0, Fault::Missing)]);
    let watching = {
        let tasks = std::sync::Arc::clone(&tasks);
        tokio::spawn(async move { tasks.watch_rejoining_nodes().await.map(|_| ()) })
    };
    // The first look, at the start, hangs at this node; which ends, gets its shards back, and comes again meanwhile.
    world.nodes.set(&nodes[0].1, Misbehavior::Hangs);
    world.pass(Duration::from_secs(6)).await;
    world.nodes.set(&nodes[0].1, Misbehavior::Gone);
    world.membership.unreachable(&nodes[0].1);
    world.nodes.set(&nodes[0].1, Misbehavior::None);
    world.give_back(&stored, 0, vec![1; LENGTH / 4].into()).await;
    world.announce();
    world.until("its shard is owed no more", || world.faults(&stored).is_empty()).await;
    watching.abort();
}
