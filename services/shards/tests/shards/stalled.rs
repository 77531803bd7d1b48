//! Readers that stop reading: what they hold, and what is left for the others.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use shards::piece::STRIPE_BYTES;
use shards::protocol::Request;
use shards::{READ_BYTES_MAX, ReadError, StoredContent};
use testkit::Misbehavior;
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

/// What a reader holds when memory is short.
const SLICE_BYTES: usize = 32 * 1024;

/// More readers than there is memory for, however little each has.
const READERS_MAX: usize = READ_BYTES_MAX / SLICE_BYTES + 1;

#[tokio::test(start_paused = true)]
async fn hundreds_of_readers_that_stop_reading_keep_nobody_waiting() {
    let (fixture, content) = (Fixture::new(6), content(STRIPES * STRIPE_BYTES));
    let stored = stored(&fixture, &content).await;
    let small = fixture.store(2, &content.slice(..STRIPE_BYTES), None).await.unwrap();
    let mut stalled = stall(&fixture, &stored, 500);
    for reader in &mut stalled {
        assert!(reader.next().await.unwrap().is_ok());
    }
    let begin = Instant::now();
    for _ in 0..3 {
        assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
        assert_eq!(fixture.store.read_whole(&small).await.unwrap(), content[..STRIPE_BYTES]);
    }
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_readers_hold_is_bounded_and_others_are_told_to_come_back() {
    let (fixture, content) = (Fixture::new(6), content(STRIPES * STRIPE_BYTES));
    let stored = stored(&fixture, &content).await;
    let small = fixture.store(2, &content.slice(..STRIPE_BYTES), None).await.unwrap();
    let mut stalled = Vec::new();
    let begin = Instant::now();
    let refused = loop {
        let mut reader = fixture.store.read(stored.clone(), 0..stored.size).boxed();
        match reader.next().await.unwrap() {
            Ok(_) => stalled.push(reader),
            Err(refused) => break refused,
        }
        assert!(stalled.len() < READERS_MAX);
    };
    assert!(refused == ReadError::Busy && stalled.len() > 800, "{refused}: {}", stalled.len());
    assert!(begin.elapsed() <= Duration::from_secs(11), "{:?}", begin.elapsed());
    assert_eq!(fixture.read_all(&stored).await, Err(ReadError::Busy));
    assert_eq!(fixture.store.read_whole(&small).await.unwrap(), content[..STRIPE_BYTES], "it has memory of its own");
    drop(stalled);
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_cut_off_and_has_no_more_than_a_piece() {
    let (fixture, content) = (Fixture::new(6), content(STRIPES * STRIPE_BYTES));
    let stored = stored(&fixture, &content).await;
    let requests = || (1..=6).flat_map(|number| fixture.nodes.requests(&node(number)));
    let reads = || requests().filter(|request| matches!(request, Request::Read { .. })).count();
    let mut slow = fixture.store.read(stored.clone(), 0..stored.size).boxed();
    let (mut read, mut chunks) = (Vec::new(), 0);
    while let Some(chunk) = slow.next().await {
        read.extend_from_slice(&chunk.unwrap());
        chunks += 1;
        tokio::time::sleep(Duration::from_secs(13)).await;
        // The first stripe came at once, when it was not known yet how slow the reader is.
        assert!(reads() <= 4.max(chunks), "{} pieces asked for of {chunks}", reads());
    }
    assert!(read == content);
}

#[tokio::test(start_paused = true)]
async fn slow_readers_in_want_of_memory_get_slices_and_all_of_it() {
    let (fixture, content) = (Fixture::new(6), content(STRIPE_BYTES + 100_000));
    let stored = stored(&fixture, &content).await;
    let mut stalled = stall(&fixture, &stored, 500);
    for reader in &mut stalled {
        assert!(reader.next().await.unwrap().is_ok());
    }
    let from = 200_001;
    let mut slow = fixture.store.read(stored.clone(), from as u64..stored.size).boxed();
    let (mut read, mut least) = (Vec::new(), usize::MAX);
    while let Some(chunk) = slow.next().await {
        let chunk = chunk.unwrap();
        least = least.min(chunk.len());
        read.extend_from_slice(&chunk);
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert!(read == content[from..] && least <= SLICE_BYTES, "{least}");
}
