//! Streams that are given up, that wait, and that share the budget.

use std::time::Duration;

use events::ids::{Layout, Sha256Digest};
use futures_util::future::join_all;
use futures_util::{StreamExt, TryStreamExt};
use shards::piece::{STRIPE_BYTES, UNIT_BYTES};
use shards::protocol::Request;
use shards::{STREAM_BYTES_MAX, StoredContent, WriteError};
use testkit::Misbehavior;

use super::support::{Fixture, bucket, content, generation, node, until};

#[tokio::test(start_paused = true)]
async fn a_stream_of_one_stripe_becomes_records_and_a_longer_one_files() {
    for (size, files) in [(10, false), (STRIPE_BYTES, false), (STRIPE_BYTES + 1, true)] {
        let fixture = Fixture::new(6);
        let stored = fixture.store(1, &content(size), Some(100_000)).await.unwrap();
        assert_eq!(stored.placement.layout, if size == 10 { Layout::Small } else { Layout::Striped });
        let requests: Vec<Request> = (1..=6).flat_map(|number| fixture.nodes.requests(&node(number))).collect();
        assert_eq!(requests.iter().any(|request| matches!(request, Request::Piece { .. })), files);
        assert_eq!(requests.iter().any(|request| matches!(request, Request::Put { .. })), !files);
    }
}

