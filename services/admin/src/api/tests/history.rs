//! Events over HTTP: who sees which, in pages and as a stream.

use std::time::Duration;

use axum::body::Body;
use domain::{Command, DeleteObject, IdentityCommand, NewBody, Precondition, RenameObject, View};
use events::ids::{BucketName, ObjectKey};
use events::user::Role;
use http::StatusCode;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use testkit::commands::{create_bucket_of, put_object};

use super::store::{Answered, Store};
use crate::api::method::Method::{Delete, Get, Put};

/// Time that anything a test waits for may take.
const PATIENCE: Duration = Duration::from_secs(30);

fn bucket(name: &str) -> BucketName {
    name.parse().unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::from_bytes(text.as_bytes()).unwrap()
}

fn put(name: &str, text: &str) -> Command {
    Command::PutObject(Box::new(put_object(bucket(name), key(text), 0, NewBody::Empty)))
}

/// A store with two buckets of nobody who asks, and objects in both. `ada` has nothing, `lou` may list what begins with
/// `a/` in `first`, `bea` may read all events, and `out` may list everything but is kept from events.
struct World {
    store: Store,
    root: String,
}

impl World {
    async fn new() -> Self {
        let store = Store::new().await;
        for name in ["ada", "lou", "bea", "out"] {
            store.user(name, Role::User).await;
        }
        let root = store.token("root").await;
        let world = Self { store, root };
        let allow = |action: &str, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
        let mut lists = allow("s3:ListBucket", "arn:aws:s3:::first");
        lists["Condition"] = json!({ "StringLike": { "s3:prefix": "a/*" } });
        let everything = allow("s3:*", "*");
        let kept = json!({ "Effect": "Deny", "Action": "planetstore:*", "Resource": "*" });
        world.give("lou", json!([lists])).await;
        world.give("bea", json!([allow("planetstore:ReadEvents", "*")])).await;
        world.give("out", json!([everything, kept])).await;
        for name in ["first", "other"] {
            world.store.commit_any(create_bucket_of(bucket(name), "owner", false)).await;
            for text in ["a/1", "b/1"] {
                world.store.commit_any(put(name, text)).await;
            }
        }
        world
    }

    async fn give(&self, user: &str, statements: Value) {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        for (path, document) in
            [(format!("/policies/of-{user}"), document), (format!("/policies/of-{user}/users/{user}"), Value::Null)]
        {
            let answer = self.store.ask(Put, &format!("/api/v1{path}"), &self.root, &document).await;
            assert!(answer.status.is_success(), "{answer:?}");
        }
    }

    async fn events(&self, user: &str, query: &str) -> Answered {
        let token = self.store.token(user).await;
        self.store.ask(Get, &format!("/api/v1/events?{query}"), &token, &Value::Null).await
    }

    /// What somebody sees of objects, as `bucket/key`.
    async fn sees(&self, user: &str) -> Vec<String> {
        let answer = self.events(user, "limit=1000").await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let of_object =
            |event: &Value| Some(format!("{}/{}", event["data"]["bucket"].as_str()?, event["subject"].as_str()?));
        answer.body.as_array().unwrap().iter().filter_map(of_object).collect()
    }

    async fn rename(&self, name: &str, from: &str, to: &str) {
        let state = self.store.state().await;
        let row = state.bucket(&bucket(name)).unwrap().unwrap();
        let found = domain::newest_version(&**state, row.id, &key(from)).unwrap().unwrap();
        let rename = RenameObject {
            bucket: bucket(name),
            source: key(from),
            looked_at: Some((found.version, found.object.unwrap().size)),
            key: key(to),
            precondition: Precondition::default(),
            client_token: None,
        };
        self.store.commit_any(Command::RenameObject(Box::new(rename))).await;
    }
}

