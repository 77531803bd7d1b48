//! Nodes that say they are well and refuse what they are given.

use std::time::Duration;

use shards::piece::STRIPE_BYTES;
use shards::protocol::Status;
use testkit::Misbehavior;

use super::support::{Fixture, content, node};

/// More than the refusals it takes.
const WRITES: u128 = 12;

#[tokio::test(start_paused = true)]
async fn a_node_that_refuses_all_it_is_given_is_left_out_of_writes() {
    let (fixture, stripe) = (Fixture::new(6), content(STRIPE_BYTES));
    fixture.nodes.set(&node(1), Misbehavior::Refuses(Status::Full));
    for number in 0..WRITES {
        fixture.store(number, &stripe, None).await.unwrap();
    }
    let stored = fixture.store(WRITES, &stripe, None).await.unwrap();
    assert!(!stored.placement.nodes.contains(&node(1)), "all six shards are on the five that take them");

    fixture.nodes.set(&node(1), Misbehavior::None);
    tokio::time::sleep(Duration::from_secs(6)).await;
    let stored = fixture.store(WRITES + 1, &stripe, None).await.unwrap();
    assert!(stored.placement.nodes.contains(&node(1)), "it is tried again");
}

#[tokio::test(start_paused = true)]
async fn where_too_few_others_are_left_a_node_that_refuses_is_asked_all_the_same() {
    let (fixture, stripe) = (Fixture::new(3), content(STRIPE_BYTES));
    fixture.nodes.set(&node(1), Misbehavior::Refuses(Status::Full));
    for number in 0..WRITES {
        assert!(fixture.store(number, &stripe, None).await.is_err());
    }
    fixture.nodes.set(&node(1), Misbehavior::None);
    fixture.store(WRITES, &stripe, None).await.unwrap();
}