#[tokio::test(start_paused = true)]
async fn stripes_that_are_sent_on_are_the_same_content() {
    for size in [2 * STRIPE_BYTES, 2 * STRIPE_BYTES + 7, 2 * STRIPE_BYTES - 7] {
        let (fixture, content) = (Fixture::new(6), content(size));
        let mut writer = fixture.store.writer(bucket(), generation(1));
        for at in (0..size).step_by(STRIPE_BYTES / 2) {
            writer.write(content.slice(at..size.min(at + STRIPE_BYTES / 2))).await.unwrap();
            writer.send_on().await.unwrap();
        }
        let pieces = || {
            fixture.nodes.requests(&node(1)).iter().filter(|request| matches!(request, Request::Piece { .. })).count()
        };
        until(|| pieces() == size / STRIPE_BYTES).await;
        let written = writer.finish().await.unwrap();
        let stored = StoredContent {
            bucket: bucket(),
            sha256: Sha256Digest([7; 32]),
            generation: generation(1),
            size: written.size,
            placement: written.placement,
            moved: Vec::new(),
        };
        assert!(fixture.read_all(&stored).await.unwrap() == content);
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_stream_is_an_error() {
    let fixture = Fixture::new(6);
    let writer = fixture.store.writer(bucket(), generation(1));
    assert_eq!(writer.finish().await, Err(WriteError::Empty));
    assert_eq!(fixture.store(1, &content(0), None).await, Err(WriteError::Empty));
    assert_eq!(fixture.store(1, &content(STRIPE_BYTES + 1), None).await, Err(WriteError::TooLarge));
}

#[tokio::test(start_paused = true)]
async fn a_writer_dropped_at_any_stripe_leaves_nothing() {
    for stripes in 0..6 {
        let fixture = Fixture::new(6);
        let mut writer = fixture.store.writer(bucket(), generation(1));
        writer.write(content(stripes * STRIPE_BYTES + 5)).await.unwrap();
        assert_eq!(writer.size(), (stripes * STRIPE_BYTES + 5) as u64);
        if stripes > 1 {
            until(|| !fixture.all_shards(false).is_empty()).await;
        }
        writer.discard();
        fixture.until_forgotten().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_put_dropped_while_under_way_leaves_nothing() {
    let fixture = Fixture::new(6);
    (1..=6).for_each(|number| fixture.nodes.set(&node(number), Misbehavior::Slow(Duration::from_millis(50))));
    let content = content(STRIPE_BYTES);
    let dropped = tokio::time::timeout(Duration::from_millis(20), fixture.store(1, &content, None)).await;
    assert!(dropped.is_err());
    until(|| !fixture.all_shards(true).is_empty()).await;
    fixture.until_forgotten().await;
}

#[tokio::test(start_paused = true)]
async fn a_stored_content_can_be_discarded() {
    for size in [100, STRIPE_BYTES, 2 * STRIPE_BYTES] {
        let fixture = Fixture::new(6);
        let stored = fixture.store(1, &content(size), Some(UNIT_BYTES)).await.unwrap();
        until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
        fixture.store.discard(&stored);
        fixture.until_forgotten().await;
    }
}

#[tokio::test(start_paused = true)]
async fn writers_together_stay_within_the_budget_and_all_finish() {
    let fixture = Fixture::new(6);
    (1..=6).for_each(|number| fixture.nodes.set(&node(number), Misbehavior::Slow(Duration::from_millis(3))));
    let writers = 2 * STREAM_BYTES_MAX / STRIPE_BYTES;
    let content = content(2 * STRIPE_BYTES + 1);
    let stored = join_all((0..writers).map(|number| fixture.store(number as u128, &content, Some(UNIT_BYTES)))).await;
    assert_eq!(stored.iter().filter(|stored| stored.is_ok()).count(), writers);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_hangs_does_not_stop_a_stream_for_longer_than_its_deadline() {
    let fixture = Fixture::new(6);
    let content = content(20 * STRIPE_BYTES);
    fixture.nodes.set_after(&node(1), 3, Misbehavior::Hangs);
    let begin = tokio::time::Instant::now();
    let stored = fixture.store(1, &content, Some(UNIT_BYTES)).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(21), "{:?}", begin.elapsed());
    assert_eq!(fixture.read_all(&stored).await.unwrap(), content);
}

#[tokio::test(start_paused = true)]
async fn a_reader_fetches_only_a_few_stripes_ahead() {
    let fixture = Fixture::new(6);
    let stored = fixture.store(1, &content(30 * STRIPE_BYTES), Some(STRIPE_BYTES)).await.unwrap();
    let reads = || -> usize {
        let requests = (1..=6).flat_map(|number| fixture.nodes.requests(&node(number)));
        requests.filter(|request| matches!(request, Request::Read { .. })).count()
    };
    let mut chunks = Box::pin(fixture.store.read(stored.clone(), 0..stored.size));
    assert_eq!(chunks.next().await.unwrap().unwrap().len(), UNIT_BYTES);
    assert!(reads() <= 4 * 4, "{} pieces asked for", reads());
    let rest: Vec<_> = chunks.try_collect().await.unwrap();
    assert_eq!((rest.len(), reads()), (30 * 4 - 1, 30 * 4), "every data piece once");
}

#[tokio::test(start_paused = true)]
async fn a_range_asks_only_for_the_pieces_it_touches() {
    let fixture = Fixture::new(6);
    let content = content(5 * STRIPE_BYTES);
    let stored = fixture.store(1, &content, Some(STRIPE_BYTES)).await.unwrap();
    let from = 2 * STRIPE_BYTES + 2 * UNIT_BYTES - 1;
    assert_eq!(fixture.read(&stored, from as u64..from as u64 + 2).await.unwrap(), content[from..from + 2]);
    let requests = (1..=6).flat_map(|number| fixture.nodes.requests(&node(number)));
    let asked: Vec<_> = requests
        .filter_map(|request| if let Request::Read { first, .. } = request { Some(first) } else { None })
        .collect();
    assert_eq!(asked, [2, 2], "pieces 1 and 2 of stripe 2");
}

#[tokio::test(start_paused = true)]
async fn a_writer_waits_for_memory_but_not_for_ever() {
    let fixture = Fixture::new(6);
    let mut idle = Vec::new();
    let refused = loop {
        let mut writer = fixture.store.writer(bucket(), generation(idle.len() as u128));
        match writer.write(content(1)).await {
            Ok(()) => idle.push(writer),
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, WriteError::Busy);
    assert!((64..=STREAM_BYTES_MAX / STRIPE_BYTES).contains(&idle.len()), "{}", idle.len());
    drop(idle);
    assert!(fixture.store(1, &content(10), Some(10)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_put_waits_for_memory_but_not_for_ever() {
    let fixture = Fixture::new(6);
    (1..=6).for_each(|number| fixture.nodes.set(&node(number), Misbehavior::Slow(Duration::from_secs(4))));
    let content = content(STRIPE_BYTES);
    let begin = tokio::time::Instant::now();
    let puts = join_all((0..200).map(|number| fixture.store(number, &content, None))).await;
    assert!(puts.contains(&Err(WriteError::Busy)), "{puts:?}");
    assert!(begin.elapsed() < Duration::from_mins(1), "{:?}", begin.elapsed());
}