#[tokio::test]
async fn a_page_is_a_batch_of_events_and_says_where_the_next_one_is() {
    let world = World::new().await;
    let first = world.events("root", "type=object&limit=3").await;
    assert_eq!(first.headers["content-type"], "application/cloudevents-batch+json");
    assert_eq!(first.body.as_array().unwrap().len(), 3);
    assert_eq!(first.body[0]["specversion"], "1.0");
    let link = first.headers["link"].to_str().unwrap();
    let next = link.strip_prefix("</api/v1/events?").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
    let second = world.events("root", next).await;
    assert_eq!(second.body.as_array().unwrap().len(), 1);
    assert_eq!(second.body[0]["subject"], "b/1");
    assert_eq!(second.headers["x-planetstore-next"], second.headers["x-planetstore-sequence"]);
    for (query, code) in [
        ("after=100000", "beyond_the_log"),
        ("after=x", "invalid_request"),
        ("since=2h", "invalid_request"),
        ("type=nothing", "invalid_request"),
        ("colour=red", "invalid_request"),
    ] {
        let refused = world.events("root", query).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, code), "{query}");
    }
    assert_eq!(world.events("root", "since=1970-01-01T00:00:00Z&bucket=absent").await.body, json!([]));
}

#[tokio::test]
async fn everybody_sees_what_they_may_list_and_no_more() {
    let world = World::new().await;
    let all = ["first/a/1", "first/b/1", "other/a/1", "other/b/1"];
    assert_eq!(world.sees("root").await, all);
    assert_eq!(world.sees("bea").await, all);
    assert_eq!(world.sees("ada").await, [""; 0]);
    assert_eq!(world.sees("lou").await, ["first/a/1"]);
    let denied = world.events("out", "").await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    assert!(denied.body["message"].as_str().unwrap().contains("planetstore:ReadEvents"), "{denied:?}");

    // Both keys of a rename have to be among what they may list.
    world.rename("first", "b/1", "a/from-b").await;
    world.rename("first", "a/1", "a/2").await;
    assert_eq!(world.sees("lou").await, ["first/a/1", "first/a/2"]);

    // Only what is about a key is theirs: neither buckets nor users nor the region.
    let types = |answer: &Answered| -> Vec<String> {
        answer.body.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    assert!(types(&world.events("lou", "").await).iter().all(|name| name.contains(".object.")));
    let seen = types(&world.events("bea", "limit=1000").await);
    for noun in ["bucket", "user", "policy"] {
        assert!(seen.iter().any(|name| name.contains(&format!(".{noun}."))), "{noun}");
    }
    assert!(!seen.iter().any(|name| name.contains(".session.") || name.contains(".secret.")));
}

#[tokio::test]
async fn a_right_counts_from_now_and_shows_nothing_of_an_earlier_bucket() {
    let world = World::new().await;
    world.give("ada", json!([{ "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::gone" }])).await;
    let make = create_bucket_of(bucket("gone"), "owner", false);
    world.store.commit_any(make).await;
    world.store.commit_any(put("gone", "theirs")).await;
    assert_eq!(world.sees("ada").await, ["gone/theirs"]);
    world.rename("gone", "theirs", "still-theirs").await;
    world.store.commit_any(DeleteObject::new(bucket("gone"), key("still-theirs"), None).into()).await;
    world.store.commit_any(Command::DeleteBucket { bucket: bucket("gone") }).await;
    assert_eq!(world.sees("ada").await, [""; 0], "there is no such bucket");
    world.store.commit_any(create_bucket_of(bucket("gone"), "another", false)).await;
    world.store.commit_any(put("gone", "mine")).await;
    assert_eq!(world.sees("ada").await, ["gone/mine"]);
    let answer = world.store.ask(Delete, "/api/v1/policies/of-ada/users/ada", &world.root, &Value::Null).await;
    assert!(answer.status.is_success());
    assert_eq!(world.sees("ada").await, [""; 0]);
}

#[tokio::test]
async fn a_user_does_not_learn_whether_bytes_were_stored_already() {
    let world = World::new().await;
    let body = |n| testkit::commands::staged(testkit::commands::content(7, n));
    for (name, text, n) in [("other", "theirs", 1), ("first", "a/same", 2)] {
        let put = put_object(bucket(name), key(text), 9, body(n));
        world.store.commit_any(Command::PutObject(Box::new(put))).await;
    }
    let of = |answer: Answered| {
        answer.body.as_array().unwrap().iter().map(|event| event["data"]["body"].clone()).next_back()
    };
    let told = of(world.events("bea", "prefix=a/same").await).unwrap();
    assert_eq!(told["kind"], "known", "they were there");
    let shown = of(world.events("lou", "prefix=a/same").await).unwrap();
    assert_ne!(shown["content"], told["content"]);
    world
        .store
        .commit_any(Command::PutObject(Box::new(put_object(
            bucket("first"),
            key("a/same"),
            9,
            testkit::commands::staged(testkit::commands::content(8, 3)),
        ))))
        .await;
    assert_eq!(of(world.events("bea", "prefix=a/same").await).unwrap()["kind"], "stored");
    assert_eq!(of(world.events("lou", "prefix=a/same").await).unwrap(), shown, "new bytes look the same");
}

/// The messages of a stream.
struct Messages {
    body: Body,
    text: String,
}

impl Messages {
    fn of(body: Body) -> Self {
        Self { body, text: String::new() }
    }

    /// The next message; `None` at the end of the stream.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let (message, rest) = (message.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(message);
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame()).await.expect("the stream says nothing")?;
            self.text += std::str::from_utf8(frame.unwrap().data_ref().unwrap()).unwrap();
        }
    }

    /// The id and the key of the next message, an event about an object.
    async fn event(&mut self) -> (u64, String) {
        let message = self.next().await.unwrap();
        let (id, data) = message.split_once("\ndata: ").unwrap_or_else(|| panic!("{message}"));
        let event: Value = serde_json::from_str(data).unwrap();
        let id: u64 = id.strip_prefix("id: ").unwrap().parse().unwrap();
        assert_eq!(event["sequence"], format!("{id:020}"));
        (id, event["subject"].as_str().unwrap().to_owned())
    }
}

