use eventlog::{APPEND_EVENTS_MAX, AppendError, JetStreamLog, Log, ReadError, Sending, StreamOptions};

use crate::support::{Fixture, SENDINGS, ids, message, messages, patiently, read_all, region, stored_ids};

#[tokio::test]
async fn what_is_appended_is_read_back_in_order_with_its_bytes() {
    let fixture = Fixture::start().await;
    let mut appended = Vec::new();
    for sending in SENDINGS {
        let log = fixture.log().await.sending(sending);
        for count in [1, 2, 3, 20, APPEND_EVENTS_MAX] {
            let group = messages(count);
            log.append(appended.len() as u64, &group).await.unwrap();
            appended.extend(group);
        }
    }
    let log = fixture.log().await;
    let read = read_all(&log).await;
    assert_eq!(stored_ids(&read), ids(&appended));
    assert!(read.iter().zip(&appended).all(|(stored, message)| stored.payload == message.payload));
    assert!(read.iter().zip(1..).all(|(stored, sequence)| stored.sequence == sequence));
    assert!(log.tail().await.unwrap().is_dense());
    log.append(0, &[]).await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn of_two_writers_at_one_place_one_wins_and_the_other_leaves_nothing() {
    let fixture = Fixture::start().await;
    let mut last = 0;
    for sending in SENDINGS {
        let (ours, theirs) = (fixture.log().await.sending(sending), fixture.log().await.sending(sending));
        for count in [1, 2, 5, 64] {
            let (a, b) = (messages(count), messages(count));
            let (first, second) = tokio::join!(ours.append(last, &a), theirs.append(last, &b));
            let (winner, loser, outcome) =
                if first.is_ok() { (&a, &theirs, second) } else { (&b, &ours, second.and(first)) };
            assert_eq!(outcome, Err(AppendError::Conflict { appended: 0 }));
            assert_eq!(stored_ids(&ours.read(last + 1, 1000, usize::MAX).await.unwrap()), ids(winner));
            last += count as u64;

            // The same events, decided again, go in at the next place at once.
            let again = if winner == &a { &b } else { &a };
            loser.append(last, again).await.unwrap();
            assert_eq!(stored_ids(&ours.read(last + 1, 1000, usize::MAX).await.unwrap()), ids(again));
            last += count as u64;
        }
    }
    fixture.stop().await;
}

#[tokio::test]
async fn one_foreign_event_keeps_a_whole_chain_out() {
    // The second of a chain expects the very sequence that a single foreign event produces.
    let fixture = Fixture::start().await;
    let (log, other) = (fixture.log().await.sending(Sending::Chain), fixture.log().await);
    let foreign = message(10);
    other.append(0, std::slice::from_ref(&foreign)).await.unwrap();
    assert_eq!(log.append(0, &messages(3)).await, Err(AppendError::Conflict { appended: 0 }));
    assert_eq!(stored_ids(&read_all(&log).await), [foreign.id]);
    fixture.stop().await;
}

#[tokio::test]
async fn what_was_decided_on_more_than_there_is_is_refused_as_damage() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    log.append(0, &messages(2)).await.unwrap();
    for count in [1, 3, 30] {
        let lost = AppendError::Damaged(ReadError::LostTail { expected: 5, last: 2 });
        assert_eq!(patiently(log.append(5, &messages(count))).await, Err(lost));
    }
    assert_eq!(log.tail().await.unwrap().last_sequence, 2);
    fixture.stop().await;
}

#[tokio::test]
async fn appending_again_what_is_there_is_no_second_copy() {
    let fixture = Fixture::start().await;
    for sending in SENDINGS {
        let log = fixture.log().await.sending(sending);
        let last = log.tail().await.unwrap().last_sequence;
        let group = messages(5);
        log.append(last, &group).await.unwrap();
        patiently(log.append(last, &group)).await.unwrap();
        assert_eq!(log.tail().await.unwrap().last_sequence, last + 5);
        assert_eq!(log.append(last + 1, &group[..2]).await, Err(AppendError::Conflict { appended: 0 }));
    }
    fixture.stop().await;
}

#[tokio::test]
async fn a_subject_that_no_stream_listens_to_is_refused() {
    let fixture = Fixture::start().await;
    let buckets = StreamOptions { nouns: &["bucket"], ..StreamOptions::new(region()) };
    let log = JetStreamLog::open(&fixture.connect_options(), &buckets).await.unwrap();
    match patiently(log.append(0, &messages(1))).await {
        Err(AppendError::Unavailable { appended: 0, reason }) => assert!(reason.contains("no stream"), "{reason}"),
        other => panic!("{other:?}"),
    }
    fixture.stop().await;
}

#[tokio::test]
async fn what_the_server_does_not_let_this_user_publish_is_refused() {
    let fixture = Fixture::start().await;
    for sending in SENDINGS {
        let log = fixture.log().await.sending(sending);
        let last = log.tail().await.unwrap().last_sequence;
        for (count, stray) in [(1, 0), (3, 0), (3, 1), (3, 2), (20, 10), (20, 19)] {
            let mut group = messages(count);
            group[stray].subject = "ps.test.telemetry.cpu".into();
            let appended = match patiently(log.append(last, &group)).await {
                Err(AppendError::Unavailable { appended, .. } | AppendError::Conflict { appended }) => appended,
                other => panic!("{other:?}"),
            };
            // What stood before it in a chain may be there, and nothing behind it.
            assert!(appended <= stray, "{appended} of {stray}");
            if appended > 0 {
                break;
            }
            assert_eq!(log.tail().await.unwrap().last_sequence, last);
        }
    }
    fixture.stop().await;
}
