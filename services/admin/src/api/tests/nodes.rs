//! Storage nodes: what is shown of them, and what operators want of them.

use std::time::Duration;

use domain::{ChangeNode, Command, DedupScope, JoinNode, NewBody, NodeChange, View};
use events::Fact;
use events::ids::{FolderId, NodeId};
use events::node::Failure;
use events::user::Role;
use http::StatusCode;
use serde_json::{Value, json};
use shards::telemetry::{DiskReport, Heartbeat, Latency};
use testkit::commands::{bucket, content, create_bucket, put_object, staged};
use tokio::time::Instant;
use uuid::Uuid;

use super::store::{Answered, Store};
use crate::api::method::Method::{Get, Post};

fn node(number: u128) -> NodeId {
    format!("n{number}").parse().unwrap()
}

fn folder(number: u128) -> FolderId {
    FolderId(Uuid::from_u128(100 + number))
}

/// Four nodes, and an object of which `n1`, `n2` and `n3` have a shard each.
async fn world() -> (Store, String) {
    let store = Store::new().await;
    store.user("eve", Role::Admin).await;
    let region = "eu-1".parse().unwrap();
    store.commit_any(Command::UpgradeRegion { region, level: Fact::LEVEL, release: "test".into() }).await;
    for number in 1..=4 {
        let join = JoinNode { node: node(number), folder: folder(number), zone: "rack".into(), replaces: None };
        store.commit_any(join.into()).await;
    }
    store.commit_any(create_bucket(bucket())).await;
    let mut body = staged(content(1, 1));
    if let NewBody::Staged { chosen_at, scope, .. } = &mut body {
        (*chosen_at, *scope) = (store.events().await, DedupScope::Region);
    }
    let key = events::ids::ObjectKey::from_bytes(*b"key").unwrap();
    store.commit_any(Command::PutObject(Box::new(put_object(bucket(), key, 10, body)))).await;
    let token = store.token("eve").await;
    (store, token)
}

async fn post(store: &Store, token: &str, path: &str, document: Value) -> Answered {
    store.ask(Post, &format!("/api/v1/nodes/{path}"), token, &document).await
}

