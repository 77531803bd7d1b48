//! Nodes that are emptier than others, and shards that move onto them.

use std::time::Duration;

use domain::{NodeChange, View};
use events::Fact;
use events::content::PlaceCause;
use futures_util::future::join_all;
use shards::StoredContent;
use shards::protocol::Status;
use testkit::Misbehavior;
use testkit::nodes::heartbeat;
use worker::{Failpoint, Failpoints};

use crate::given::*;

/// Contents of several pieces, enough for a worker that starts to fill an empty node ...
const SOME: usize = 7;

/// ... and for one that runs and found the nodes to be even.
const MANY: usize = 14;

fn balancing() -> Settings {
    Settings { balances: true, ..Settings::default() }
}

async fn filled(contents: usize) -> (World, Vec<StoredContent>) {
    let mut world = World::new().await;
    let mut stored = world.put_all(2).await;
    for number in 0..contents {
        stored.push(world.put(&format!("large {number}"), LARGE).await);
    }
    (world, stored)
}

fn number_of(named: &events::ids::NodeId) -> usize {
    (1..=9).find(|number| node(*number) == *named).unwrap()
}

fn placed_on(world: &World, number: usize) -> u64 {
    world.latest().node_usage(&node(number)).unwrap().bytes
}

/// By how many bytes the fullest of these nodes is fuller than the emptiest. Their disks are alike.
fn difference(world: &World, nodes: impl Iterator<Item = usize>) -> u64 {
    let placed: Vec<u64> = nodes.map(|number| placed_on(world, number)).collect();
    placed.iter().max().unwrap() - placed.iter().min().unwrap()
}

/// So much may be left, and a shard more.
const DIFFERENCE_MAX: u64 = 2 * domain::balance::END.bytes + LARGE as u64 / 4;

async fn until_even(world: &World, running: &Running, nodes: std::ops::RangeInclusive<usize>) {
    running.until_worker_said("rebalance", "no shard").await;
    until("even fills", || difference(world, nodes.clone()) <= DIFFERENCE_MAX).await;
    world.until_whole(running).await;
}

