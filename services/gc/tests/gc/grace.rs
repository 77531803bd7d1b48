//! How long contents stay to which nothing refers.

use std::time::Duration;

use domain::row::TotalsRow;
use domain::{Rejection, View};
use events::ids::Generation;
use jiff::SignedDuration;
use ledger::CommitError;

use crate::given::*;

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_content_stays_for_the_grace_period_by_the_time_of_its_event() {
    let world = World::new().await;
    let stored = world.put("one", 1, LARGE).await;
    world.delete("one").await;
    let gc = world.run(Settings { grace: HOUR, ..Settings::default() });
    gc.until_idle().await;
    world.pass(HOUR.checked_sub(Duration::from_mins(5)).unwrap());
    // It looks again when something happens. A step that ends after the first of these may have begun before it; one
    // that ends after the second one began after the first.
    for (name, seed) in [("two", 2), ("two more", 4)] {
        let before = gc.steps();
        world.put(name, seed, SMALL).await;
        until("a look", || gc.steps() > before).await;
    }
    gc.until_idle().await;
    assert!(world.knows(&stored) && world.is_held(&stored));
    world.pass(Duration::from_mins(6));
    world.put("three", 3, SMALL).await;
    until("its end", || !world.knows(&stored)).await;
    world.until_clean(&[]).await;
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_was_far_ahead_when_a_content_was_deleted_keeps_nothing_for_ever() {
    let world = World::new().await;
    world.put("one", 1, LARGE).await;
    world.clock.set_ahead(SignedDuration::from_hours(24 * 365 * 50));
    world.delete("one").await;
    world.clock.set_ahead(SignedDuration::ZERO);
    let gc = world.run(Settings { grace: Duration::from_secs(1), ..Settings::default() });
    world.until_clean(&[]).await;
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_of_the_garbage_collector_that_is_far_ahead_loses_nothing_that_is_needed() {
    let world = World::new().await;
    let stays = world.put("stays", 1, LARGE).await;
    world.put("goes", 2, LARGE).await;
    world.delete("goes").await;
    let under_way = world.stage(3, LARGE).await;
    let years = Duration::from_hours(24 * 365 * 20);
    world.pass(years);
    let gc = world.run(Settings { grace: HOUR, ..Settings::default() });
    world.until_clean(&[]).await;
    gc.until_idle().await;
    world.clock.set_ahead(SignedDuration::ZERO);
    assert!(world.knows(&stays) && world.is_held(&stays));
    // It is refused, rather than named without its shards.
    assert!(matches!(world.name("late", &under_way).await, Err(CommitError::Rejected(Rejection::StagedTooOld))));
    // What begins now counts as begun behind the horizon.
    let TotalsRow { horizon, upload_time, .. } = world.ledger.latest().totals().unwrap();
    let fresh = Generation::not_before(world.generation().as_uuid(), horizon + upload_time);
    let generation = Generation::from_fresh(fresh);
    let next = world.stage_as(4, LARGE, generation).await;
    world.name("next", &next).await.unwrap();
    world.until_clean(&[]).await;
    world.assert_whole();
    world.delete("next").await;
    // By the clock it is never due, but it is seen for an hour; so another one with less grace ends it.
    gc.kill().await;
    let gc = world.run(Settings::default());
    until("the end of the content", || !world.knows(&next)).await;
    world.until_clean(&[]).await;
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_every_kind_of_change_leaves_is_given_back() {
    let world = World::new().await;
    let gc = world.run(Settings::default());
    // Overwritten, and deleted.
    for (name, seed) in [("overwritten", 1), ("overwritten", 2), ("deleted", 3)] {
        world.put(name, seed, LARGE).await;
    }
    world.delete("deleted").await;
    // Referred to twice, and once no more.
    let shared = world.put("shared", 4, SMALL).await;
    world.refer("copy", &shared).await.unwrap();
    world.delete("shared").await;
    world.until_clean(&[]).await;
    assert!(world.is_held(&shared));
    world.delete("copy").await;
    world.delete("overwritten").await;
    until("empty nodes", || world.held().values().all(std::collections::BTreeSet::is_empty)).await;
    gc.kill().await;
}
