//! Who did what: who is found, by which name, and who may see it.

use domain::{Command, DeleteObject, NewBody};
use events::Origin;
use events::ids::{AuthType, BucketName, ObjectKey, Principal};
use events::user::Role;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::commands::{create_bucket_of, put_object};

use super::store::{ROOT_KEY, Store};
use crate::api::method::Method::{Delete, Get, Post, Put};

/// Where all of it comes from.
const ADDRESS: &str = "192.0.2.7";

fn bucket(name: &str) -> BucketName {
    name.parse().unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::from_bytes(text.as_bytes()).unwrap()
}

fn put(name: &str, text: &str) -> Command {
    Command::PutObject(Box::new(put_object(bucket(name), key(text), 0, NewBody::Empty)))
}

async fn by_key(store: &Store, access_key: &str, command: Command) -> u64 {
    let principal = Principal { kind: AuthType::ApiKey, id: access_key.into() };
    let origin =
        Origin { principal, request_id: "REQUEST7".into(), traceparent: None, address: Some(ADDRESS.parse().unwrap()) };
    store.ledger.commit(command, origin).await.unwrap().sequence
}

async fn must(store: &Store, method: crate::api::method::Method, path: &str, document: Value) -> Value {
    let root = store.token("root").await;
    let answer = store.ask(method, &format!("/api/v1{path}"), &root, &document).await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer.body
}

/// What somebody finds, by sequence.
async fn found(store: &Store, user: &str, query: &str) -> Vec<u64> {
    let token = store.token(user).await;
    let answer = store.ask(Get, &format!("/api/v1/audit?{query}"), &token, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{query} as {user}: {answer:?}");
    let entries = answer.body["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect()
}

/// A store in which `ada` wrote with a key of hers that is gone since, and root with root's.
struct World {
    store: Store,
    adas_key: String,
    by_ada: [u64; 2],
    by_root: [u64; 2],
}

async fn world() -> World {
    let store = Store::new().await;
    for name in ["ada", "lou"] {
        store.user(name, Role::User).await;
    }
    let made = must(&store, Post, "/users/ada/keys", json!({})).await;
    let adas_key = made["access_key"].as_str().unwrap().to_owned();
    store.commit_any(create_bucket_of(bucket("first"), "owner", false)).await;
    let put_it = by_key(&store, &adas_key, put("first", "a/1")).await;
    let over_it = by_key(&store, ROOT_KEY, put("first", "a/1")).await;
    let other = by_key(&store, ROOT_KEY, put("first", "b/1")).await;
    let gone = by_key(&store, &adas_key, DeleteObject::new(bucket("first"), key("a/1"), None).into()).await;
    must(&store, Delete, &format!("/users/ada/keys/{adas_key}"), Value::Null).await;
    World { store, adas_key, by_ada: [gone, put_it], by_root: [other, over_it] }
}

#[tokio::test]
async fn events_are_found_by_who_caused_them_and_by_what_they_are_about() {
    let World { store, adas_key, by_ada, by_root } = world().await;
    assert_eq!(found(&store, "root", "user=ada&bucket=first").await, by_ada, "though the key is nobody's now");
    assert_eq!(found(&store, "root", &format!("access_key={adas_key}")).await, by_ada);
    assert_eq!(found(&store, "root", "user=root&bucket=first").await, by_root);
    let about = [by_ada[0], by_root[1], by_ada[1]];
    assert_eq!(found(&store, "root", "bucket=first&key=a/1").await, about);
    assert_eq!(found(&store, "root", "bucket=first&prefix=a/").await, about);
    assert_eq!(found(&store, "root", "bucket=first&key=a/1&user=root").await, [by_root[1]]);
    assert_eq!(found(&store, "root", "bucket=first&key=none").await, [0; 0]);
    // Page by page, the newest first.
    let token = store.token("root").await;
    let page = |query: String| {
        let (store, token) = (&store, &token);
        async move { store.ask(Get, &format!("/api/v1/audit?{query}"), token, &Value::Null).await.body }
    };
    let first = page("bucket=first&key=a/1&limit=2".into()).await;
    assert_eq!(first["entries"].as_array().unwrap().len(), 2);
    let second = page(format!("bucket=first&key=a/1&limit=2&before={}", first["next"])).await;
    assert_eq!(second["entries"][0]["sequence"], by_ada[1]);
    let newest = &first["entries"][0];
    assert_eq!((&newest["user"], &newest["key"]), (&json!("ada"), &json!(adas_key)));
    assert_eq!((&newest["type"], &newest["subject"]), (&json!("io.planetstore.object.deleted.v1"), &json!("a/1")));
    assert_eq!((&newest["request"], &newest["address"]), (&json!("REQUEST7"), &json!(ADDRESS)));
    assert!(newest["summary"].as_str().unwrap().starts_with("deleted the version "), "{newest}");
    assert_eq!(first["entries"][1]["user"], "root");
    // The page of events knows it, too.
    let events = store.ask(Get, "/api/v1/events?user=ada&bucket=first", &token, &Value::Null).await.body;
    let shown: Vec<_> = events.as_array().unwrap().iter().map(|event| &event["authuser"]).collect();
    assert_eq!(shown, ["ada", "ada"]);
}

#[tokio::test]
async fn whoever_may_not_read_all_events_finds_those_of_keys_that_they_may_list() {
    let World { store, by_ada, by_root, .. } = world().await;
    let document = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::first",
        "Condition": { "StringLike": { "s3:prefix": "a/*" } },
    }});
    must(&store, Put, "/policies/lists", document).await;
    must(&store, Put, "/policies/lists/users/lou", Value::Null).await;
    assert_eq!(found(&store, "lou", "bucket=first").await, [by_ada[0], by_root[1], by_ada[1]]);
    assert_eq!(found(&store, "lou", "").await.len(), 3);
    // Where others are is not theirs to know.
    let token = store.token("lou").await;
    for path in ["audit?bucket=first", "events?bucket=first"] {
        let shown = store.ask(Get, &format!("/api/v1/{path}"), &token, &Value::Null).await.body.to_string();
        assert!(shown.contains("a/1") && !shown.contains(ADDRESS), "{shown}");
    }
    let events = store.ask(Get, "/api/v1/events?bucket=first", &store.token("root").await, &Value::Null).await.body;
    assert_eq!(events[1]["clientaddress"], ADDRESS);
    assert_eq!(found(&store, "ada", "user=ada").await, [0; 0]);
    let token = store.token("root").await;
    for wrong in ["key=a", "limit=0", "x=1", "before=x"] {
        let answer = store.ask(Get, &format!("/api/v1/audit?{wrong}"), &token, &Value::Null).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "invalid_request"), "{wrong}");
    }
}
