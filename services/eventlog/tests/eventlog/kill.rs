//! The server is killed again and again while two writers append.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use eventlog::{AppendError, JetStreamLog, Log, ReadError};
use events::ids::EventId;
use tokio::sync::Notify;

use crate::support::{Fixture, ids, messages, patiently, read_all, stored_ids};

const ROUNDS: usize = 12;
const EVENTS_A_ROUND: usize = 150;

/// The answer that a writer got.
#[derive(Default)]
struct Answers {
    acked: Vec<EventId>,
    denied: HashSet<EventId>,
}

#[derive(Default)]
struct Progress {
    acked: AtomicUsize,
    more: Notify,
    stop: AtomicBool,
}

/// Returns the last sequence, catching up by reading, as a ledger does.
async fn catch_up(log: &JetStreamLog, mut last: u64) -> u64 {
    loop {
        match log.read(last + 1, 1000, usize::MAX).await {
            Ok(batch) if batch.is_empty() => return last,
            Ok(batch) => last += batch.len() as u64,
            Err(ReadError::Unavailable { .. }) => {
                patiently(log.connection().wait_for(|now| now.connected)).await.unwrap();
            }
            Err(damaged) => panic!("{damaged}"),
        }
    }
}

async fn write(log: JetStreamLog, sizes: [usize; 5], progress: Arc<Progress>) -> Answers {
    let mut answers = Answers::default();
    let mut last = 0;
    for count in sizes.into_iter().cycle() {
        if progress.stop.load(Ordering::Relaxed) {
            break;
        }
        last = catch_up(&log, last).await;
        let group = messages(count);
        let appended = match patiently(log.append(last, &group)).await {
            Ok(()) => count,
            Err(AppendError::Conflict { appended }) => appended,
            Err(AppendError::Unavailable { appended, .. }) => {
                patiently(log.connection().wait_for(|now| now.connected)).await.unwrap();
                appended
            }
            Err(error) => panic!("{error}"),
        };
        let ids = ids(&group);
        answers.acked.extend(&ids[..appended]);
        answers.denied.extend(&ids[appended..]);
        progress.acked.fetch_add(appended, Ordering::Relaxed);
        progress.more.notify_one();
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acked_event_is_lost_or_doubled_and_no_denied_one_appears() {
    let fixture = Fixture::start().await;
    let progress = Arc::new(Progress::default());
    let mut writers = Vec::new();
    for sizes in [[1, 2, 7, 30, 1], [3, 1, 12, 5, 64]] {
        writers.push(tokio::spawn(write(fixture.log().await, sizes, Arc::clone(&progress))));
    }
    let mut follow = fixture.log().await.follow(1);

    for round in 1..=ROUNDS {
        while progress.acked.load(Ordering::Relaxed) < round * EVENTS_A_ROUND {
            patiently(progress.more.notified()).await;
        }
        fixture.kill_and_wait().await;
    }
    progress.stop.store(true, Ordering::Relaxed);

    let log = fixture.log().await;
    let mut answers = Vec::new();
    for writer in writers {
        answers.push(patiently(writer).await.unwrap());
    }
    let stored = stored_ids(&read_all(&log).await);
    let places: HashMap<EventId, usize> = stored.iter().enumerate().map(|(place, id)| (*id, place)).collect();
    assert_eq!(places.len(), stored.len(), "no event is there twice");
    assert!(log.tail().await.unwrap().is_dense());
    for answers in &answers {
        assert!(answers.acked.iter().all(|id| places.contains_key(id)), "every acked event is there");
        assert!(answers.acked.is_sorted_by_key(|id| places[id]), "in the order in which it was acked");
        assert!(!answers.denied.iter().any(|id| places.contains_key(id)), "no denied event is there");
    }
    assert_eq!(stored.len(), answers.iter().map(|answers| answers.acked.len()).sum::<usize>());
    for id in stored {
        assert_eq!(patiently(follow.next()).await.unwrap().unwrap().id, id);
    }
    fixture.stop().await;
}
