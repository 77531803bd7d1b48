//! Nodes that are being emptied.

use domain::{ChangeNode, NodeChange, Rejection};
use events::Fact;
use events::content::PlaceCause;
use ledger::CommitError;
use shards::protocol::Request;
use testkit::Misbehavior;

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_drains_is_copied_from_and_can_be_removed_then() {
    let mut world = World::new().await;
    world.put_all(3).await;
    let remove = ChangeNode { node: node(2), folder: folder_of(2), change: NodeChange::Remove { forced: false } };
    let refused = world.tries(remove.clone()).await;
    assert!(matches!(refused, Err(CommitError::Rejected(Rejection::NodeInUse { .. }))), "{refused:?}");
    let held = world.nodes.shards(&node(2), true);
    world.say(2, NodeChange::Drain).await;
    let before: Vec<usize> = (1..=NODES).map(|number| reads(&world, number)).collect();
    let running = world.run(Settings::default());
    world.until_empty(2).await;
    running.until_idle().await;
    let of_node: Vec<usize> = (1..=NODES).map(|number| reads(&world, number) - before[number - 1]).collect();
    // A shard that is decoded needs four others. A few may be asked for because the node was slow once.
    let of_others = of_node.iter().sum::<usize>() - of_node[1];
    assert!(of_others < of_node[1], "its shards were copied: {of_node:?}");
    until("its shards to be discarded", || world.nodes.shards(&node(2), true).is_empty()).await;
    assert!(!held.is_empty());
    world.assert_readable().await;
    world.tries(remove).await.unwrap();
    let causes = world.facts().await.into_iter().filter_map(|fact| match fact {
        Fact::ContentPlaced(placed) => Some(placed),
        _ => None,
    });
    assert!(
        causes
            .flat_map(|placed| placed.contents)
            .flat_map(|content| content.shards)
            .all(|shard| shard.cause == PlaceCause::NodeDraining)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_copied_is_decoded() {
    let mut world = World::new().await;
    let stored = world.put("large", LARGE).await;
    let shard = stored.shards().find(|shard| shard.node == node(2)).unwrap();
    world.nodes.flip(&node(2), shard.uuid(), 1, 5);
    world.say(2, NodeChange::Drain).await;
    let running = world.run(Settings::default());
    world.until_empty(2).await;
    running.until_idle().await;
    world.assert_readable().await;
    assert_eq!(world.audit().await.owed(), 0, "no damage was copied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draining_node_that_goes_away_is_rebuilt_from_the_others() {
    let mut world = World::new().await;
    world.put_all(2).await;
    world.say(2, NodeChange::Drain).await;
    world.nodes.set(&node(2), Misbehavior::Gone);
    world.lose_node(2).await;
    let running = world.run(Settings::default());
    world.until_empty(2).await;
    running.until_idle().await;
    world.assert_readable().await;
}

/// How often a node was read from.
fn reads(world: &World, number: usize) -> usize {
    let requests = world.nodes.requests(&node(number));
    requests.iter().filter(|request| matches!(request, Request::Read { .. })).count()
}
