use std::io::{BufRead, Write};

use eventlog::server::Role;
use eventlog::{ConnectOptions, Log, ReadError};
use events::ids::EventId;

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

/// The server ends a batch whose bytes are used up to the last one without saying so.
#[tokio::test]
async fn a_batch_may_use_up_its_bytes() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    let all = messages(5);
    log.append(0, &all).await.unwrap();
    // The length of a message as the server counts it is somewhere among these.
    for bytes in 900..1_200 {
        assert_eq!(log.read(1, 1, usize::MAX).await.unwrap().len(), 1);
        let some = log.read(2, 3, bytes).await.unwrap();
        assert_eq!(stored_ids(&some), ids(&all[1..=some.len()]), "{bytes} bytes");
        assert_eq!(stored_ids(&log.read(2, 3, usize::MAX).await.unwrap()), ids(&all[1..4]));
    }
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

/// Publishes in the server's protocol, which lets a client say more than its library does.
async fn publish_raw(fixture: &Fixture, subject: &str, head: &str, payload: &str) {
    let ConnectOptions { address, credentials, .. } = fixture.connect_options();
    let address = address.trim_start_matches("nats://").to_owned();
    let (bytes, subject) = (format!("{head}{payload}"), subject.to_owned());
    let publish = format!("HPUB {subject} {} {}\r\n{bytes}\r\n", head.len(), bytes.len());
    let login = serde_json::json!({ "user": credentials.user, "pass": *credentials.password, "headers": true,
        "verbose": false, "pedantic": false, "protocol": 1 });
    let published = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let mut lines = std::io::BufReader::new(stream.try_clone().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().starts_with("INFO"));
        write!(stream, "CONNECT {login}\r\n{publish}PING\r\n").unwrap();
        assert_eq!(lines.next().unwrap().unwrap(), "PONG");
    });
    patiently(published).await.unwrap();
}

/// A client that may publish may publish anything: the entry is read as it is, and readers go on behind it.
#[tokio::test]
async fn an_entry_of_any_kind_is_read_at_its_place() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    let subject = "ps.test.object.bucket.put";
    let mut proven = message(900);
    proven.proof = Some("gateway.a.b".into());
    log.append(0, &[message(900), proven.clone()]).await.unwrap();
    let client = fixture.client(&Role::Operator).await;
    async_nats::jetstream::new(client).publish(subject, "stray".into()).await.unwrap().await.unwrap();
    let heads = [
        "NATS/1.0\r\nNats-Msg-Id: no-uuid\r\nPlanetstore-Proof: x\r\nPlanetstore-Proof: y\r\n\r\n",
        "NATS/1.0\r\nNats-Sequence: 1\r\nNats-Subject: forged\r\n\r\n",
        "NATS/1.0 404 No Messages\r\n\r\n",
        "NATS/1.0 100 Idle Heartbeat\r\n\r\n",
        "NATS/1.0 204 EOB\r\nNats-Num-Pending: 0\r\n\r\n",
        "NATS/1.0 503\r\n\r\n",
    ];
    for head in heads {
        publish_raw(&fixture, subject, head, "stray").await;
    }
    let last = 3 + heads.len() as u64;
    log.append(last, &messages(2)).await.unwrap();

    let by_get = log.read(1, 100, usize::MAX).await.unwrap();
    let mut in_bites = Vec::new();
    for from in 1..=last + 2 {
        in_bites.extend(log.read(from, 1, usize::MAX).await.unwrap());
    }
    let mut follow = log.follow(1);
    let mut followed = Vec::new();
    for _ in 1..=last + 2 {
        followed.push(patiently(follow.next()).await.unwrap().unwrap());
    }
    assert_eq!((in_bites == by_get, followed == by_get), (true, true), "{by_get:?} {in_bites:?} {followed:?}");
    assert_eq!(by_get[1].message(), proven);
    for (sequence, stored) in (1..).zip(&by_get) {
        assert_eq!((stored.sequence, stored.subject.as_str()), (sequence, subject));
        let is_stray = (3..=last).contains(&sequence);
        assert_eq!((stored.id == EventId::NONE, &stored.payload[..] == b"stray"), (is_stray, is_stray));
    }
    assert_eq!(by_get[3].proof.as_deref(), Some("x"));
    fixture.stop().await;
}
