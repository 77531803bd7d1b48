//! Nodes that alter what they store, checksums and all, of contents of before there were tags.

use bytes::Bytes;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES};
use shards::{IncidentKind, ReadError, StoredContent};

use super::support::{Fixture, content, until};

const SIZES: [usize; 4] = [1, SMALL_BYTES_MAX, SMALL_BYTES_MAX + 1, STRIPE_BYTES];

async fn stored(fixture: &Fixture, content: &Bytes) -> StoredContent {
    let stored = fixture.store(2, content, None).await.unwrap();
    let shards = stored.placement.nodes.len();
    until(|| fixture.all_shards(true).len() == shards).await;
    stored
}

/// The first `count` shards from one on, altered on their nodes.
fn alter(fixture: &Fixture, stored: &StoredContent, from: usize, count: usize) -> Vec<u8> {
    let all: Vec<_> = stored.placement.shards().collect();
    let shards: Vec<_> = (from..from + count).map(|at| all[at % all.len()]).collect();
    for (shard, node) in &shards {
        fixture.nodes.alter(node, stored.generation.shard(*shard), 0);
    }
    let mut altered: Vec<u8> = shards.into_iter().map(|(shard, _)| shard).collect();
    altered.sort_unstable();
    altered
}

#[tokio::test(start_paused = true)]
async fn what_as_many_nodes_alter_as_the_code_can_lose_is_read_right_and_they_are_reported() {
    for size in SIZES {
        for (from, count) in (0..6).flat_map(|from| [(from, 1), (from, 2)]) {
            let (mut fixture, content) = (Fixture::new(6), content(size));
            let stored = stored(&fixture, &content).await;
            let altered = alter(&fixture, &stored, from, count);
            // Whether it is altered shows only if it is read.
            let read = fixture.store.read_verified(&stored, |bytes| bytes == content).await.unwrap();
            assert_eq!(read, content, "{size} without {altered:?}");
            let mut told = Vec::new();
            while let Ok(incident) = fixture.incidents.try_recv() {
                assert_eq!(incident.kind, IncidentKind::Damaged);
                told.push(incident.shard);
            }
            let was_read = altered.iter().any(|shard| *shard < if size <= SMALL_BYTES_MAX { 1 } else { 4 });
            assert_eq!(told, if was_read { altered } else { Vec::new() }, "{size}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_more_nodes_alter_is_not_returned() {
    for (size, count) in [(100, 3), (STRIPE_BYTES, 3)] {
        let (fixture, content) = (Fixture::new(6), content(size));
        let stored = stored(&fixture, &content).await;
        alter(&fixture, &stored, 0, count);
        assert_eq!(fixture.store.read_verified(&stored, |bytes| bytes == content).await, Err(ReadError::Altered));
    }
}

#[tokio::test(start_paused = true)]
async fn a_content_as_it_was_written_is_read_once() {
    let (fixture, content) = (Fixture::new(6), content(STRIPE_BYTES));
    let stored = stored(&fixture, &content).await;
    let asked =
        |fixture: &Fixture| stored.placement.nodes.iter().map(|node| fixture.nodes.requests(node).len()).sum::<usize>();
    let before = asked(&fixture);
    assert_eq!(fixture.store.read_verified(&stored, |bytes| bytes == content).await.unwrap(), content);
    assert_eq!(asked(&fixture) - before, 4);
}
