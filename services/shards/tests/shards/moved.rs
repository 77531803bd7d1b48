//! Contents some of whose shards were written anew, under generations and on nodes of their own.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::row::{MovedShard, PlacedShard};
use futures_util::StreamExt;
use identity::PieceSecrets;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
use shards::{Condition, IncidentKind, ReadError, ShardStore, StoredContent};
use testkit::MemoryNodes;
use tokio::sync::mpsc;

use super::support::{Fixture, SECRET, content, until};

/// A small content, one stripe, and several: each way a content can be stored.
const SIZES: [usize; 3] = [SMALL_BYTES_MAX, STRIPE_BYTES - 5, 2 * STRIPE_BYTES + 10_000];

async fn stored(fixture: &Fixture, number: u128, content: &Bytes) -> StoredContent {
    let chunk = (content.len() > STRIPE_BYTES).then_some(UNIT_BYTES);
    let stored = fixture.store(number, content, chunk).await.unwrap();
    until(|| fixture.store.pending_writes().count() == 0).await;
    stored
}

/// The content whose shards at these places were replaced by those of another upload of the same bytes, and are gone.
fn moved(fixture: &Fixture, stored: &StoredContent, places: &[usize], other: &StoredContent) -> StoredContent {
    let mut moved = stored.clone();
    for place in places {
        let (old, new) = (stored.shards().nth(*place).unwrap(), other.shards().nth(*place).unwrap());
        fixture.nodes.lose(&old.node, old.uuid());
        moved.placement.nodes[*place] = new.node;
        moved.moved.push(MovedShard { shard: new.index, generation: new.generation, sequence: 0 });
    }
    moved
}

#[tokio::test(start_paused = true)]
async fn each_shard_is_read_under_its_own_name_and_known_by_its_own_tag() {
    for (own, others) in [(1, [2, 4]), (2, [1, 3]), (1, [3, 2])] {
        for size in SIZES {
            let (mut fixture, content) = (Fixture::new(6), content(size));
            let first = stored(&fixture, own, &content).await;
            let once = moved(&fixture, &first, &[0], &stored(&fixture, others[0], &content).await);
            let twice = moved(&fixture, &once, &[2], &stored(&fixture, others[1], &content).await);
            assert!(fixture.read_all(&twice).await.unwrap() == content, "{size}");
            assert!(fixture.store.has_quorum(&twice, &[]).await, "{size}");
            let inspection = fixture.store.inspect(&twice, &[0, 1, 2, 3, 4, 5]).await;
            assert!(inspection.shards.iter().all(|shard| shard.condition == Condition::Intact), "{inspection:?}");
            assert!(fixture.incidents.try_recv().is_err(), "nothing is wrong with any of them");
            assert!(fixture.read_all(&first).await.unwrap() == content, "what is gone is read around");
            assert_eq!(fixture.incidents.try_recv().unwrap().kind, IncidentKind::Missing);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_moved_shard_with_the_tag_of_its_content_is_damaged() {
    let (mut fixture, content) = (Fixture::new(6), content(STRIPE_BYTES));
    let (first, other) = (stored(&fixture, 1, &content).await, stored(&fixture, 3, &content).await);
    let old = first.shard(1).unwrap();
    let former = fixture.nodes.piece(&old.node, old.uuid(), 0).unwrap();
    let moved = moved(&fixture, &first, &[1], &other);
    let PlacedShard { node, .. } = moved.shard(1).unwrap();
    fixture.nodes.forge(&node, moved.shard(1).unwrap().uuid(), 0, |_| (former.tag, former.bytes.clone()));
    assert!(fixture.read_all(&moved).await.unwrap() == content);
    let incident = fixture.incidents.try_recv().unwrap();
    assert_eq!((incident.kind, incident.shard, incident.node), (IncidentKind::Damaged, 1, node));
}

#[tokio::test(start_paused = true)]
async fn shards_whose_secret_is_not_here_are_read_around_while_others_suffice() {
    let (fixture, content) = (Fixture::new(6), content(2 * STRIPE_BYTES));
    let (untagged, tagged) = (stored(&fixture, 2, &content).await, stored(&fixture, 1, &content).await);
    let (incidents, mut told) = mpsc::channel(9);
    let (nodes, membership) = (fixture.nodes.clone(), fixture.membership.clone());
    let store: ShardStore<MemoryNodes> = ShardStore::new(nodes, membership, None, PieceSecrets::default(), incidents);
    let without = Fixture { store, ..Fixture::new(6) };
    let two = moved(&fixture, &untagged, &[0, 4], &tagged);
    assert!(without.read_all(&two).await.unwrap() == content);
    let three = moved(&fixture, &two, &[1], &tagged);
    assert_eq!(without.read_all(&three).await, Err(ReadError::NoSecret(SECRET)));
    assert!(told.try_recv().is_err(), "it says nothing about the nodes");
    assert!(fixture.read_all(&three).await.unwrap() == content);
}

#[tokio::test(start_paused = true)]
async fn what_is_discarded_are_the_shards_under_their_names_of_now() {
    let (fixture, content) = (Fixture::new(6), content(STRIPE_BYTES));
    let (first, other) = (stored(&fixture, 1, &content).await, stored(&fixture, 2, &content).await);
    let moved = moved(&fixture, &first, &[1, 5], &other);
    fixture.store.discard(&moved);
    until(|| fixture.all_shards(false).len() == 4).await;
    let left: Vec<_> =
        other.shards().filter(|shard| ![1, 5].contains(&shard.index)).map(|shard| shard.uuid()).collect();
    assert!(left.iter().all(|uuid| fixture.all_shards(false).contains(uuid)));
}

#[tokio::test(start_paused = true)]
async fn a_read_continues_where_the_shards_have_moved() {
    let (fixture, content) = (Fixture::new(6), content(6 * STRIPE_BYTES));
    let (first, other) = (stored(&fixture, 1, &content).await, stored(&fixture, 3, &content).await);
    let elsewhere = Arc::new(Mutex::new(None));
    let (told, memory) = (Arc::clone(&elsewhere), fixture.store.read_memory().clone());
    let size = first.size;
    let chunks = fixture.store.read_moving(first.clone(), 5..size, memory, move || told.lock().unwrap().clone());
    let mut chunks = std::pin::pin!(chunks);
    let mut read = chunks.next().await.unwrap().unwrap().to_vec();
    *elsewhere.lock().unwrap() = Some(moved(&fixture, &first, &[0, 1, 2], &other));
    while let Some(chunk) = chunks.next().await {
        read.extend_from_slice(&chunk.unwrap());
    }
    assert!(read == content[5..]);
    // If their places have not changed, they are lost.
    let memory = fixture.store.read_memory().clone();
    let lost = fixture.store.read_moving(first.clone(), 0..size, memory, || Some(first.clone()));
    let lost: Vec<_> = lost.collect().await;
    assert!(matches!(lost.last(), Some(Err(ReadError::Lost { need: 4, .. }))), "{lost:?}");
}