#[tokio::test]
async fn a_stream_goes_from_what_was_to_what_comes_and_a_client_that_comes_back_misses_nothing() {
    let world = World::new().await;
    let token = world.store.token("root").await;
    let path = "/api/v1/events/stream?after=0&type=object&bucket=first";
    let mut stream = Messages::of(world.store.stream(path, &token, None).await);
    assert_eq!(stream.next().await.unwrap(), "retry: 2000\nid: 0");
    assert_eq!(stream.event().await.1, "a/1");
    let (last, _) = stream.event().await;
    world.store.commit_any(put("other", "c")).await;
    world.store.commit_any(put("first", "c")).await;
    assert_eq!(stream.event().await.1, "c");
    drop(stream);
    world.store.commit_any(put("first", "d")).await;
    let mut stream = Messages::of(world.store.stream(path, &token, Some(&last.to_string())).await);
    stream.next().await.unwrap();
    assert_eq!((stream.event().await.1, stream.event().await.1), ("c".into(), "d".into()));

    // Without a beginning it is from now on.
    let mut stream = Messages::of(world.store.stream("/api/v1/events/stream", &token, None).await);
    stream.next().await.unwrap();
    world.store.commit_any(put("first", "e")).await;
    assert_eq!(stream.event().await.1, "e");
}

#[tokio::test]
async fn a_stream_shows_what_its_reader_may_see_then_and_ends_with_the_session() {
    let world = World::new().await;
    let token = world.store.token("lou").await;
    let mut stream = Messages::of(world.store.stream("/api/v1/events/stream?after=0", &token, None).await);
    stream.next().await.unwrap();
    assert_eq!(stream.event().await.1, "a/1");
    for (name, text) in [("first", "b/2"), ("other", "a/2"), ("first", "a/2")] {
        world.store.commit_any(put(name, text)).await;
    }
    assert_eq!(stream.event().await.1, "a/2", "of the first bucket");
    // The right is taken away and given for another prefix.
    let lists = json!({ "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::first",
        "Condition": { "StringLike": { "s3:prefix": "b/*" } } });
    world.give("lou", json!([lists])).await;
    for text in ["a/3", "b/3"] {
        world.store.commit_any(put("first", text)).await;
    }
    assert_eq!(stream.event().await.1, "b/3");
    world.store.commit(IdentityCommand::RevokeSessions { user: "lou".parse().unwrap(), session: None }).await;
    let end = stream.next().await.unwrap();
    assert!(end.starts_with("event: end\ndata: ") && end.contains("\"unauthenticated\""), "{end}");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn positions_of_no_event_are_refused() {
    let world = World::new().await;
    let token = world.store.token("root").await;
    let answer = world.store.ask(Get, "/api/v1/events/stream?after=100000", &token, &Value::Null).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "beyond_the_log"));
    for id in ["x", "-1", "100000"] {
        let request = http::Request::builder()
            .uri("/api/v1/events/stream")
            .header("authorization", format!("Bearer {token}"))
            .header("last-event-id", id);
        let answer = world.store.raw(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{id}");
    }
}
