//! Killed between any two of its steps.

use std::time::Duration;

use futures_util::future::join_all;
use worker::{Failpoint, Failpoints};

use crate::given::*;

/// Everything there is to do: a node is gone, a shard is damaged, and one is missing of which nobody knows.
async fn everything_to_do() -> World {
    let mut world = World::new().await;
    let stored = world.put_all(3).await;
    world.lose_node(5).await;
    let on = |content: &shards::StoredContent, except: usize| {
        content.shards().find(|shard| shard.node != node(5) && shard.node != node(except)).unwrap()
    };
    let missing = on(&stored[1], 1);
    world.nodes.lose(&missing.node, missing.uuid());
    let damaged = on(&stored[5], 2);
    world.nodes.flip(&damaged.node, damaged.uuid(), 0, 77);
    world
}

async fn is_killed(point: Failpoint, count: u32) {
    let mut world = everything_to_do().await;
    let (failpoints, mut held) = Failpoints::holding(point, count);
    let running = world.run(Settings { failpoints, scans: true, ..Settings::default() });
    let reached = tokio::time::timeout(Duration::from_mins(1), held.reached()).await;
    assert!(reached.is_ok(), "it never came to {point} {count} times: {:?}", running.reports());
    running.kill().await;
    world.assert_readable().await;
    let next = world.run(Settings { scans: true, ..Settings::default() });
    world.until_whole(&next).await;
    world.assert_readable().await;
    next.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_it_is_killed_the_next_one_ends_clean() {
    let points = Failpoint::ALL.iter().filter(|point| point.as_str().starts_with("repair."));
    // Each waits most of the time, for the node that does not answer.
    let killed = join_all(points.map(|point| is_killed(*point, 1))).await;
    assert!(killed.len() >= 8, "are its points still named after it?");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_it_is_killed_in_the_middle_of_a_content_the_next_one_ends_clean() {
    join_all([2, 3, 5, 8].map(|count| is_killed(Failpoint::RepairStripe, count))).await;
}
