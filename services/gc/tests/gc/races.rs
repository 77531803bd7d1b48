//! Uploads and copies of bytes that are being reclaimed.

use domain::{Outcome, Rejection};
use events::Fact;
use ledger::CommitError;
use shards::StoredContent;
use worker::{Failpoint, Failpoints};

use crate::given::*;

/// A content that is due, and a garbage collector that is held on its way to end it.
async fn held_at(point: Failpoint) -> (World, StoredContent, Running, worker::HeldAt) {
    let world = World::new().await;
    let stored = world.put("first", 1, LARGE).await;
    world.delete("first").await;
    let (failpoints, mut held) = Failpoints::holding(point, 1);
    let gc = world.run(Settings { failpoints, ..Settings::default() });
    held.reached().await;
    (world, stored, gc, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_referred_to_a_moment_before_stays() {
    let (world, stored, gc, held) = held_at(Failpoint::GcFoundDue).await;
    world.refer("second", &stored).await.unwrap();
    held.release();
    gc.until_idle().await;
    assert!(world.knows(&stored));
    world.until_clean(&[]).await;
    assert!(!world.facts().await.iter().any(|fact| matches!(fact, Fact::ContentReclaimed(_))));
    world.delete("second").await;
    until("the end of the content", || !world.knows(&stored)).await;
    world.until_clean(&[]).await;
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_referred_to_and_released_again_meanwhile_is_left_for_the_next_time() {
    let (world, stored, gc, held) = held_at(Failpoint::GcFoundDue).await;
    world.refer("second", &stored).await.unwrap();
    world.delete("second").await;
    held.release();
    until("the end of the content", || !world.knows(&stored)).await;
    let facts = world.facts().await;
    let of = |fact: &Fact| match fact {
        Fact::ContentReclaimed(fact) => Some(fact.up_to),
        _ => None,
    };
    let ended = facts.iter().position(|fact| of(fact).is_some()).unwrap();
    let last_delete = facts.iter().rposition(|fact| matches!(fact, Fact::ObjectDeleted(_))).unwrap() as u64 + 1;
    assert_eq!(of(&facts[ended]), Some(last_delete), "the first attempt was about the delete before");
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_referred_to_a_moment_later_is_refused_and_stored_again() {
    let (world, stored, gc, held) = held_at(Failpoint::GcReclaimed).await;
    assert!(world.is_held(&stored), "its shards are there still");
    let refused = world.refer("copy", &stored).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(Rejection::ContentGone)), "{refused}");
    // A late retry of the very commit that stored it.
    let refused = world.name("retry", &stored).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(Rejection::StagedTooOld)), "{refused}");
    // The same bytes once more, under another generation, beside the shards that are about to go.
    let again = world.stage(1, LARGE).await;
    let Outcome::Stored { staged_in_use, .. } = world.name("again", &again).await.unwrap().outcome else {
        panic!("it is not stored")
    };
    assert!(staged_in_use);
    held.release();
    world.until_clean(&[]).await;
    assert!(world.knows(&again) && world.is_held(&again) && !world.is_held(&stored));
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_a_horizon_overtakes_is_refused_and_its_shards_go() {
    let world = World::new().await;
    let slow = world.stage(1, LARGE).await;
    world.pass(UPLOAD_TIME_MAX * 2);
    let gc = world.run(Settings::default());
    world.until_clean(&[]).await;
    let refused = world.name("slow", &slow).await.unwrap_err();
    assert!(matches!(refused, CommitError::Rejected(Rejection::StagedTooOld)), "{refused}");
    gc.kill().await;
}
