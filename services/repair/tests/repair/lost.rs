//! Nodes that are gone, and come back.

use std::time::Duration;

use domain::{JoinNode, NodeChange};
use events::Fact;
use events::content::PlaceCause;
use events::ids::FolderId;
use testkit::Misbehavior;
use uuid::Uuid;

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_node_held_is_written_elsewhere_and_spread_again_when_it_is_back() {
    let mut world = World::new().await;
    let stored = world.put_all(4).await;
    world.lose_node(3).await;
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    world.assert_readable().await;
    for content in &stored {
        assert!(world.stored(content).shards().all(|shard| shard.node != node(3)));
    }
    // Contents of six shards have two on a node now.
    world.find_node(3).await;
    world.until_whole(&running).await;
    for content in stored.iter().filter(|content| content.placement.nodes.len() == 6) {
        let mut nodes: Vec<_> = world.stored(content).shards().map(|shard| shard.node).collect();
        nodes.sort();
        nodes.dedup();
        assert_eq!(nodes.len(), 6, "each has a node of its own again");
    }
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_node_is_lost_while_the_first_is_rebuilt() {
    let mut world = World::new().await;
    world.put_all(6).await;
    world.lose_node(2).await;
    let running = world.run(Settings::default());
    let begun = world.process.ledger.progress().borrow().cursor.sequence;
    until("some shards to be placed", || world.process.ledger.progress().borrow().cursor.sequence > begun).await;
    world.lose_node(5).await;
    world.assert_readable().await;
    world.until_whole(&running).await;
    world.assert_readable().await;
    // A third one may be lost by now.
    world.lose_node(1).await;
    world.assert_readable().await;
    world.until_whole(&running).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_most_endangered_come_first() {
    let mut world = World::new().await;
    for number in 0..10 {
        world.put(&number.to_string(), LARGE).await;
    }
    let endangered = world.put("endangered", LARGE).await;
    let shard = world.stored(&endangered).shards().find(|shard| shard.node != node(4)).unwrap();
    world.nodes.lose(&shard.node, shard.uuid());
    world.note_missing(&endangered, shard.index).await;
    world.lose_node(4).await;
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    let first = world.facts().await.into_iter().find_map(|fact| match fact {
        Fact::ContentPlaced(placed) => placed.contents.into_iter().next(),
        _ => None,
    });
    assert_eq!(first.unwrap().content, id(&endangered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_back_in_time_costs_nothing() {
    let mut world = World::new().await;
    world.put_all(2).await;
    world.lose_node(3).await;
    let running = world.run(Settings { repair_after: Duration::from_hours(1), ..Settings::default() });
    running.until_idle().await;
    world.find_node(3).await;
    world.until_whole(&running).await;
    assert_eq!(world.placed().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_in_the_place_of_another_one_is_filled_at_once() {
    let mut world = World::new().await;
    let stored = world.put_all(3).await;
    let running = world.run(Settings { repair_after: Duration::from_hours(1), ..Settings::default() });
    running.until_idle().await;
    for shard in world.nodes.shards(&node(6), false) {
        world.nodes.lose(&node(6), shard);
    }
    let folder = FolderId(Uuid::from_u128(66));
    let join = JoinNode { node: node(6), folder, zone: "z6".into(), replaces: Some(folder_of(6)) };
    world.does(join.into()).await;
    world.process.announce_with(6, folder);
    world.until_whole(&running).await;
    world.assert_readable().await;
    let lay_there = stored.iter().flat_map(shards::StoredContent::shards).filter(|shard| shard.node == node(6)).count();
    assert_eq!(world.placed().await, lay_there, "and nothing else was written");
    assert!(!world.facts().await.iter().any(|fact| matches!(fact, Fact::ContentHealthChanged(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_few_shards_are_waited_for() {
    let mut world = World::new().await;
    world.put_all(1).await;
    for number in [1, 2, 3, 4] {
        world.lose_node(number).await;
    }
    let running = world.run(Settings::default());
    running.until_said("waiting because").await;
    assert_eq!(world.placed().await, 0);
    for number in [1, 2, 3, 4] {
        world.find_node(number).await;
    }
    world.until_whole(&running).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_never_answers_delays_nothing_else() {
    let mut world = World::new().await;
    world.put("small", SMALL).await;
    world.put("stripe", STRIPE).await;
    world.nodes.set(&node(1), Misbehavior::Hangs);
    world.say(2, NodeChange::Offline { position: 0, starts: 1 }).await;
    world.nodes.set(&node(2), Misbehavior::Gone);
    let running = world.run(Settings::default());
    running.until_said("the log knows of no owed shard").await;
    let causes = world.facts().await.into_iter().flat_map(|fact| match fact {
        Fact::ContentPlaced(placed) => placed.contents,
        _ => Vec::new(),
    });
    let causes: Vec<PlaceCause> = causes.flat_map(|content| content.shards).map(|shard| shard.cause).collect();
    assert!(!causes.is_empty() && causes.iter().all(|cause| *cause == PlaceCause::NodeLost), "{causes:?}");
}
