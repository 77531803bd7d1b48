//! Shards that are still in flight when the write is acknowledged, and shards on nodes that the write replaced.

use std::time::Duration;

use domain::placement::place;
use events::ids::NodeId;
use shards::IncidentKind;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
use testkit::Misbehavior;

use super::support::{Fixture, content, generation, until};

/// A small content, one stripe, and several: each way a content can be stored.
const SIZES: [usize; 3] = [SMALL_BYTES_MAX, STRIPE_BYTES - 5, 3 * STRIPE_BYTES + 17];

fn chunk(size: usize) -> Option<usize> {
    (size > STRIPE_BYTES).then_some(UNIT_BYTES)
}

fn shards(size: usize) -> usize {
    if size > SMALL_BYTES_MAX { 6 } else { 3 }
}

/// The nodes that generation 1 will be placed on, one for each of its shards.
fn placed(fixture: &Fixture, size: usize) -> Vec<NodeId> {
    place(&fixture.membership.candidates(), generation(1), shards(size)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_fails_at_its_first_piece_after_the_ack_is_owed_and_not_moved() {
    let size = 3 * STRIPE_BYTES;
    let mut fixture = Fixture::new(8);
    let late = placed(&fixture, size).pop().unwrap();
    fixture.nodes.set(&late, Misbehavior::Hangs);
    let stored = fixture.store(1, &content(size), chunk(size)).await.unwrap();
    assert!(stored.placement.nodes.contains(&late), "it was acked before the node failed");
    let told = tokio::time::timeout(Duration::from_mins(1), fixture.incidents.recv()).await;
    let incident = told.expect("the shard is reported").unwrap();
    assert_eq!((incident.node, incident.kind), (late, IncidentKind::Unwritten));
    assert_eq!(fixture.all_shards(false).len(), 5, "it is on no node that the placement does not name");
}

#[tokio::test(start_paused = true)]
async fn a_content_discarded_while_a_shard_is_on_its_way_is_forgotten_whole() {
    for size in SIZES {
        let fixture = Fixture::new(6);
        let late = placed(&fixture, size).pop().unwrap();
        fixture.nodes.set(&late, Misbehavior::Slow(Duration::from_secs(1)));
        let stored = fixture.store(1, &content(size), chunk(size)).await.unwrap();
        assert!(fixture.nodes.shards(&late, false).is_empty(), "{size}: it is still on its way");
        // What the node is asked from now on overtakes what it is busy with.
        fixture.nodes.set(&late, Misbehavior::Slow(Duration::from_millis(5)));
        fixture.store.discard(&stored);
        until(|| !fixture.nodes.shards(&late, false).is_empty()).await;
        fixture.until_forgotten().await;
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_that_stored_without_saying_so_forget_what_was_stored_elsewhere() {
    for size in [SMALL_BYTES_MAX, STRIPE_BYTES - 5, 6 * STRIPE_BYTES] {
        let fixture = Fixture::new(8);
        let mute: Vec<NodeId> = placed(&fixture, size).into_iter().take(2).collect();
        for node in &mute {
            fixture.nodes.set(node, Misbehavior::Mute);
            fixture.nodes.set_after(node, 1, Misbehavior::None);
        }
        let stored = fixture.store(1, &content(size), chunk(size)).await.unwrap();
        assert!(mute.iter().all(|node| !stored.placement.nodes.contains(node)), "{size}");
        until(|| mute.iter().all(|node| fixture.nodes.shards(node, false).is_empty())).await;
        until(|| fixture.all_shards(true).len() == shards(size)).await;
    }
}
