//! Writes beside a node whose disk does not answer: what they hold, and where the next ones go.

use std::time::Duration;

use domain::placement::place;
use events::ids::{Layout, NodeId};
use shards::piece::{STRIPE_BYTES, UNIT_BYTES};
use shards::telemetry::{Heartbeat, NodeState, Trouble};
use shards::{IncidentKind, PUT_BYTES_MAX};
use testkit::Misbehavior;
use testkit::nodes::heartbeat;
use tokio::time::{Instant, sleep};

use super::support::{Fixture, content, generation, node};

/// When a node says that it is stuck.
const NOTICED: Duration = Duration::from_secs(2);

fn stalled(node: &NodeId) -> Heartbeat {
    Heartbeat { state: NodeState::Failed, trouble: Some(Trouble::Stalled), ..heartbeat(node) }
}

/// A node that hangs from now on, and says so after a while.
fn hang(fixture: &Fixture, node: &NodeId) {
    fixture.nodes.set(node, Misbehavior::Hangs);
    let (membership, node) = (fixture.membership.clone(), node.clone());
    tokio::spawn(async move {
        sleep(NOTICED).await;
        membership.observe(stalled(&node), Instant::now());
    });
}

/// Contents of one stripe that fit the budget of puts together.
const STRIPES_HELD: usize = PUT_BYTES_MAX / (STRIPE_BYTES / 2 * 3);

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_stuck_node_is_let_go_when_it_says_so_and_it_is_used_again_when_it_says_otherwise() {
    let (mut fixture, stripe, stuck) = (Fixture::new(6), content(STRIPE_BYTES), node(2));
    hang(&fixture, &stuck);
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    for number in 0..4 * STRIPES_HELD as u128 {
        let put = Instant::now();
        fixture.store(number, &stripe, None).await.unwrap();
        slowest = slowest.max(put.elapsed());
    }
    assert!(slowest <= NOTICED + Duration::from_millis(100), "{slowest:?}");
    assert!(begin.elapsed() < NOTICED + Duration::from_secs(1), "{:?}", begin.elapsed());
    let incident = fixture.incidents.recv().await.unwrap();
    assert_eq!((incident.node, incident.kind), (stuck.clone(), IncidentKind::Unwritten));
    let without = fixture.store(1000, &stripe, None).await.unwrap();
    assert!(!without.placement.nodes.contains(&stuck));

    fixture.nodes.set(&stuck, Misbehavior::None);
    fixture.membership.observe(heartbeat(&stuck), Instant::now());
    let with = fixture.store(1001, &stripe, None).await.unwrap();
    assert!(with.placement.nodes.contains(&stuck));
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_goes_on_without_a_node_that_says_it_is_stuck() {
    let (fixture, content) = (Fixture::new(6), content(20 * STRIPE_BYTES));
    let stuck = node(4);
    fixture.nodes.set_after(&stuck, 3, Misbehavior::Hangs);
    let (membership, name) = (fixture.membership.clone(), stuck.clone());
    tokio::spawn(async move {
        sleep(NOTICED).await;
        membership.observe(stalled(&name), Instant::now());
    });
    let begin = Instant::now();
    let stored = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    assert!(begin.elapsed() < NOTICED + Duration::from_secs(1), "{:?}", begin.elapsed());
    assert!(fixture.read_all(&stored).await.unwrap() == content);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_late_with_writes_is_gone_around_where_others_suffice() {
    let (fixture, small) = (Fixture::new(8), content(5000));
    let all = fixture.membership.candidates();
    let on = |number: u128, shards| place(&all, generation(number), shards).unwrap();
    let late = on(1, 3).remove(0);
    fixture.nodes.set(&late, Misbehavior::Slow(Duration::from_millis(1500)));
    fixture.store(1, &small, None).await.unwrap();
    sleep(Duration::from_millis(1600)).await;
    let again: Vec<u128> = (2..200).filter(|number| on(*number, 3).contains(&late)).take(4).collect();
    let placed = |number| {
        let (fixture, small, late) = (&fixture, &small, &late);
        async move { fixture.store(number, small, None).await.unwrap().placement.nodes.contains(late) }
    };
    assert!(!placed(again[0]).await, "other nodes take the shards");
    fixture.nodes.set(&late, Misbehavior::None);
    assert!(!placed(again[1]).await, "for a while");
    sleep(Duration::from_secs(3)).await;
    assert!(placed(again[2]).await, "and then it is tried again");
}

#[tokio::test(start_paused = true)]
async fn a_late_node_takes_shards_as_long_as_each_shard_needs_a_node_of_its_own() {
    let (fixture, stripe) = (Fixture::new(6), content(STRIPE_BYTES));
    let late = node(3);
    fixture.nodes.set(&late, Misbehavior::Slow(Duration::from_millis(1500)));
    for number in 1..4 {
        let stored = fixture.store(number, &stripe, None).await.unwrap();
        assert_eq!(stored.placement.layout, Layout::Striped);
        assert!(stored.placement.nodes.contains(&late), "two shards on one node would be worse than a late one");
        sleep(Duration::from_secs(2)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_all_disks_are_slow_slow_is_better_than_not_at_all() {
    let (fixture, stripe) = (Fixture::new(6), content(STRIPE_BYTES));
    for number in 1..=4 {
        fixture.nodes.set(&node(number), Misbehavior::Slow(Duration::from_secs(3)));
        fixture.membership.observe(stalled(&node(number)), Instant::now());
    }
    for (number, chunk) in [(1, None), (2, Some(UNIT_BYTES))] {
        let stored = fixture.store(number, &stripe, chunk).await.unwrap();
        assert!(fixture.read_all(&stored).await.unwrap() == stripe);
    }
    for number in 1..=4 {
        fixture.membership.observe(heartbeat(&node(number)), Instant::now());
        fixture.nodes.set(&node(number), Misbehavior::None);
    }
    fixture.store(3, &stripe, None).await.unwrap();
}
