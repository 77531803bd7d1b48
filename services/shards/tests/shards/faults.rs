//! Nodes that are gone, slow, full or lying, while contents are written and read.

use std::time::Duration;

use domain::placement::{NODES_MIN, TooFewNodes};
use events::ids::NodeId;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
use shards::protocol::{Request, Status};
use shards::{IncidentKind, WriteError};
use testkit::Misbehavior;
use tokio::time::Instant;

use super::support::{Fixture, content, node, until};

/// A small content, one stripe, and several with a part of one: each way a content can be stored.
const SIZES: [usize; 3] = [SMALL_BYTES_MAX, STRIPE_BYTES - 5, 3 * STRIPE_BYTES + 17];

fn chunk(size: usize) -> Option<usize> {
    (size > STRIPE_BYTES).then_some(UNIT_BYTES)
}

fn holder(fixture: &Fixture, stored: &shards::StoredContent, index: u8) -> NodeId {
    assert!(fixture.membership.nodes().len() >= NODES_MIN);
    stored.placement.node(index).unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn any_node_may_hang_or_be_gone_while_a_content_is_written() {
    for size in SIZES {
        for misbehavior in [
            Misbehavior::Gone,
            Misbehavior::Hangs,
            Misbehavior::Refuses(Status::Failed),
            Misbehavior::Refuses(Status::Full),
        ] {
            for bad in 1..=6 {
                let (fixture, content) = (Fixture::new(6), content(size));
                fixture.nodes.set(&node(bad), misbehavior);
                let stored = fixture.store(1, &content, chunk(size)).await.unwrap();
                assert_eq!(fixture.read_all(&stored).await.unwrap(), content, "{size} {misbehavior:?} n{bad}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_acked_write_survives_any_one_further_node() {
    for size in SIZES {
        for nodes in 3..=7 {
            for gone in 1..=nodes {
                let (fixture, content) = (Fixture::new(nodes), content(size));
                let stored = fixture.store(u128::try_from(gone).unwrap(), &content, chunk(size)).await.unwrap();
                // Lost at the very moment of the ack: what is not durable by now never will be.
                for other in 1..=nodes {
                    fixture.nodes.set(&node(other), Misbehavior::None);
                }
                fixture.nodes.set(&node(gone), Misbehavior::Gone);
                assert_eq!(fixture.read_all(&stored).await.unwrap(), content, "{size}: n{gone} of {nodes}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn below_three_nodes_nothing_is_written_and_nothing_stays() {
    for size in SIZES {
        let fixture = Fixture::new(2);
        let refused = fixture.store(1, &content(size), chunk(size)).await;
        assert_eq!(refused, Err(WriteError::TooFewNodes(TooFewNodes { online: 2, with_room: 2, need: 3 })));
        fixture.until_forgotten().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_too_many_nodes_refuse_leaves_nothing_behind() {
    for size in SIZES {
        let fixture = Fixture::new(6);
        for bad in 1..=5 {
            fixture.nodes.set(&node(bad), Misbehavior::Refuses(Status::Failed));
        }
        let refused = fixture.store(1, &content(size), chunk(size)).await;
        assert!(matches!(refused, Err(WriteError::NodesFailed { .. })), "{size}: {refused:?}");
        fixture.until_forgotten().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_piece_finds_another_node_and_a_later_one_leaves_the_shard_owed() {
    let content = content(6 * STRIPE_BYTES);
    let mut fixture = Fixture::new(7);
    fixture.nodes.set(&node(2), Misbehavior::Refuses(Status::Full));
    let stored = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    assert!(!stored.placement.nodes.contains(&node(2)));
    until(|| fixture.all_shards(true).len() == 6).await;
    let is_discard = |request: &Request| matches!(request, Request::Discard { .. });
    until(|| fixture.nodes.requests(&node(2)).iter().any(is_discard)).await;
    assert!(fixture.incidents.try_recv().is_err());

    // A node of the placement fails at its third piece.
    let victim = stored.placement.nodes[3].clone();
    fixture.nodes.set(&node(2), Misbehavior::None);
    fixture.nodes.set_after(&victim, 2, Misbehavior::Refuses(Status::Failed));
    let second = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    let incident = fixture.incidents.recv().await.unwrap();
    assert_eq!(
        (incident.node, incident.kind, incident.generation),
        (victim, IncidentKind::Unwritten, second.generation)
    );
    assert_eq!(fixture.read_all(&second).await.unwrap(), content);
}

#[tokio::test(start_paused = true)]
async fn two_nodes_failing_late_fail_the_write() {
    let fixture = Fixture::new(6);
    for bad in [1, 2] {
        fixture.nodes.set_after(&node(bad), 2, Misbehavior::Refuses(Status::Failed));
    }
    let refused = fixture.store(1, &content(8 * STRIPE_BYTES), Some(UNIT_BYTES)).await;
    assert_eq!(refused, Err(WriteError::NodesFailed { stored: 4, shards: 6 }));
    for bad in [1, 2] {
        fixture.nodes.set(&node(bad), Misbehavior::None);
    }
    fixture.until_forgotten().await;
}

#[tokio::test(start_paused = true)]
async fn an_ack_does_not_wait_for_the_slowest_node_and_a_late_failure_is_reported() {
    for size in SIZES {
        let mut fixture = Fixture::new(6);
        let generation = super::support::generation(1);
        let placed = domain::placement::place(
            &fixture.membership.candidates(),
            generation,
            if size > SMALL_BYTES_MAX { 6 } else { 3 },
        );
        let slowest = placed.unwrap().pop().unwrap();
        let pieces = size.div_ceil(STRIPE_BYTES) as u64;
        // Of a stream it takes the pieces and hangs at the seal; of a record it hangs at once.
        fixture.nodes.set_after(&slowest, if pieces > 1 { pieces } else { 0 }, Misbehavior::Hangs);
        let begin = Instant::now();
        let stored = fixture.store(1, &content(size), chunk(size)).await.unwrap();
        assert!(begin.elapsed() < Duration::from_secs(1), "{size}: {:?}", begin.elapsed());
        let incident = fixture.incidents.recv().await.unwrap();
        assert_eq!((incident.node, incident.kind), (slowest, IncidentKind::Unwritten));
        assert_eq!(incident.generation, stored.generation);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_node_is_hedged_and_then_gone_around() {
    for size in SIZES {
        let fixture = Fixture::new(6);
        let content = content(size);
        let stored = fixture.store(1, &content, chunk(size)).await.unwrap();
        let slow = holder(&fixture, &stored, 0);
        until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
        fixture.nodes.set(&slow, Misbehavior::Slow(Duration::from_secs(4)));
        for round in 0..300 {
            let begin = Instant::now();
            assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
            assert!(begin.elapsed() < Duration::from_millis(600), "{size} round {round}: {:?}", begin.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nodes_known_to_be_gone_are_not_asked() {
    for size in SIZES {
        let fixture = Fixture::new(6);
        let content = content(size);
        let stored = fixture.store(1, &content, chunk(size)).await.unwrap();
        until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
        let gone = holder(&fixture, &stored, 0);
        fixture.nodes.set(&gone, Misbehavior::Hangs);
        fixture.membership.unreachable(&gone);
        let asked = fixture.nodes.requests(&gone).len();
        let begin = Instant::now();
        assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
        assert_eq!(fixture.nodes.requests(&gone).len(), asked);
        assert!(begin.elapsed() < Duration::from_millis(5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_wrongly_thought_gone_is_asked_when_nothing_else_is_left() {
    let fixture = Fixture::new(6);
    let content = content(STRIPE_BYTES);
    let stored = fixture.store(1, &content, None).await.unwrap();
    until(|| fixture.all_shards(true).len() == 6).await;
    (1..=6).for_each(|number| fixture.membership.unreachable(&node(number)));
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
}

#[tokio::test(start_paused = true)]
async fn damage_anywhere_is_detected_avoided_and_reported_once() {
    for size in SIZES {
        let mut fixture = Fixture::new(6);
        let content = content(size);
        let stored = fixture.store(1, &content, chunk(size)).await.unwrap();
        until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
        let shard = stored.generation.shard(0);
        let damaged = holder(&fixture, &stored, 0);
        for (piece, bit) in [(0, 0), (1, 12_345), (2, usize::MAX), (3, 1)] {
            fixture.nodes.flip(&damaged, shard, piece, bit);
        }
        assert_eq!(fixture.read_all(&stored).await.unwrap(), content, "{size}");
        let incident = fixture.incidents.recv().await.unwrap();
        assert_eq!((incident.shard, incident.node, incident.kind), (0, damaged, IncidentKind::Damaged));
        assert!(fixture.incidents.try_recv().is_err(), "told once for a read");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_disk_cannot_read_is_avoided_and_reported_once() {
    for size in SIZES {
        let mut fixture = Fixture::new(6);
        let content = content(size);
        let stored = fixture.store(1, &content, chunk(size)).await.unwrap();
        until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
        let bad = holder(&fixture, &stored, 0);
        fixture.nodes.set(&bad, Misbehavior::RefusesReads(Status::Unreadable));
        assert_eq!(fixture.read_all(&stored).await.unwrap(), content, "{size}");
        let incident = fixture.incidents.try_recv().expect("it is reported");
        assert_eq!((incident.shard, incident.node, incident.kind), (0, bad, IncidentKind::Unreadable));
        assert!(fixture.incidents.try_recv().is_err(), "told once for a read");
    }
}

#[tokio::test(start_paused = true)]
async fn intact_pieces_in_the_wrong_place_are_damage() {
    let mut fixture = Fixture::new(6);
    let content = content(3 * STRIPE_BYTES);
    let stored = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    until(|| fixture.all_shards(true).len() == 6).await;
    fixture.nodes.swap(&holder(&fixture, &stored, 2), stored.generation.shard(2), 0, 1);
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
    assert_eq!(fixture.incidents.recv().await.unwrap().kind, IncidentKind::Damaged);
}

#[tokio::test(start_paused = true)]
async fn a_missing_shard_is_reported() {
    let mut fixture = Fixture::new(6);
    let content = content(SMALL_BYTES_MAX);
    let stored = fixture.store(1, &content, None).await.unwrap();
    let lost = holder(&fixture, &stored, 0);
    until(|| fixture.all_shards(true).len() == 3).await;
    fixture.nodes.lose(&lost, stored.generation.shard(0));
    assert_eq!(fixture.store.read_whole(&stored).await.unwrap(), content);
    let incident = fixture.incidents.recv().await.unwrap();
    assert_eq!((incident.shard, incident.node, incident.kind), (0, lost, IncidentKind::Missing));
}

#[tokio::test(start_paused = true)]
async fn a_lying_node_never_gets_wrong_bytes_through() {
    for size in SIZES {
        for liar in 1..=6 {
            let fixture = Fixture::new(6);
            let content = content(size);
            let stored = fixture.store(1, &content, chunk(size)).await.unwrap();
            until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
            fixture.nodes.set(&node(liar), Misbehavior::Damages);
            fixture.nodes.set(&node(liar % 6 + 1), Misbehavior::Damages);
            assert_eq!(fixture.read_all(&stored).await.unwrap(), content, "{size} n{liar}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_node_is_asked_again() {
    let fixture = Fixture::new(3);
    for number in 1..=3 {
        fixture.nodes.set(&node(number), Misbehavior::Refuses(Status::Busy));
        fixture.nodes.set_after(&node(number), 2, Misbehavior::None);
    }
    let content = content(SMALL_BYTES_MAX);
    let stored = fixture.store(1, &content, None).await.unwrap();
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
}

#[tokio::test(start_paused = true)]
async fn small_contents_that_queue_share_requests() {
    let fixture = Fixture::new(3);
    (1..=3).for_each(|number| fixture.nodes.set(&node(number), Misbehavior::Slow(Duration::from_millis(2))));
    let content = content(1000);
    let puts = (0..300).map(|number| fixture.store(number, &content, None));
    let stored = futures_util::future::join_all(puts).await;
    assert!(stored.iter().all(Result::is_ok));
    until(|| fixture.all_shards(true).len() == 900).await;
    let requests = fixture.nodes.requests(&node(1));
    let records: usize =
        requests.iter().map(|request| if let Request::Put { records } = request { records.len() } else { 0 }).sum();
    assert_eq!(records, 300);
    assert!(requests.len() < 10, "{} requests for {records} records", requests.len());
}
