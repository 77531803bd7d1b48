use eventlog::server::Role;
use eventlog::{Log, ReadError};

use crate::support::{Fixture, ids, message, messages, patiently, stored_ids};

#[tokio::test]
async fn a_read_is_bounded_in_events_and_in_bytes() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    assert!(log.read(1, 10, 1000).await.unwrap().is_empty());
    let empty = log.tail().await.unwrap();
    assert!(empty.is_dense() && empty.last_sequence == 0);

    let all = messages(50);
    log.append(0, &all).await.unwrap();
    assert_eq!(stored_ids(&log.read(0, 3, usize::MAX).await.unwrap()), ids(&all[..3]));
    assert_eq!(stored_ids(&log.read(49, 10, usize::MAX).await.unwrap()), ids(&all[48..]));
    assert_eq!(log.read(1, 10, 1).await.unwrap().len(), 1, "at least one, whatever the bytes");
    let some = log.read(1, 50, 5000).await.unwrap().len();
    assert!((2..10).contains(&some), "{some} events of 900 bytes in 5000");
    assert!(log.read(51, 10, 1000).await.unwrap().is_empty());
    assert!(log.read(1000, 10, 1000).await.unwrap().is_empty());
    fixture.stop().await;
}

#[tokio::test]
async fn a_log_is_read_through_in_batches_while_it_grows_and_the_server_dies() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    let mut all = messages(500);
    log.append(0, &all).await.unwrap();
    let mut read = Vec::new();
    for round in 0..8 {
        for events_max in [7, 1, 30, 13] {
            read.extend(log.read(read.len() as u64 + 1, events_max, usize::MAX).await.unwrap());
        }
        // Elsewhere in between, and on from where it was.
        assert_eq!(log.read(3, 2, usize::MAX).await.unwrap().len(), 2);
        read.extend(log.read(read.len() as u64 + 1, 100, 5000).await.unwrap());
        if round == 4 {
            let mut connection = log.connection();
            let made = connection.borrow().made;
            fixture.kill_and_wait().await;
            patiently(connection.wait_for(|now| now.connected && now.made > made)).await.unwrap();
        }
        let group = messages(3);
        log.append(all.len() as u64, &group).await.unwrap();
        all.extend(group);
    }
    while read.len() < all.len() {
        read.extend(log.read(read.len() as u64 + 1, 20, usize::MAX).await.unwrap());
    }
    assert!(log.read(all.len() as u64 + 1, 20, usize::MAX).await.unwrap().is_empty());
    assert_eq!(stored_ids(&read), ids(&all));
    fixture.stop().await;
}

#[tokio::test]
async fn a_follower_gets_what_is_there_and_then_what_comes() {
    let fixture = Fixture::start().await;
    let (log, other) = (fixture.log().await, fixture.log().await);
    let mut all = messages(300);
    log.append(0, &all).await.unwrap();
    let mut follow = log.follow(1);
    let mut from_here = log.follow(301);
    for count in [1, 3, 40] {
        let group = messages(count);
        other.append(all.len() as u64, &group).await.unwrap();
        all.extend(group);
    }
    for (sequence, message) in (1..).zip(&all) {
        let stored = patiently(follow.next()).await.unwrap().unwrap();
        assert_eq!((stored.sequence, stored.id), (sequence, message.id));
    }
    assert_eq!(follow.try_next(), None);
    assert_eq!(patiently(from_here.next()).await.unwrap().unwrap().id, all[300].id);
    fixture.stop().await;
}

#[tokio::test]
async fn a_follower_outlives_the_server() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    let mut follow = log.follow(1);
    for sequence in 1..6 {
        let message = message(100);
        let mut connection = log.connection();
        patiently(connection.wait_for(|now| now.connected)).await.unwrap();
        log.append(sequence - 1, std::slice::from_ref(&message)).await.unwrap();
        let stored = patiently(follow.next()).await.unwrap().unwrap();
        assert_eq!((stored.sequence, stored.id), (sequence, message.id));
        let made = connection.borrow().made;
        fixture.kill_and_wait().await;
        patiently(connection.wait_for(|now| now.connected && now.made > made)).await.unwrap();
    }
    fixture.stop().await;
}

#[tokio::test]
async fn a_follower_behind_a_tail_that_is_not_there_says_so() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    log.append(0, &messages(2)).await.unwrap();
    let mut follow = log.follow(4);
    assert_eq!(patiently(follow.next()).await, Some(Err(ReadError::LostTail { expected: 3, last: 2 })));
    assert_eq!(patiently(follow.next()).await, None);
    fixture.stop().await;
}

#[tokio::test]
async fn an_entry_without_an_id_stops_who_reads_it() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    log.append(0, &messages(1)).await.unwrap();
    let client = fixture.client(&Role::Operator).await;
    let jetstream = async_nats::jetstream::new(client);
    jetstream.publish("ps.test.object.bucket.put", "stray".into()).await.unwrap().await.unwrap();
    for found in
        [log.read(1, 10, usize::MAX).await.unwrap_err(), patiently(log.follow(2).next()).await.unwrap().unwrap_err()]
    {
        assert!(matches!(found, ReadError::Foreign { sequence: 2, .. }), "{found:?}");
    }
    fixture.stop().await;
}
