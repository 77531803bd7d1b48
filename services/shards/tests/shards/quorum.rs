//! What nodes show of contents, and what is remembered of those that were acked one shard short.

use std::time::Duration;

use events::ids::{ContentId, NodeId};
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
use shards::telemetry::{Heartbeat, NodeState, Trouble};
use shards::{Condition, IncidentKind, MissingShards, StoredContent};
use testkit::Misbehavior;
use tokio::time::Instant;

use super::support::{Fixture, content, generation, until};

/// A small content, one stripe, and several: each way a content can be stored.
const SIZES: [usize; 3] = [SMALL_BYTES_MAX, STRIPE_BYTES - 5, 3 * STRIPE_BYTES + 17];

async fn stored(size: usize) -> (Fixture, StoredContent) {
    let fixture = Fixture::new(6);
    let chunk = (size > STRIPE_BYTES).then_some(UNIT_BYTES);
    let stored = fixture.store(1, &content(size), chunk).await.unwrap();
    until(|| fixture.store.pending_writes().count() == 0).await;
    (fixture, stored)
}

fn placed(stored: &StoredContent) -> Vec<(u8, NodeId)> {
    stored.placement.shards().map(|(shard, node)| (shard, node.clone())).collect()
}

#[tokio::test(start_paused = true)]
async fn a_content_is_shown_with_one_node_down_and_not_with_two() {
    for size in SIZES {
        let (fixture, stored) = stored(size).await;
        let nodes = placed(&stored);
        assert!(fixture.store.has_quorum(&stored, &[]).await, "{size}");
        fixture.nodes.set(&nodes[0].1, Misbehavior::Gone);
        assert!(fixture.store.has_quorum(&stored, &[]).await, "{size}: one node is down");
        assert!(!fixture.store.has_quorum(&stored, &[nodes[1].0]).await, "{size}: and another's shard is faulty");
        fixture.nodes.set(&nodes[1].1, Misbehavior::Gone);
        assert!(!fixture.store.has_quorum(&stored, &[]).await, "{size}: two nodes are down");
    }
}

#[tokio::test(start_paused = true)]
async fn what_nodes_lost_is_not_shown_and_is_reported() {
    for size in SIZES {
        let (mut fixture, stored) = stored(size).await;
        let nodes = placed(&stored);
        for (shard, node) in &nodes[..2] {
            fixture.nodes.lose(node, stored.generation.shard(*shard));
        }
        assert!(!fixture.store.has_quorum(&stored, &[]).await, "{size}");
        let incident = fixture.incidents.try_recv().unwrap();
        assert_eq!((incident.kind, incident.sha256), (IncidentKind::Missing, Some(stored.sha256)), "{size}");
        assert!(!fixture.store.suspects(stored.generation).is_empty(), "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hangs_holds_up_nobody_and_two_do_for_a_moment() {
    let (fixture, stored) = stored(STRIPE_BYTES).await;
    let nodes = placed(&stored);
    fixture.nodes.set(&nodes[3].1, Misbehavior::Hangs);
    let begun = Instant::now();
    assert!(fixture.store.has_quorum(&stored, &[]).await);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    fixture.nodes.set(&nodes[4].1, Misbehavior::Hangs);
    assert!(!fixture.store.has_quorum(&stored, &[]).await);
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_a_read_found_damaged_does_not_count_until_it_is_acquitted() {
    let (fixture, stored) = stored(STRIPE_BYTES).await;
    let nodes = placed(&stored);
    fixture.nodes.flip(&nodes[0].1, stored.generation.shard(0), 0, 77);
    fixture.nodes.set(&nodes[5].1, Misbehavior::Gone);
    assert!(fixture.store.has_quorum(&stored, &[]).await, "nobody has looked at the bytes");
    fixture.read_all(&stored).await.unwrap();
    assert!(!fixture.store.has_quorum(&stored, &[]).await);
    let damaged = Condition::Faulty(IncidentKind::Damaged);
    let look = fixture.store.inspect(&stored, &[]).await;
    assert_eq!(look.shards[0].condition, damaged, "what is suspected is read through");
    fixture.store.clear_suspects(&stored, &look, 1..6);
    assert!(!fixture.store.has_quorum(&stored, &[]).await, "the others were looked at");
    fixture.read_all(&stored).await.unwrap();
    fixture.store.clear_suspects(&stored, &look, [0]);
    assert!(!fixture.store.has_quorum(&stored, &[]).await, "it was found damaged again after the look had begun");
    let look = fixture.store.inspect(&stored, &[]).await;
    fixture.store.clear_suspects(&stored, &look, [0]);
    assert!(fixture.store.has_quorum(&stored, &[]).await);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_says_it_is_stuck_is_not_waited_for() {
    let (fixture, stored) = stored(STRIPE_BYTES).await;
    let (shard, stuck) = placed(&stored)[2].clone();
    fixture.nodes.set(&stuck, Misbehavior::Hangs);
    let begun = Instant::now();
    let stalled =
        Heartbeat { state: NodeState::Failed, trouble: Some(Trouble::Stalled), ..testkit::nodes::heartbeat(&stuck) };
    let membership = fixture.membership.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        membership.observe(stalled, Instant::now());
    });
    for waited in [1, 1] {
        let look = fixture.store.inspect(&stored, &[]).await;
        let unknown = look.shards.iter().filter(|found| found.condition == Condition::Unknown);
        assert_eq!(unknown.map(|found| found.shard).collect::<Vec<_>>(), [shard]);
        assert_eq!(begun.elapsed().as_secs(), waited);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_acked_one_shard_short_is_open_until_it_is_settled() {
    for size in SIZES {
        let fixture = Fixture::new(6);
        let shards = if size > SMALL_BYTES_MAX { 6 } else { 3 };
        let placed = domain::placement::place(&fixture.membership.candidates(), generation(1), shards).unwrap();
        let late = placed.last().unwrap();
        fixture.nodes.set(late, Misbehavior::Hangs);
        let chunk = (size > STRIPE_BYTES).then_some(UNIT_BYTES);
        let stored = fixture.store(1, &content(size), chunk).await.unwrap();
        let pending_writes = fixture.store.pending_writes();
        assert_eq!((pending_writes.count(), pending_writes.first_unsettled_epoch()), (1, 0), "{size}: at the ack");
        let id = ContentId { sha256: stored.sha256, generation: stored.generation };
        pending_writes.committed(id);
        pending_writes.end_epoch();
        until(|| !pending_writes.missing_shards(Duration::ZERO, 9).is_empty()).await;
        let owed = MissingShards { content: id, shards: vec![(5, late.clone())] };
        assert_eq!(pending_writes.missing_shards(Duration::ZERO, 9), [owed], "{size}");
        assert_eq!(pending_writes.first_unsettled_epoch(), 0, "{size}: it is owed and not written down");
        pending_writes.resolve(id.generation);
        assert_eq!((pending_writes.count(), pending_writes.first_unsettled_epoch()), (0, 1), "{size}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_no_event_names_is_forgotten() {
    let fixture = Fixture::new(6);
    let placed = domain::placement::place(&fixture.membership.candidates(), generation(1), 6).unwrap();
    fixture.nodes.set(&placed[5], Misbehavior::Hangs);
    let stored = fixture.store(1, &content(STRIPE_BYTES), None).await.unwrap();
    assert_eq!(fixture.store.pending_writes().count(), 1);
    fixture.store.discard(&stored);
    assert_eq!(fixture.store.pending_writes().count(), 0);
}
