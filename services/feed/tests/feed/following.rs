use std::time::Duration;

use feed::{Batch, FeedError, Reader};

use crate::given::*;

/// How long nothing happens in a test of that.
const QUIET: Duration = Duration::from_millis(400);

async fn follow(world: &World, after: u64) -> Reader {
    world.feed.follow(world.feed.begin(after, None).await.unwrap())
}

/// All events up to a sequence.
async fn read_to(reader: &mut Reader, last: u64) -> Vec<u64> {
    let mut read = Vec::new();
    while reader.position() < last {
        let Batch { entries, until, .. } = patiently(reader.next()).await.unwrap();
        read.extend(sequences(&entries));
        assert_eq!(until, reader.position());
    }
    read
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_gap_between_what_was_and_what_comes() {
    let world = World::with_buckets().await;
    let writing = async {
        for _ in 0..4 {
            world.put_many(200).await;
        }
    };
    let reading = async {
        let mut read = Vec::new();
        for after in [0, 1, 77, 200, 350] {
            let mut early = follow(&world, 0).await;
            // Whoever begins behind the end of now is refused, so this waits for it.
            read_to(&mut early, after).await;
            let mut reader = follow(&world, after).await;
            read.push((after, read_to(&mut reader, 802).await));
        }
        read
    };
    let ((), read) = tokio::join!(writing, reading);
    for (after, sequences) in read {
        assert_eq!(sequences, (after + 1..=802).collect::<Vec<_>>(), "behind {after}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_happens_the_log_is_asked_nothing_and_what_happens_is_pushed() {
    for sole_writer in [true, false] {
        let world = World::new(sole_writer).await;
        world.does(testkit::commands::create_bucket(bucket("first"))).await;
        let mut readers = Vec::new();
        for _ in 0..100 {
            readers.push(follow(&world, 1).await);
        }
        let mut waiting = tokio::task::JoinSet::new();
        for mut reader in readers {
            waiting.spawn(async move { (reader.next().await.unwrap().entries.len(), reader) });
        }
        let asked = world.log.asked();
        tokio::time::sleep(QUIET).await;
        assert_eq!(world.log.asked(), asked, "nothing happens");
        assert!(waiting.try_join_next().is_none());
        world.put("first", "key").await;
        while let Some(read) = patiently(waiting.join_next()).await {
            assert_eq!(read.unwrap().0, 1);
        }
        assert_eq!(world.log.asked(), asked, "what comes is pushed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_is_told_how_far_it_fell_behind_and_misses_nothing() {
    let world = World::with_buckets().await;
    let mut slow = follow(&world, 0).await;
    let mut quick = follow(&world, 2).await;
    assert_eq!(read_to(&mut slow, 2).await, [1, 2]);
    // More than are kept in memory.
    let count = 5_000;
    let (written, read) = tokio::join!(world.put_many(count), read_to(&mut quick, 2 + count as u64));
    assert_eq!(((), read.len()), (written, count));
    let Batch { entries, behind, .. } = patiently(slow.next()).await.unwrap();
    assert_eq!((entries[0].sequence, behind), (3, Some(count as u64)));
    let mut rest = sequences(&entries);
    while slow.position() < 2 + count as u64 {
        let batch = patiently(slow.next()).await.unwrap();
        assert_eq!(batch.behind, None, "it is told once");
        rest.extend(sequences(&batch.entries));
    }
    assert_eq!(rest, (3..=2 + count as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_waits_may_be_dropped_and_loses_nothing() {
    let world = World::with_buckets().await;
    let mut reader = follow(&world, 2).await;
    for number in 0..20 {
        let nothing = tokio::time::timeout(Duration::from_millis(1), reader.next()).await;
        assert!(nothing.is_err(), "{nothing:?}");
        let sequence = world.put("first", &format!("{number}")).await;
        assert_eq!(read_to(&mut reader, sequence).await, [sequence]);
    }
}

#[tokio::test]
async fn a_reader_ends_with_the_ledger() {
    let world = World::with_buckets().await;
    let mut reader = follow(&world, 0).await;
    assert_eq!(read_to(&mut reader, 2).await, [1, 2]);
    let (ended, ()) = tokio::join!(patiently(reader.next()), world.ledger.stop());
    assert!(matches!(ended, Err(FeedError::Ended)), "{ended:?}");
}

#[tokio::test]
async fn few_of_the_readers_with_small_batches_hold_large_ones_while_they_catch_up() {
    let world = World::with_buckets().await;
    world.put_many(200).await;
    let mut large = Vec::new();
    let small = loop {
        let mut reader = follow(&world, 0).await.in_batches_of(1);
        let count = patiently(reader.next()).await.unwrap().entries.len();
        if count == 1 {
            break reader;
        }
        large.push((reader, count));
    };
    assert_eq!(large.len(), 16, "each of them may hold a large batch for ever");
    assert!(large.iter().all(|(_, count)| *count > 100), "{large:?}");
    let mut reader = small;
    assert_eq!(patiently(reader.next()).await.unwrap().entries.len(), 1);
    large.pop();
    assert!(patiently(reader.next()).await.unwrap().entries.len() > 100);
}
