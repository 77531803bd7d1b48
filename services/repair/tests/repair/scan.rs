//! What no message told.

use domain::{AskWorker, View};
use events::content::Fault;
use repair::DamagedShard;

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_that_are_gone_are_found_and_repaired() {
    let mut world = World::new().await;
    let stored = world.put_all(3).await;
    let mut lost = 0;
    for (at, content) in stored.iter().enumerate() {
        let shard = content.shards().nth(at % content.placement.nodes.len()).unwrap();
        world.nodes.lose(&shard.node, shard.uuid());
        lost += 1;
    }
    assert_eq!(world.audit().await.short, lost);
    let running = world.run(scans());
    world.until_whole(&running).await;
    world.assert_readable().await;
    assert_eq!(world.placed().await as u64, lost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_says_of_damage_is_looked_at_at_once() {
    let mut world = World::new().await;
    let content = world.put("large", LARGE).await;
    let running = world.run(scans());
    running.until_compared().await;
    running.until_idle().await;
    let shard = content.shards().next().unwrap();
    world.nodes.lose(&shard.node, shard.uuid());
    running.damaged.send(DamagedShard { node: shard.node.clone(), shard: shard.uuid() }).await.unwrap();
    until("the shard to move", || world.stored(&content).shard(shard.index).unwrap().generation != content.generation)
        .await;
    world.until_whole(&running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_says_nothing_misses_nothing() {
    let mut world = World::new().await;
    world.put_all(2).await;
    world.nodes.set(&node(3), testkit::Misbehavior::RefusesReads(shards::protocol::Status::Failed));
    let running = world.run(scans());
    until("a pass", || running.report("scan").last.is_some_and(|last| last.what.contains("did not answer"))).await;
    assert_eq!(world.latest().debt().unwrap().contents, 0);
    assert_eq!(world.placed().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_comes_back_is_looked_at_first() {
    let mut world = World::new().await;
    let content = world.put("large", LARGE).await;
    let running = world.run(scans());
    running.until_compared().await;
    running.until_idle().await;
    let shard = content.shards().find(|shard| shard.node == node(2)).unwrap();
    world.process.membership.unreachable(&node(2));
    world.nodes.lose(&node(2), shard.uuid());
    running.until_idle().await;
    assert_eq!(world.latest().debt().unwrap().contents, 0);
    world.process.announce(2);
    until("the shard to move", || world.stored(&content).shard(shard.index).unwrap().generation != content.generation)
        .await;
    world.until_whole(&running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_is_there_again_is_owed_no_more() {
    let mut world = World::new().await;
    let content = world.put("large", LARGE).await;
    // Nobody has room, so nothing is written meanwhile.
    for number in 1..=NODES {
        world.nodes.set(&node(number), testkit::Misbehavior::Refuses(shards::protocol::Status::Full));
    }
    world.note(&content, 3, Fault::Missing).await;
    let running = world.run(scans());
    until("the fault to go", || world.latest().debt().unwrap().contents == 0).await;
    running.kill().await;
    assert_eq!(world.placed().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_may_ask_for_a_pass_at_once() {
    let mut world = World::new().await;
    let content = world.put("large", LARGE).await;
    let running = world.run(scans());
    running.until_compared().await;
    running.until_idle().await;
    let shard = content.shards().next().unwrap();
    world.nodes.lose(&shard.node, shard.uuid());
    let (region, worker) = (testkit::ledgers::region(), "scan".parse().unwrap());
    world.does(AskWorker { region, worker }.into()).await;
    until("the shard to move", || world.stored(&content).shard(shard.index).unwrap().generation != content.generation)
        .await;
    world.until_whole(&running).await;
}

fn scans() -> Settings {
    Settings { scans: true, ..Settings::default() }
}
