//! Contents from before there were tags: nodes can alter their pieces so that the checksums match.

use domain::AskWorker;

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_altered_piece_is_not_given_a_tag() {
    let mut world = World::new().await;
    let mut contents = Vec::new();
    for size in SIZES {
        contents.push(world.put_untagged(&size.to_string(), size).await);
    }
    let mut altered = Vec::new();
    for content in &contents {
        let shards: Vec<_> = content.shards().collect();
        world.nodes.alter(&shards[0].node, shards[0].uuid(), 0);
        world.nodes.lose(&shards[2].node, shards[2].uuid());
        world.note_missing(content, shards[2].index).await;
        altered.push((content, shards[0].clone()));
    }
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    for (content, shard) in altered {
        let now = world.stored(content).shard(shard.index).unwrap();
        assert!(now.generation.secret().is_some(), "the altered shard was written anew");
    }
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_more_altered_than_can_be_told_apart_nothing_is_written_until_an_operator_asks_again() {
    let mut world = World::new().await;
    let content = world.put_untagged("large", LARGE).await;
    let shards: Vec<_> = content.shards().collect();
    world.nodes.alter(&shards[0].node, shards[0].uuid(), 1);
    for lost in [2, 3] {
        world.nodes.lose(&shards[lost].node, shards[lost].uuid());
        world.note_missing(&content, shards[lost].index).await;
    }
    let held: Vec<_> = (1..=NODES).map(|number| world.nodes.shards(&node(number), false)).collect();
    let running = world.run(Settings::default());
    running.until_said("waiting because nodes have altered too many of their shards").await;
    assert_eq!(world.placed().await, 0);
    let now: Vec<_> = (1..=NODES).map(|number| world.nodes.shards(&node(number), false)).collect();
    assert_eq!(now, held);
    // The bytes are what they were. Nobody would look at that for minutes, unless an operator asks.
    running.until_idle().await;
    world.nodes.alter(&shards[0].node, shards[0].uuid(), 1);
    let (region, worker) = (testkit::ledgers::region(), "repair".parse().unwrap());
    world.does(AskWorker { region, worker }.into()).await;
    world.until_whole(&running).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_is_only_moved_is_not_believed_either() {
    let mut world = World::new().await;
    let content = world.put_untagged("large", LARGE).await;
    let shard = content.shards().find(|shard| shard.node == node(2)).unwrap();
    world.nodes.alter(&node(2), shard.uuid(), 1);
    world.say(2, domain::NodeChange::Drain).await;
    let running = world.run(Settings::default());
    world.until_empty(2).await;
    running.until_idle().await;
    world.assert_readable().await;
    let moved = world.stored(&content);
    assert!(moved.shard(shard.index).unwrap().generation.secret().is_some());
}