async fn causes(world: &World) -> Vec<PlaceCause> {
    let contents = world.facts().await.into_iter().filter_map(|fact| match fact {
        Fact::ContentPlaced(placed) => Some(placed.contents),
        _ => None,
    });
    contents.flatten().flat_map(|content| content.shards).map(|shard| shard.cause).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_join_get_their_part_of_what_is_stored() {
    let (mut world, stored) = filled(MANY).await;
    let running = world.run(balancing());
    running.until_worker_said("rebalance", "no shard has to move").await;
    assert_eq!(world.placed().await, 0, "six nodes alike are even");
    world.add_node(7).await;
    world.add_node(8).await;
    until("shards on the new nodes", || !world.is_empty(7) && !world.is_empty(8)).await;
    until_even(&world, &running, 1..=8).await;
    world.assert_readable().await;
    assert!(causes(&world).await.iter().all(|cause| *cause == PlaceCause::Balance));
    for content in stored.iter().map(|content| world.stored(content)) {
        let on: std::collections::BTreeSet<_> = content.shards().map(|shard| shard.node).collect();
        assert_eq!(on.len(), content.shards().count(), "each on a node of its own");
    }
    let moved = world.placed().await;
    running.kill().await;
    let again = world.run(balancing());
    again.until_worker_said("rebalance", "no shard").await;
    assert_eq!(world.placed().await, moved, "nothing moves twice");
}

async fn is_killed(point: Failpoint, count: u32) {
    let (mut world, _) = filled(SOME).await;
    world.add_node(7).await;
    let (failpoints, mut held) = Failpoints::holding(point, count);
    let running = world.run(Settings { failpoints, ..balancing() });
    let reached = tokio::time::timeout(Duration::from_mins(1), held.reached()).await;
    assert!(reached.is_ok(), "it never came to {point} {count} times: {:?}", running.reports());
    running.kill().await;
    world.assert_readable().await;
    let next = world.run(balancing());
    until_even(&world, &next, 1..=7).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_it_is_killed_the_next_one_goes_on() {
    use Failpoint::{RepairDiscarded, RepairPlaced, RepairStripe, RepairWritten};
    let points = [(RepairStripe, 1), (RepairStripe, 5), (RepairWritten, 1), (RepairPlaced, 1), (RepairDiscarded, 1)];
    join_all(points.map(|(point, count)| is_killed(point, count))).await;
}

/// The target goes away between the last copy and its event: the log says so, or nobody but this process knows.
async fn a_target_dies(is_on_the_log: bool) {
    let (mut world, stored) = filled(MANY).await;
    world.add_node(7).await;
    let (failpoints, mut held) = Failpoints::holding(Failpoint::RepairWritten, 1);
    let running = world.run(Settings { failpoints, repair_after: Duration::from_hours(1), ..balancing() });
    held.reached().await;
    assert!(!world.nodes.shards(&node(7), true).is_empty(), "something was written there");
    world.nodes.set(&node(7), Misbehavior::Gone);
    world.process.membership.unreachable(&node(7));
    if is_on_the_log {
        world.say(7, NodeChange::Offline { position: 0, starts: 1 }).await;
    }
    held.release();
    running.until_worker_said("rebalance", "no shard").await;
    assert_eq!(world.placed().await, 0, "a healthy shard was given up for one on a node that is gone");
    for content in &stored {
        let held = content.shards().all(|shard| world.nodes.shards(&shard.node, true).contains(&shard.uuid()));
        assert!(held, "what was to move is still there");
    }
    if is_on_the_log {
        world.find_node(7).await;
    } else {
        world.nodes.set(&node(7), Misbehavior::None);
        world.process.announce(7);
    }
    until("shards on the node that is back", || !world.is_empty(7)).await;
    until("even fills", || difference(&world, 1..=7) <= DIFFERENCE_MAX).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_placed_on_a_target_that_died_before_the_event() {
    join_all([true, false].map(a_target_dies)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_a_content_that_moves_brings_no_two_shards_of_it_onto_one_node() {
    let (mut world, stored) = filled(SOME).await;
    world.add_node(7).await;
    let (failpoints, mut held) = Failpoints::holding(Failpoint::RepairWritten, 1);
    let running = world.run(Settings { failpoints, ..balancing() });
    held.reached().await;
    // Repair has no free node but the one to which another shard is on its way.
    let (lost, full) =
        (stored.last().unwrap().shard(1).unwrap(), heartbeat(&stored.last().unwrap().shard(1).unwrap().node));
    for content in stored.iter().filter(|content| content.shards().count() == 6) {
        let shard = content.shards().find(|shard| shard.node == lost.node).unwrap();
        world.nodes.lose(&shard.node, shard.uuid());
    }
    let folder = Some(folder_of(number_of(&lost.node)).0);
    let full = shards::telemetry::Heartbeat { folder, free_bytes: 0, ..full };
    world.process.membership.observe(full, tokio::time::Instant::now());
    world.audit().await;
    running.until_said("missing or damaged").await;
    held.release();
    world.until_whole(&running).await;
    assert!(!causes(&world).await.contains(&PlaceCause::Spread), "two shards of a content came onto one node");
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_moves_while_a_node_is_away_or_shards_are_owed() {
    let (mut world, stored) = filled(SOME).await;
    world.add_node(7).await;
    world.lose_node(3).await;
    let settings = Settings { repair_after: Duration::from_hours(1), ..balancing() };
    let running = world.run(settings);
    running.until_worker_said("rebalance", "moves nothing while shards are placed on n3").await;
    assert_eq!(world.placed().await, 0);
    // It lost one meanwhile.
    let lost = stored[5].shards().find(|shard| shard.node == node(3)).unwrap();
    world.nodes.lose(&lost.node, lost.uuid());
    world.find_node(3).await;
    until_even(&world, &running, 1..=7).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains_gets_nothing_and_is_emptied_first() {
    let (mut world, _) = filled(SOME).await;
    world.add_node(7).await;
    world.add_node(8).await;
    world.say(8, NodeChange::Drain).await;
    world.say(2, NodeChange::Drain).await;
    let running = world.run(balancing());
    world.until_empty(2).await;
    running.until_worker_said("rebalance", "no shard").await;
    assert!(world.is_empty(8) && !world.is_empty(7));
    until_even(&world, &running, 3..=7).await;
    assert!(world.is_empty(2) && world.is_empty(8), "nothing moved back");
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_takes_nothing_keeps_nothing_from_others() {
    let (mut world, _) = filled(MANY).await;
    world.add_node(7).await;
    world.add_node(8).await;
    // Nobody knows that it is full.
    world.nodes.set(&node(7), Misbehavior::Refuses(Status::Full));
    let running = world.run(balancing());
    until("shards on the other one", || !world.is_empty(8)).await;
    world.assert_readable().await;
    world.nodes.set(&node(7), Misbehavior::None);
    until("shards on both", || !world.is_empty(7)).await;
    until_even(&world, &running, 1..=8).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_shard_is_decoded_and_no_damage_moves() {
    let (mut world, stored) = filled(MANY).await;
    for shard in stored.iter().flat_map(StoredContent::shards).filter(|shard| shard.node == node(1)) {
        world.nodes.flip(&shard.node, shard.uuid(), 0, 5);
    }
    world.add_node(7).await;
    let running = world.run(balancing());
    until_even(&world, &running, 1..=7).await;
    let from = world.facts().await.into_iter().flat_map(|fact| match fact {
        Fact::ContentPlaced(placed) => placed.contents,
        _ => Vec::new(),
    });
    let mut moved = from.flat_map(|content| content.shards);
    assert!(
        moved.any(|shard| shard.from.node == node(1) && shard.cause == PlaceCause::Balance),
        "one of those that cannot be copied was decoded"
    );
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_begun_to_move_comes_to_its_end_when_something_else_is_owed() {
    let (mut world, stored) = filled(SOME).await;
    world.add_node(7).await;
    let (failpoints, mut held) = Failpoints::holding(Failpoint::RepairStripe, 5);
    let running = world.run(Settings { failpoints, ..balancing() });
    held.reached().await;
    until("shards that are begun", || !world.nodes.shards(&node(7), false).is_empty()).await;
    let begun = world.nodes.shards(&node(7), false);
    let lost = stored[0].shards().next().unwrap();
    world.nodes.lose(&lost.node, lost.uuid());
    world.audit().await;
    running.until_said("missing or damaged").await;
    held.release();
    world.until_whole(&running).await;
    let is_placed =
        |begun: &_| stored.iter().any(|content| world.stored(content).shards().any(|shard| shard.uuid() == *begun));
    until("places of what had begun to move", || begun.iter().all(is_placed)).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_that_nobody_can_repair_keeps_no_other_from_moving() {
    let (mut world, stored) = filled(MANY).await;
    let hopeless = stored.last().unwrap();
    for shard in hopeless.shards().take(3) {
        world.nodes.lose(&shard.node, shard.uuid());
    }
    world.audit().await;
    world.add_node(7).await;
    let running = world.run(balancing());
    until("shards on the new node", || !world.is_empty(7)).await;
    running.until_worker_said("rebalance", "no shard").await;
    assert_eq!(world.stored(hopeless).moved, [], "it stays as it is");
    assert!(causes(&world).await.iter().all(|cause| *cause == PlaceCause::Balance));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_node_keeps_nothing_from_others_where_the_old_ones_are_full() {
    let (mut world, _) = filled(MANY).await;
    world.add_node(7).await;
    world.add_node(8).await;
    for number in 1..=6 {
        let folder = Some(folder_of(number).0);
        let full = shards::telemetry::Heartbeat { folder, free_bytes: 0, ..heartbeat(&node(number)) };
        world.process.membership.observe(full, tokio::time::Instant::now());
    }
    world.nodes.set(&node(7), Misbehavior::Slow(Duration::from_secs(3)));
    let running = world.run(balancing());
    until("shards on the other one", || !world.is_empty(8)).await;
    world.nodes.set(&node(7), Misbehavior::None);
    until("shards on both", || !world.is_empty(7)).await;
    running.until_worker_said("rebalance", "no shard").await;
    world.assert_readable().await;
}
