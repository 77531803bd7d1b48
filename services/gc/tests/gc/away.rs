//! Nodes that are away, or say nothing.

use std::time::Duration;

use testkit::nodes::Misbehavior;

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_away_while_contents_ended_is_swept_when_it_is_back() {
    let world = World::new().await;
    let gc = world.run(Settings::default());
    gc.until_idle().await;
    let ended = [world.put("small", 1, SMALL).await, world.put("large", 2, LARGE).await];
    world.put("stays", 3, LARGE).await;
    world.nodes.set(&node(1), Misbehavior::Gone);
    for name in ["small", "large"] {
        world.delete(name).await;
    }
    let others = |world: &World| {
        let mut held = world.held();
        held.remove(&node(1));
        held.into_values().flatten().count()
    };
    until("the end of what the others hold", || others(&world) == 5).await;
    assert!(ended.iter().all(|ended| !world.knows(ended)));
    assert!(world.held()[&node(1)].len() >= 2, "the one that is away keeps what it has");
    world.nodes.set(&node(1), Misbehavior::None);
    world.nodes.announce(&world.membership);
    world.until_clean(&[]).await;
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_does_not_say_what_it_holds_keeps_it_and_nobody_waits_for_it() {
    let world = World::new().await;
    let abandoned = world.stage(1, LARGE).await;
    world.pass(UPLOAD_TIME_MAX * 2);
    let due = world.put("due", 2, LARGE).await;
    world.delete("due").await;
    world.nodes.set(&node(2), Misbehavior::Outdated);
    let gc = world.run(Settings::default());
    until("the end of what is due", || !world.is_held(&due)).await;
    let holders = || world.held().into_iter().filter(|(_, held)| !held.is_empty()).map(|(node, _)| node);
    until("the end of what the others hold", || holders().eq([node(2)])).await;
    assert!(world.is_held(&abandoned));
    // It is of a release that says it.
    world.nodes.set(&node(2), Misbehavior::None);
    gc.kill().await;
    let next = world.run(Settings::default());
    world.until_clean(&[]).await;
    next.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_is_needed_goes_whatever_a_node_says() {
    let world = World::new().await;
    world.put("stays", 1, LARGE).await;
    world.put("goes", 2, LARGE).await;
    // It says neither what it holds, nor that it discarded anything.
    world.nodes.set(&node(3), Misbehavior::RefusesReads(shards::protocol::Status::Busy));
    let gc = world.run(Settings { grace: Duration::from_millis(1), ..Settings::default() });
    world.delete("goes").await;
    let holders = || world.held().into_iter().filter(|(_, held)| held.len() > 1).map(|(node, _)| node);
    until("the end of what the others hold", || holders().eq([node(3)])).await;
    world.assert_whole();
    gc.kill().await;
    world.nodes.set(&node(3), Misbehavior::None);
    let next = world.run(Settings::default());
    world.until_clean(&[]).await;
    world.assert_whole();
    next.kill().await;
}