async fn shown(store: &Store, token: &str, number: u128) -> Value {
    let answer = store.ask(Get, &format!("/api/v1/nodes/n{number}"), token, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.body
}

#[tokio::test]
async fn what_is_shown_is_what_the_log_says_and_what_the_node_says_of_itself() {
    let (store, token) = world().await;
    let heard = Heartbeat {
        folder: Some(folder(1).0),
        disk: Some(DiskReport {
            read_errors: 2,
            write_errors: 1,
            damaged_shards: 4,
            sync: Some(Latency { p50_us: 40, p99_us: 900 }),
            read: None,
        }),
        ..testkit::nodes::heartbeat(&node(1))
    };
    let membership = &store.admin.0.membership;
    membership.observe(heard.clone(), Instant::now());
    // Another folder under the name is not the node.
    let strange = Heartbeat { folder: Some(Uuid::from_u128(9)), node: node(2), ..heard };
    membership.observe(strange, Instant::now() + Duration::from_secs(1));
    let one = shown(&store, &token, 1).await;
    assert_eq!(one["placed"], json!({ "shards": 1, "bytes": 10 }));
    assert_eq!((&one["zone"], &one["folder"]), (&json!("rack"), &json!(folder(1).to_string())));
    for (member, state) in [("presence", "online"), ("duty", "serving"), ("condition", "healthy")] {
        assert_eq!(one[member]["state"], state);
    }
    let reported = &one["reported"];
    assert_eq!((&reported["errors"], &reported["damaged_shards"]), (&json!(3), &json!(4)));
    assert_eq!((&reported["sync"], &reported["read"]), (&json!({ "p50": 40, "p99": 900 }), &Value::Null));
    assert_eq!(shown(&store, &token, 2).await["reported"], Value::Null);

    let change = |change| Command::from(ChangeNode { node: node(3), folder: folder(3), change });
    store.commit_any(change(NodeChange::Offline { position: 1, starts: 1 })).await;
    store.commit_any(change(NodeChange::Failing(Failure::Latency))).await;
    let three = shown(&store, &token, 3).await;
    assert_eq!(three["presence"]["state"], "offline");
    assert_eq!((&three["condition"]["state"], &three["condition"]["cause"]), (&json!("failing"), &json!("latency")));
}

#[tokio::test]
async fn nodes_are_listed_in_pages() {
    let (store, token) = world().await;
    let page = async |query: &str| store.ask(Get, &format!("/api/v1/nodes{query}"), &token, &Value::Null).await.body;
    let names =
        |page: &Value| page["nodes"].as_array().unwrap().iter().map(|node| node["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&page("").await), ["n1", "n2", "n3", "n4"]);
    let first = page("?limit=3").await;
    assert_eq!((names(&first).len(), &first["next"]), (3, &json!("n3")));
    let last = page("?limit=3&after=n3").await;
    assert_eq!((names(&last), &last["next"]), (vec![json!("n4")], &Value::Null));
}

#[tokio::test]
async fn a_node_is_drained_resumed_and_removed_once_nothing_is_on_it() {
    let (store, token) = world().await;
    let drained = post(&store, &token, "n4/drain", json!({})).await;
    assert_eq!((drained.status, &drained.body["duty"]["state"]), (StatusCode::OK, &json!("draining")));
    let before = store.events().await;
    assert_eq!(post(&store, &token, "n4/drain", json!({})).await.status, StatusCode::OK, "it is so already");
    assert_eq!(store.events().await, before);
    let removed = post(&store, &token, "n4/remove", json!({})).await;
    assert_eq!((removed.status, &removed.body["duty"]["state"]), (StatusCode::OK, &json!("removed")));
    let again = post(&store, &token, "n4/drain", json!({})).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.body["message"].as_str().unwrap().contains("planetstore node resume"), "{again:?}");
    let resumed = post(&store, &token, "n4/resume", Value::Null).await;
    assert_eq!((resumed.status, &resumed.body["duty"]["state"]), (StatusCode::OK, &json!("serving")));
}

#[tokio::test]
async fn what_would_lose_shards_or_writes_is_refused_in_words_that_help_unless_it_is_forced() {
    let (store, token) = world().await;
    let in_use = post(&store, &token, "n1/remove", json!({})).await;
    let message = in_use.body["message"].as_str().unwrap().to_owned();
    assert_eq!((in_use.status, in_use.code()), (StatusCode::CONFLICT, "conflict"));
    assert!(message.starts_with("1 shards are placed") && message.contains("planetstore node drain"), "{message}");
    assert_eq!(post(&store, &token, "n1/drain", json!({})).await.status, StatusCode::OK);
    let too_few = post(&store, &token, "n2/drain", json!({})).await;
    assert_eq!(too_few.status, StatusCode::CONFLICT);
    assert!(too_few.body["message"].as_str().unwrap().contains("writes need 3"), "{too_few:?}");
    assert_eq!(post(&store, &token, "n2/drain", json!({ "force": true })).await.status, StatusCode::OK);
    let forced = post(&store, &token, "n1/remove", json!({ "force": true })).await;
    assert_eq!(forced.status, StatusCode::OK, "{forced:?}");
    let row = store.state().await.node(&node(1)).unwrap().unwrap();
    assert_eq!(row.duty.is, domain::row::Duty::Removed);
    for (path, document, status) in [
        ("n77/drain", json!({}), StatusCode::NOT_FOUND),
        ("n77/remove", json!({ "force": true }), StatusCode::NOT_FOUND),
        ("n1/remove", json!({ "now": true }), StatusCode::BAD_REQUEST),
        ("-/drain", json!({}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(post(&store, &token, path, document).await.status, status, "{path}");
    }
}
