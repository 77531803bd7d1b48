//! Killed between any two of its steps.

use std::time::Duration;

use worker::{Failpoint, Failpoints, State};

use crate::given::*;

/// Everything there is to do: contents that are due, strays of uploads, names that ended; and what must stay.
async fn everything_to_do() -> (World, shards::StoredContent) {
    let world = World::new().await;
    let abandoned = [world.stage(1, SMALL).await, world.stage(2, LARGE).await];
    // A node was away while these ended, and comes back with what it has.
    let late = [world.put("late", 3, SMALL).await, world.put("later", 4, LARGE).await];
    let names: Vec<_> = late.iter().flat_map(shards::StoredContent::shards).collect();
    let pieces: Vec<_> = names.iter().map(|shard| world.nodes.piece(&shard.node, shard.uuid(), 0).unwrap()).collect();
    world.delete("late").await;
    world.delete("later").await;
    let gc = world.run(Settings::default());
    world.until_clean(&[&abandoned[0], &abandoned[1]]).await;
    gc.kill().await;
    for (shard, piece) in names.iter().zip(pieces) {
        world.give_back(&shard.node, shard.uuid(), piece.bytes).await;
    }
    world.pass(UPLOAD_TIME_MAX + Duration::from_hours(1));
    let under_way = world.stage(5, LARGE).await;
    world.put("small", 6, SMALL).await;
    world.put("large", 7, LARGE).await;
    world.put("small gone", 8, SMALL).await;
    world.put("large gone", 9, LARGE).await;
    world.delete("small gone").await;
    world.delete("large gone").await;
    (world, under_way)
}

async fn is_killed(point: Failpoint, count: u32) {
    let (world, under_way) = everything_to_do().await;
    let (failpoints, mut held) = Failpoints::holding(point, count);
    let gc = world.run(Settings { failpoints, ..Settings::default() });
    let reached = tokio::time::timeout(Duration::from_mins(1), held.reached()).await;
    assert!(reached.is_ok(), "it never came to {point} {count} times: {:?}", gc.report());
    gc.kill().await;
    world.assert_whole();
    let next = world.run(Settings::default());
    world.until_clean(&[&under_way]).await;
    next.until_idle().await;
    world.assert_whole();
    next.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_it_is_killed_the_next_one_ends_clean() {
    let points = Failpoint::ALL.iter().filter(|point| point.as_str().starts_with("gc."));
    let mut count = 0;
    for point in points {
        is_killed(*point, 1).await;
        count += 1;
    }
    assert!(count >= 9, "are its points still named after it?");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_it_is_killed_between_nodes_the_next_one_ends_clean() {
    for (point, count) in
        [(Failpoint::GcDiscardedSome, 3), (Failpoint::GcListed, 4), (Failpoint::GcCounted, 2), (Failpoint::GcSwept, 5)]
    {
        is_killed(point, count).await;
    }
}

/// Two contents that are due, and a garbage collector that is held at a point of ending them.
async fn held_at(point: Failpoint) -> (World, Running, worker::HeldAt) {
    let world = World::new().await;
    let (failpoints, mut held) = Failpoints::holding(point, 1);
    world.put("small", 1, SMALL).await;
    world.put("large", 2, LARGE).await;
    world.delete("small").await;
    world.delete("large").await;
    let gc = world.run(Settings { failpoints, ..Settings::default() });
    held.reached().await;
    (world, gc, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_is_dropped_between_the_end_of_contents_and_that_of_their_shards_is_made_up_for_at_once() {
    let (world, gc, held) = held_at(Failpoint::GcReclaimed).await;
    world.pause(true).await;
    until("the end of the step", || gc.report().state == State::Paused).await;
    held.release();
    assert!(world.held().values().any(|held| !held.is_empty()));
    world.pause(false).await;
    world.until_clean(&[]).await;
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_answered_to_nobody_any_more_is_made_up_for_at_once() {
    let (world, gc, held) = held_at(Failpoint::GcFoundDue).await;
    world.pause(true).await;
    let append = world.log.hold_next();
    held.release();
    until("the end of the step", || gc.report().state == State::Paused).await;
    append.release();
    world.pause(false).await;
    world.until_clean(&[]).await;
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_which_nothing_came_is_looked_at_again() {
    let world = World::new().await;
    let abandoned = world.stage(1, LARGE).await;
    world.pass(UPLOAD_TIME_MAX * 2);
    let (failpoints, mut held) = Failpoints::holding(Failpoint::GcCounted, 1);
    let gc = world.run(Settings { failpoints, ..Settings::default() });
    held.reached().await;
    world.pause(true).await;
    until("the end of the step", || gc.report().state == State::Paused).await;
    assert!(world.is_held(&abandoned));
    held.release();
    world.pause(false).await;
    world.until_clean(&[]).await;
    gc.kill().await;
}
