//! Whatever the size and the range, and whichever two shards are lost, what is read is what was written.

use proptest::prelude::*;
use shards::ReadError;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
use tokio::runtime::Builder;

use super::support::{Fixture, content};

fn sizes() -> Vec<usize> {
    let edges = [SMALL_BYTES_MAX, UNIT_BYTES, 2 * UNIT_BYTES, STRIPE_BYTES, 2 * STRIPE_BYTES, 3 * STRIPE_BYTES];
    let mut sizes: Vec<usize> = edges.into_iter().flat_map(|edge| [edge - 1, edge, edge + 1]).collect();
    sizes.extend([1, 2, 3, 4, 5, 7, 4096, STRIPE_BYTES + 5 * UNIT_BYTES / 2]);
    sizes
}

#[tokio::test(start_paused = true)]
async fn every_pair_of_lost_shards_at_every_edge() {
    for size in sizes() {
        let content = content(size);
        let fixture = Fixture::new(6);
        let chunk = (size > STRIPE_BYTES).then_some(300_000);
        let stored = fixture.store(1, &content, chunk).await.unwrap();
        assert_eq!(fixture.read_all(&stored).await.unwrap(), content, "{size}");
        let shards: Vec<_> = stored.placement.shards().map(|(index, node)| (index, node.clone())).collect();
        assert_eq!(shards.len(), if size <= SMALL_BYTES_MAX { 3 } else { 6 });
        for a in 0..shards.len() {
            for b in a + 1..shards.len() {
                let fixture = Fixture::new(6);
                let stored = fixture.store(1, &content, chunk).await.unwrap();
                super::support::until(|| fixture.all_shards(true).len() == shards.len()).await;
                for (index, node) in [&shards[a], &shards[b]] {
                    fixture.nodes.lose(node, stored.generation.shard(*index));
                }
                assert_eq!(fixture.read_all(&stored).await.unwrap(), content, "{size} without {a} and {b}");
                if size <= STRIPE_BYTES {
                    assert_eq!(fixture.store.read_whole(&stored).await.unwrap(), content);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn three_lost_shards_are_an_error_and_never_bytes() {
    for (size, shards) in [(SMALL_BYTES_MAX, 3), (STRIPE_BYTES, 6), (2 * STRIPE_BYTES, 6)] {
        let fixture = Fixture::new(6);
        let stored = fixture.store(1, &content(size), (size > STRIPE_BYTES).then_some(STRIPE_BYTES)).await.unwrap();
        super::support::until(|| fixture.all_shards(true).len() == shards).await;
        for (index, node) in stored.placement.shards().take(3) {
            fixture.nodes.lose(node, stored.generation.shard(index));
        }
        let lost = fixture.read_all(&stored).await;
        assert!(matches!(lost, Err(ReadError::Lost { have, need }) if have < need), "{lost:?}");
    }
}

#[test]
fn random_ranges_equal_the_model() {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let sizes = prop::sample::select(sizes());
    let config = ProptestConfig::with_cases(60);
    proptest!(config, |(size in sizes, from: prop::sample::Index, to: prop::sample::Index, lost in proptest::collection::btree_set(0_usize..6, 0..=2), chunk in 10_000..700_000_usize)| {
        let content = content(size);
        let (a, b) = (from.index(size + 1), to.index(size + 1));
        let range = a.min(b)..a.max(b);
        let read = runtime.block_on(async {
            let fixture = Fixture::new(6);
            let stored = fixture.store(1, &content, Some(chunk)).await.unwrap();
            super::support::until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
            let shards: Vec<_> = stored.placement.shards().collect();
            for (index, node) in lost.iter().filter_map(|i| shards.get(*i)) {
                fixture.nodes.lose(node, stored.generation.shard(*index));
            }
            fixture.read(&stored, range.start as u64..range.end as u64).await.unwrap()
        });
        prop_assert!(read == content[range]);
    });
}

#[tokio::test(start_paused = true)]
async fn a_range_outside_the_content_is_refused() {
    let fixture = Fixture::new(6);
    let stored = fixture.store(1, &content(100), None).await.unwrap();
    assert_eq!(fixture.read(&stored, 50..101).await, Err(ReadError::OutOfRange { size: 100 }));
    assert_eq!(fixture.read(&stored, 100..100).await.unwrap(), b"");
}
