//! Readers that stop reading: what they hold, and what is left for the others.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use shards::memory::Misbehavior;
use shards::piece::STRIPE_BYTES;
use shards::protocol::Request;
use shards::{READ_BYTES_MAX, ReadError, StoredContent};
use tokio::time::Instant;

use super::support::{Fixture, content, node, until};

type Reader = BoxStream<'static, Result<Bytes, ReadError>>;

/// Begins `count` reads of the whole content, and never polls them again.
fn stall(fixture: &Fixture, stored: &StoredContent, count: usize) -> Vec<Reader> {
    let begin = |_| {
        let mut reader = fixture.store.read(stored.clone(), 0..stored.size).boxed();
        assert!(reader.next().now_or_never().is_none(), "nothing can be there yet");
        reader
    };
    (0..count).map(begin).collect()
}

async fn stored(fixture: &Fixture, content: &Bytes) -> StoredContent {
    let stored = fixture.store(1, content, Some(STRIPE_BYTES)).await.unwrap();
    until(|| fixture.all_shards(true).len() == 6).await;
    stored
}

#[tokio::test(start_paused = true)]
async fn readers_that_stop_reading_do_not_keep_others_from_the_nodes() {
    let (fixture, content) = (Fixture::new(6), content(4 * STRIPE_BYTES));
    let stored = stored(&fixture, &content).await;
    (1..=6).for_each(|number| fixture.nodes.set(&node(number), Misbehavior::Slow(Duration::from_millis(1))));
    let _stalled = stall(&fixture, &stored, 40);
    let begin = Instant::now();
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

/// More than the stripes that one read has fetched ahead.
const STRIPES: usize = 6;

/// Reads that have three stripes fetched ahead each, so that no memory is left for others.
const READERS_MAX: usize = READ_BYTES_MAX / STRIPE_BYTES / 3;

#[tokio::test(start_paused = true)]
async fn what_readers_hold_is_bounded_and_others_are_told_to_come_back() {
    let (fixture, content) = (Fixture::new(6), content(STRIPES * STRIPE_BYTES));
    let stored = stored(&fixture, &content).await;
    let small = fixture.store(2, &content.slice(..STRIPE_BYTES), None).await.unwrap();
    let stalled = stall(&fixture, &stored, READERS_MAX + 1);
    let begin = Instant::now();
    assert_eq!(fixture.read_all(&stored).await, Err(ReadError::Busy));
    assert_eq!(fixture.store.read_whole(&small).await, Err(ReadError::Busy));
    assert!(begin.elapsed() <= Duration::from_secs(21), "{:?}", begin.elapsed());
    drop(stalled);
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
    assert_eq!(fixture.store.read_whole(&small).await.unwrap(), content[..STRIPE_BYTES]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_cut_off_for_what_was_to_be_fetched_ahead() {
    let (fixture, content) = (Fixture::new(6), content(STRIPES * STRIPE_BYTES));
    let stored = stored(&fixture, &content).await;
    let mut slow = fixture.store.read(stored.clone(), 0..stored.size).boxed();
    let mut read = slow.next().await.unwrap().unwrap().to_vec();
    let _stalled = stall(&fixture, &stored, READERS_MAX);
    let requests = || (1..=6).flat_map(|number| fixture.nodes.requests(&node(number)));
    let reads = || requests().filter(|request| matches!(request, Request::Read { .. })).count();
    until(|| reads() >= READ_BYTES_MAX / STRIPE_BYTES * 4).await;
    // The first stripe goes at once, to a reader that waits for it; the others take 16 seconds each.
    let mut at_once = 4;
    while let Some(chunk) = slow.next().await {
        read.extend_from_slice(&chunk.expect("memory waits for the reader, not the reader for memory"));
        if at_once > 0 {
            at_once -= 1;
        } else {
            tokio::time::sleep(Duration::from_secs(4)).await;
        }
    }
    assert!(read == content);
}
