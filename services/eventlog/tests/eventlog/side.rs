//! A stream beside the log that keeps its newest messages.

use std::time::Duration;

use bytes::Bytes;
use eventlog::server::{Role, Server};
use eventlog::{Log, SideLimits, SideStream};

use crate::support::{Fixture, messages, region, server_options};

const LIMITS: SideLimits = SideLimits { replicas: 1, bytes_max: 1 << 20, age_max: Duration::from_hours(1) };

async fn open(fixture: &Fixture, limits: SideLimits) -> SideStream {
    SideStream::open(fixture.client(&Role::Gateway).await, &region(), limits).await.unwrap()
}

#[tokio::test]
async fn messages_are_there_by_their_sequences_and_survive_a_restart() {
    let fixture = Fixture::start().await;
    let log = fixture.log().await;
    log.append(0, &messages(1)).await.unwrap();
    let stream = open(&fixture, LIMITS).await;
    assert_eq!(stream.ends().await.unwrap().1, 0);
    assert_eq!(stream.append("a".into()).await.unwrap(), 1);
    assert_eq!(stream.append("b".into()).await.unwrap(), 2);
    assert_eq!(stream.get(2).await.unwrap(), Some(Bytes::from("b")));
    assert_eq!(stream.get(3).await.unwrap(), None);
    assert_eq!(log.tail().await.unwrap().last_sequence, 1, "none of it is on the log");
    let folder = fixture.stop().await;
    let server = Server::start(server_options(folder.path())).await.unwrap();
    let fixture = Fixture { server, folder };
    let stream = open(&fixture, LIMITS).await;
    assert_eq!((stream.ends().await.unwrap(), stream.get(1).await.unwrap()), ((1, 2), Some(Bytes::from("a"))));
    fixture.stop().await;
}

#[tokio::test]
async fn the_oldest_messages_make_way_and_limits_may_change() {
    let fixture = Fixture::start().await;
    let stream = open(&fixture, LIMITS).await;
    // Text that does not shrink.
    let message = |number: u32| {
        let text = (0..100_000_u32).map(|at| at.wrapping_mul(2_654_435_761).wrapping_add(number).to_le_bytes()[2]);
        Bytes::from(text.collect::<Vec<_>>())
    };
    for number in 0..30 {
        stream.append(message(number)).await.unwrap();
    }
    let (first, last) = stream.ends().await.unwrap();
    assert_eq!(last, 30);
    assert!((20..=29).contains(&first), "{first}");
    assert_eq!((stream.get(1).await.unwrap(), stream.get(30).await.unwrap()), (None, Some(message(29))));
    let stream = open(&fixture, SideLimits { bytes_max: 300_000, ..LIMITS }).await;
    let (first, last) = stream.ends().await.unwrap();
    assert!(last == 30 && first >= 27, "{first}");
    fixture.stop().await;
}
