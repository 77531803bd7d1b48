//! Shards that are still on their way when the write is acked.

use std::time::Duration;

use domain::placement::place;
use events::ids::NodeId;
use shards::IncidentKind;
use shards::memory::Misbehavior;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};

use super::support::{Fixture, content, generation};

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
