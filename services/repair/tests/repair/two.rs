//! Two repairs at once, each of which takes the lease from the other.

use events::Fact;
use worker::{Failpoint, Failpoints};

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_take_the_lease_from_each_other_end_clean() {
    let mut world = World::shared().await;
    world.put_all(5).await;
    let mut other = world.another().await;
    other.membership.unreachable(&node(4));
    world.lose_node(4).await;
    // Each believes to be the only process, and takes the lease at once whenever it has lost it.
    let one = world.run(Settings::default());
    let two = other.run(&world.clock, Settings::default());
    until("the lease to change hands", || world.epoch() >= 3).await;
    two.kill().await;
    world.until_whole(&one).await;
    world.assert_readable().await;
    let facts = world.facts().await;
    assert!(facts.iter().any(|fact| matches!(fact, Fact::ContentPlaced(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_wrote_that_lost_the_lease_is_named_by_nobody() {
    let mut world = World::shared().await;
    let stored = world.put_all(1).await;
    let mut other = world.another().await;
    other.membership.unreachable(&node(4));
    world.lose_node(4).await;
    let lost = stored.iter().flat_map(shards::StoredContent::shards).filter(|shard| shard.node == node(4)).count();
    let before: Vec<_> = (1..=NODES).flat_map(|number| world.nodes.shards(&node(number), true)).collect();
    let (failpoints, mut held) = Failpoints::holding(Failpoint::RepairWritten, 1);
    let two = other.run(&world.clock, Settings { failpoints, ..Settings::default() });
    held.reached().await;
    let written: Vec<_> = (1..=NODES).flat_map(|number| world.nodes.shards(&node(number), true)).collect();
    let written: Vec<_> = written.into_iter().filter(|shard| !before.contains(shard)).collect();
    assert!(!written.is_empty());
    let epoch = world.epoch();
    let one = world.run(Settings::default());
    until("the lease to change hands", || world.epoch() > epoch).await;
    held.release();
    two.kill().await;
    world.until_whole(&one).await;
    world.assert_readable().await;
    assert_eq!(world.placed().await, lost, "each shard was placed once");
    let named: Vec<_> = stored
        .iter()
        .flat_map(|content| world.stored(content).shards().map(|shard| shard.uuid()).collect::<Vec<_>>())
        .collect();
    assert!(written.iter().all(|shard| !named.contains(shard)));
}
