//! Events over a WebSocket: who sees which, from where on, how many, and what a slow reader costs.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use domain::{Command, IdentityCommand, NewBody};
use events::ids::{BucketName, ObjectKey};
use events::user::Role;
use futures_util::{SinkExt, StreamExt};
use http::StatusCode;
use jiff::SignedDuration;
use listener::{Limits, Listener};
use serde_json::{Value, json};
use testkit::commands::{create_bucket_of, put_object};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::store::{Store, pass};
use crate::console::LIMITS;

/// Time that anything a test waits for may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long nothing happens in a test of that.
const QUIET: Duration = Duration::from_millis(400);

/// Clients that read nothing while others do. By hand there are a thousand; of all those, so many are read in the end.
const SLOW_READERS: usize = 20;
const SLOW_READERS_ENV: &str = "PLANETSTORE_SLOW_READERS";

fn bucket(name: &str) -> BucketName {
    name.parse().unwrap()
}

fn put(name: &str, text: &str) -> Command {
    let key = ObjectKey::from_bytes(text.as_bytes()).unwrap();
    Command::PutObject(Box::new(put_object(bucket(name), key, 0, NewBody::Empty)))
}

/// A store behind a socket, with two buckets.
pub(super) struct World {
    pub(super) store: Store,
    address: SocketAddr,
    pub(super) root: String,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(LIMITS).await
    }

    async fn with(limits: Limits) -> Self {
        let store = Store::new().await;
        for name in ["first", "other"] {
            store.commit_any(create_bucket_of(bucket(name), "owner", false)).await;
        }
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        tokio::spawn(Listener::new("console", socket, limits).serve(store.routes(), std::future::pending()));
        let root = store.token("root").await;
        Self { store, address, root }
    }

    /// Puts objects of these keys, many in one append, and returns the sequence of the last.
    async fn put_many(&self, keys: impl Iterator<Item = String>) -> u64 {
        let puts = keys.map(|key| self.store.commit_any(put("first", &key)));
        futures_util::stream::iter(puts).buffered(256).collect::<Vec<()>>().await;
        self.store.events().await
    }

    async fn connect(&self, origin: Option<&str>, protocol: Option<&str>) -> Result<Client, StatusCode> {
        let mut request = format!("ws://{}/api/v1/ws", self.address).into_client_request().unwrap();
        for (name, value) in [("origin", origin), ("sec-websocket-protocol", protocol)] {
            if let Some(value) = value {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        match patiently(client_async(request, stream)).await {
            Ok((socket, response)) => {
                assert_eq!(response.headers()["sec-websocket-protocol"], "cloudevents.json");
                Ok(Client { socket })
            }
            Err(Error::Http(response)) => Err(response.status()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A connection of somebody.
    pub(super) async fn client(&self, token: &str) -> Client {
        let mut client = self.connect(None, Some("cloudevents.json")).await.unwrap();
        client.send(&json!({ "op": "authenticate", "token": token })).await;
        let said = client.next().await;
        assert_eq!(said["type"], "io.planetstore.feed.authenticated.v1", "{said}");
        client
    }

    /// A connection of root that follows events.
    async fn follower(&self, more: &Value) -> Client {
        let mut client = self.client(&self.root).await;
        client.subscribe("s1", more).await;
        client
    }
}

pub(super) struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    pub(super) async fn send(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The next message; `null` at the end of the connection.
    pub(super) async fn next(&mut self) -> Value {
        loop {
            match patiently(self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let event: Value = serde_json::from_str(&text).unwrap();
                    assert_eq!((&event["specversion"], event["id"].is_string()), (&json!("1.0"), true), "{event}");
                    return event;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Value::Null,
                Some(Ok(other)) => panic!("{other}"),
            }
        }
    }

    /// The next message, of this kind of what the feed says of itself.
    pub(super) async fn told(&mut self, kind: &str) -> Value {
        let said = self.next().await;
        assert_eq!(said["type"], format!("io.planetstore.feed.{kind}.v1"), "{said}");
        said["data"].clone()
    }

    /// The sequence and the key of the next message, an event about an object.
    async fn event(&mut self) -> (u64, String) {
        let event = self.next().await;
        let sequence: u64 = event["streamsequence"].as_str().unwrap_or_else(|| panic!("{event}")).parse().unwrap();
        assert_eq!(event["sequence"], format!("{sequence:020}"));
        (sequence, event["subject"].as_str().unwrap().to_owned())
    }

    /// Subscribes to events, and returns the position.
    async fn subscribe(&mut self, id: &str, more: &Value) -> u64 {
        let mut message = json!({ "op": "subscribe", "id": id, "source": "events" });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.send(&message).await;
        self.told("subscribed").await["sequence"].as_u64().unwrap()
    }
}

/// Fails the test, in place of letting it wait for ever.
pub(super) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("what the test waits for does not happen")
}

#[tokio::test]
async fn only_its_own_pages_and_programs_are_let_in_and_only_by_the_protocol() {
    let world = World::new().await;
    let own = format!("http://{}", world.address);
    let protocol = Some("cloudevents.json");
    assert!(world.connect(None, protocol).await.is_ok());
    assert!(world.connect(Some(&own), Some("x, cloudevents.json")).await.is_ok());
    assert_eq!(world.connect(Some("http://evil.example"), protocol).await.err(), Some(StatusCode::FORBIDDEN));
    assert_eq!(world.connect(Some("null"), protocol).await.err(), Some(StatusCode::FORBIDDEN));
    for wrong in [None, Some("x")] {
        assert_eq!(world.connect(None, wrong).await.err(), Some(StatusCode::BAD_REQUEST));
    }
    let plain = world.store.ask(crate::api::method::Method::Get, "/api/v1/ws", &world.root, &Value::Null).await;
    assert_eq!((plain.status, plain.code()), (StatusCode::UPGRADE_REQUIRED, "upgrade_required"));
}

#[tokio::test]
async fn a_client_says_who_it_is_before_anything_else() {
    let world = World::new().await;
    for (said, code) in [
        (json!({ "op": "subscribe", "id": "s1", "source": "events" }), "unauthenticated"),
        (json!({ "op": "authenticate", "token": "a.b.c" }), "unauthenticated"),
        (json!({ "op": "authenticate", "token": "a\nb" }), "unauthenticated"),
        (json!({ "op": "authenticate" }), "invalid_request"),
    ] {
        let mut client = world.connect(None, Some("cloudevents.json")).await.unwrap();
        client.send(&said).await;
        assert_eq!(client.told("ended").await["code"], code, "{said}");
        assert_eq!(client.next().await, Value::Null);
    }
    // Whoever says nothing is let go: with nothing else to do, time passes at once.
    let mut client = world.connect(None, Some("cloudevents.json")).await.unwrap();
    tokio::time::pause();
    assert_eq!(client.told("ended").await["code"], "unauthenticated");
}

#[tokio::test]
async fn events_come_from_what_was_to_what_comes_and_whoever_comes_back_misses_nothing() {
    let world = World::new().await;
    world.put_many(["a", "b"].map(str::to_owned).into_iter()).await;
    let filter = json!({ "after": 0, "filter": { "type": "object", "bucket": "first" } });
    let mut client = world.follower(&filter).await;
    assert_eq!(client.event().await.1, "a");
    let (last, _) = client.event().await;
    world.store.commit_any(put("other", "c")).await;
    world.store.commit_any(put("first", "c")).await;
    assert_eq!(client.event().await.1, "c");
    drop(client);
    world.store.commit_any(put("first", "d")).await;
    let again = json!({ "after": last.to_string(), "filter": { "type": "object", "bucket": "first" } });
    let mut client = world.follower(&again).await;
    assert_eq!((client.event().await.1, client.event().await.1), ("c".into(), "d".into()));

    // Without a beginning it is from now on, and by a time from then on.
    let mut client = world.client(&world.root).await;
    client.subscribe("now", &json!({})).await;
    let since = super::store::now() - SignedDuration::from_hours(1);
    client.subscribe("then", &json!({ "since": since.to_string(), "filter": { "prefix": "e" } })).await;
    world.store.commit_any(put("first", "e")).await;
    let both = [client.next().await, client.next().await];
    let of: BTreeSet<_> = both.iter().map(|event| event["subscription"].as_str().unwrap()).collect();
    assert_eq!((of, &both[0]["subject"]), (["now", "then"].into(), &json!("e")));

    for (more, code) in [
        (json!({ "after": 100_000 }), "beyond_the_log"),
        (json!({ "filter": { "type": "nothing" } }), "invalid_request"),
        (json!({ "id": "now" }), "conflict"),
        (json!({ "since": "2h" }), "invalid_request"),
    ] {
        let mut message = json!({ "op": "subscribe", "id": "s9", "source": "events" });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.send(&message).await;
        assert_eq!(client.told("refused").await["code"], code, "{more}");
    }
}

#[tokio::test]
async fn a_reader_sees_what_they_may_see_then_and_the_end_of_the_session_ends_it() {
    let world = World::new().await;
    world.store.user("lou", Role::User).await;
    let give = async |prefix: &str| {
        let lists = json!({ "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::first",
            "Condition": { "StringLike": { "s3:prefix": prefix } } });
        let document = json!({ "Version": "2012-10-17", "Statement": [lists] });
        for (path, document) in
            [("/api/v1/policies/of-lou", document), ("/api/v1/policies/of-lou/users/lou", Value::Null)]
        {
            let put = crate::api::method::Method::Put;
            assert!(world.store.ask(put, path, &world.root, &document).await.status.is_success());
        }
    };
    give("a/*").await;
    let mut client = world.client(&world.store.token("lou").await).await;
    client.subscribe("s1", &json!({ "after": 0 })).await;
    for (name, text) in [("first", "b/1"), ("other", "a/1"), ("first", "a/1")] {
        world.store.commit_any(put(name, text)).await;
    }
    assert_eq!(client.event().await.1, "a/1");
    give("b/*").await;
    world.put_many(["a/2", "b/2"].map(str::to_owned).into_iter()).await;
    assert_eq!(client.event().await.1, "b/2");
    // A token of somebody else does not make lou somebody else.
    client.send(&json!({ "op": "authenticate", "token": world.store.token("lou").await })).await;
    assert_eq!(client.told("authenticated").await["user"], "lou");
    world.store.commit(IdentityCommand::RevokeSessions { user: "lou".parse().unwrap(), session: None }).await;
    world.store.commit_any(put("first", "b/3")).await;
    assert_eq!(client.told("ended").await["code"], "unauthenticated");
    assert_eq!(client.next().await, Value::Null);

    let mut client = world.client(&world.root).await;
    client.send(&json!({ "op": "authenticate", "token": world.store.token("lou").await })).await;
    assert_eq!(client.told("ended").await["code"], "forbidden");
}

#[tokio::test]
async fn a_token_that_expires_ends_the_connection_also_if_nothing_happens() {
    let world = World::new().await;
    let mut client = world.follower(&json!({})).await;
    pass(SignedDuration::from_hours(2));
    tokio::time::pause();
    assert_eq!(client.told("ended").await["code"], "unauthenticated");
}

#[tokio::test]
async fn a_position_is_told_although_nothing_comes() {
    let world = World::new().await;
    let mut client = world.follower(&json!({ "filter": { "bucket": "other" } })).await;
    let last = world.put_many(["a".to_owned()].into_iter()).await;
    tokio::time::pause();
    let mut told = 0;
    while told < last {
        told = client.told("position").await["sequence"].as_u64().unwrap();
    }
    assert_eq!(told, last);
}

#[tokio::test]
async fn a_connection_has_some_subscriptions_and_each_ends_alone() {
    let world = World::new().await;
    let mut client = world.client(&world.root).await;
    for number in 0..16 {
        client.subscribe(&format!("s{number}"), &json!({})).await;
    }
    client.send(&json!({ "op": "subscribe", "id": "s16", "source": "events" })).await;
    assert_eq!(client.told("refused").await["code"], "too_many_subscriptions");
    for number in 1..16 {
        client.send(&json!({ "op": "unsubscribe", "id": format!("s{number}") })).await;
        assert_eq!(client.told("ended").await["code"], "unsubscribed");
    }
    client.send(&json!({ "op": "unsubscribe", "id": "s1" })).await;
    assert_eq!(client.told("refused").await["code"], "not_found");
    client.send(&json!("?")).await;
    assert_eq!(client.told("refused").await["code"], "invalid_request");
    world.put_many(["a".to_owned(), "b".to_owned()].into_iter()).await;
    assert_eq!((client.event().await.1, client.event().await.1), ("a".into(), "b".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_few_gets_few_and_an_honest_count_of_the_others() {
    const COUNT: usize = 1_000;
    let world = World::new().await;
    let mut client = world.follower(&json!({ "max_per_second": 20, "filter": { "type": "object" } })).await;
    let last = world.put_many((0..COUNT).map(|number| number.to_string())).await;
    let (mut events, mut skipped) = (0_usize, 0);
    while events as u64 + skipped < COUNT as u64 {
        let said = client.next().await;
        if said["type"] == "io.planetstore.feed.skipped.v1" {
            skipped += said["data"]["count"].as_u64().unwrap();
            assert!(said["data"]["until"].as_u64().unwrap() <= last);
        } else {
            assert!(said["streamsequence"].is_string(), "{said}");
            events += 1;
        }
    }
    assert_eq!(events as u64 + skipped, COUNT as u64);
    assert!((5..COUNT / 2).contains(&events), "{events} came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_happens_the_log_is_asked_nothing() {
    let world = World::new().await;
    let mut clients = Vec::new();
    for _ in 0..50 {
        clients.push(world.follower(&json!({})).await);
    }
    let asked = world.store.log().asked();
    tokio::time::sleep(QUIET).await;
    assert_eq!(world.store.log().asked(), asked, "nothing happens");
    world.store.commit_any(put("first", "key")).await;
    for client in &mut clients {
        assert_eq!(client.event().await.1, "key");
    }
    assert_eq!(world.store.log().asked(), asked, "what comes is pushed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_take_no_place_of_requests() {
    let world = World::with(Limits { connections_max: 2, connections_per_address_max: 2, ..LIMITS }).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(world.follower(&json!({})).await);
    }
    world.store.commit_any(put("first", "key")).await;
    for client in &mut clients {
        assert_eq!(client.event().await.1, "key");
    }
    let full = World::with(Limits { followers_max: 1, ..LIMITS }).await;
    let _first = full.client(&full.root).await;
    let mut second = full.connect(None, Some("cloudevents.json")).await.unwrap();
    second.send(&json!({ "op": "authenticate", "token": full.root })).await;
    assert_eq!(second.told("ended").await["code"], "unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_hold_up_nobody_are_told_how_far_they_fell_behind_and_miss_nothing() {
    const EVENTS: usize = 5_000;
    let readers = std::env::var(SLOW_READERS_ENV).map_or(SLOW_READERS, |text| text.parse().unwrap());
    let world = World::new().await;
    let before = world.store.events().await;
    let mut slow = Vec::new();
    for _ in 0..readers {
        slow.push(world.follower(&json!({ "after": before })).await);
    }
    let quick = world.follower(&json!({ "after": before })).await;
    let memory = resident_bytes();
    let begun = Instant::now();
    let (last, ()) = tokio::join!(world.put_many((0..EVENTS).map(|number| format!("{number:0900}"))), async {
        let mut quick = quick;
        let mut next = before + 1;
        while next <= before + EVENTS as u64 {
            let event = quick.next().await;
            // Whoever is quick may be told that it was not for a moment, and misses nothing either.
            if let Some(sequence) = event["streamsequence"].as_str() {
                assert_eq!(sequence, next.to_string());
                next += 1;
            }
        }
    });
    let (took, grown) = (begun.elapsed(), resident_bytes().saturating_sub(memory));
    eprintln!(
        "{readers} slow readers: {EVENTS} events in {took:?}, {} KiB more a reader",
        grown / 1024 / readers as u64
    );
    assert_eq!(last, before + EVENTS as u64);
    let mut was_told = 0;
    for reader in slow.iter_mut().take(SLOW_READERS) {
        let (mut next, mut behind) = (before + 1, 0);
        while next <= last {
            let event = reader.next().await;
            if let Some(sequence) = event["streamsequence"].as_str() {
                assert_eq!(sequence, next.to_string());
                next += 1;
            } else {
                behind = behind.max(event["data"]["entries"].as_u64().unwrap_or_default());
            }
        }
        was_told += usize::from(behind > 0);
    }
    assert!(was_told > SLOW_READERS / 2, "{was_told} were told that they fell behind");
}

/// Memory of this process, with everything that tests hold.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_connection_ends_with_the_ledger() {
    let world = World::new().await;
    let mut client = world.client(&world.root).await;
    world.store.ledger.stop().await;
    assert_eq!(client.told("ended").await["code"], "unavailable");
    assert_eq!(client.next().await, Value::Null);
}
