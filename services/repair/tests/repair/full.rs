//! Nodes without room.

use shards::protocol::Status;
use testkit::Misbehavior;

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_full_is_gone_around() {
    let mut world = World::new().await;
    world.put_all(3).await;
    world.lose_node(6).await;
    // Nobody knows yet that it is full.
    world.nodes.set(&node(1), Misbehavior::Refuses(Status::Full));
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    world.nodes.set(&node(1), Misbehavior::None);
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_room_anywhere_waits_for_it_and_says_so() {
    let mut world = World::new().await;
    world.put_all(1).await;
    world.lose_node(6).await;
    for number in 1..=5 {
        world.nodes.set(&node(number), Misbehavior::Refuses(Status::Full));
    }
    let running = world.run(Settings::default());
    running.until_said("waiting because too few nodes have room").await;
    assert_eq!(world.placed().await, 0);
    for number in 1..=5 {
        world.nodes.set(&node(number), Misbehavior::None);
    }
    // A node that comes back is a new chance at once.
    world.find_node(6).await;
    world.until_whole(&running).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_fails_in_the_middle_leaves_nothing() {
    let mut world = World::new().await;
    let content = world.put("large", LARGE).await;
    world.lose_node(6).await;
    let held: Vec<usize> = (1..=5).map(|number| world.nodes.shards(&node(number), false).len()).collect();
    for number in 1..=5 {
        // The first pieces are taken, the seal is not.
        world.nodes.set_after(&node(number), 6, Misbehavior::Refuses(Status::Failed));
    }
    let running = world.run(Settings::default());
    running.until_said("waiting because").await;
    for number in 1..=5 {
        world.nodes.set(&node(number), Misbehavior::None);
    }
    world.find_node(6).await;
    world.until_whole(&running).await;
    world.assert_readable().await;
    let is_as_before = || (1..=5).all(|number| world.nodes.shards(&node(number), false).len() <= held[number - 1] + 1);
    until("what was given up to be discarded", is_as_before).await;
    assert!(world.audit().await.nodes.values().all(|node| node.strays.dead == 0), "{:?}", content.placement);
}
