//! What processes tell of themselves, over HTTP and as ticks.

use std::path::PathBuf;
use std::time::Duration;

use ::telemetry::{Aggregate, Kind, Latency, OperationCount, UserCount};
use events::user::Role;
use futures_util::StreamExt;
use futures_util::stream;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::live::World;
use super::store::Store;
use crate::api::method::Method::Get;

fn aggregate(user: &str, count: u64) -> Aggregate {
    let mut took = Latency::default();
    for _ in 0..count {
        took.record(Duration::from_millis(4));
    }
    let operation = "GetObject".to_owned();
    Aggregate {
        bytes_out: 100 * count,
        operations: vec![OperationCount {
            operation,
            kind: Kind::Read,
            count,
            client_errors: 1,
            server_errors: 0,
            took,
        }],
        users: vec![UserCount { user: user.parse().unwrap(), key: Some("KEY".into()), requests: count }],
        ..Aggregate::default()
    }
}

/// Lets a store hear aggregates, and then nothing for ever.
fn hears(store: &Store, aggregates: Vec<Aggregate>, file: PathBuf) -> JoinHandle<()> {
    let heard = stream::iter(aggregates).chain(stream::pending()).boxed();
    tokio::spawn(store.admin.follow_telemetry(store.ledger.clone(), heard, file))
}

async fn points(store: &Store, token: &str) -> Vec<Value> {
    let answer = store.ask(Get, "/api/v1/telemetry", token, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.body["step_seconds"], 10);
    answer.body["points"].as_array().unwrap().clone()
}

#[tokio::test]
async fn ticks_join_what_all_processes_tell_and_say_as_of_which_event() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let mut client = world.client(&world.root).await;
    client.send(&json!({ "op": "subscribe", "id": "t", "source": "telemetry" })).await;
    assert_eq!(client.told("subscribed").await, json!({}));
    let told = vec![aggregate("ada", 3), aggregate("bob", 4)];
    let following = hears(&world.store, told, folder.path().join("points"));
    let tick = client.next().await;
    assert_eq!((&tick["type"], &tick["subscription"]), (&json!("io.planetstore.metrics.tick.v1"), &json!("t")));
    let data = &tick["data"];
    assert_eq!((&data["requests"]["read"], &data["requests"]["write"]), (&json!(7), &json!(0)));
    assert_eq!((&data["errors"]["client"], &data["bytes_out"]), (&json!(2), &json!(700)));
    assert_eq!((&data["operations"][0]["operation"], &data["active_users"]), (&json!("GetObject"), &json!(2)));
    assert!((3.9..4.1).contains(&data["p50_ms"]["read"].as_f64().unwrap()) && data["p50_ms"]["write"].is_null());
    assert_eq!(data["sequence"].as_u64(), Some(world.store.events().await));
    let next = client.next().await;
    assert_eq!(next["data"]["requests"]["read"], 0, "each is told once");
    assert_eq!(points(&world.store, &world.root).await.len(), 1, "the newest second");

    let active = world.store.ask(Get, "/api/v1/active-users", &world.root, &Value::Null).await;
    assert_eq!(active.body["users"].as_array().unwrap().len(), 2, "{active:?}");
    assert_eq!(active.body["users"][0]["key"], "KEY");
    following.abort();
}

#[tokio::test]
async fn a_day_of_points_is_there_after_a_restart() {
    let store = Store::new().await;
    let token = store.token("root").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sub").join("points");
    tokio::time::pause();
    let following = hears(&store, vec![aggregate("ada", 3)], file.clone());
    // With nothing else to do, time passes at once; that of the points is the clock of the test.
    while points(&store, &token).await.len() < 2 {
        super::store::pass(jiff::SignedDuration::from_millis(250));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    let before = points(&store, &token).await;
    assert_eq!(before[0]["requests"]["read"], 3);
    assert!(before[0]["seconds"].as_f64().unwrap() >= 10.0);
    following.abort();
    assert!(following.await.is_err());
    tokio::time::resume();

    let again = Store::new().await;
    let token = again.token("root").await;
    let following = hears(&again, Vec::new(), file);
    while points(&again, &token).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(points(&again, &token).await[0], before[0]);
    following.abort();
}

#[tokio::test]
async fn only_who_may_is_told() {
    let world = World::new().await;
    world.store.user("ada", Role::User).await;
    let token = world.store.token("ada").await;
    for path in ["/api/v1/telemetry", "/api/v1/active-users"] {
        assert_eq!(world.store.ask(Get, path, &token, &Value::Null).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let wrong = world.store.ask(Get, "/api/v1/telemetry?step=1", &world.root, &Value::Null).await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::BAD_REQUEST, "invalid_request"));
    let mut client = world.client(&token).await;
    client.send(&json!({ "op": "subscribe", "id": "t", "source": "telemetry" })).await;
    assert_eq!(client.told("refused").await["code"], "forbidden");
    let mut client = world.client(&world.root).await;
    for more in [json!({ "after": 1 }), json!({ "filter": { "bucket": "first" } }), json!({ "max_per_second": 1 })] {
        let mut message = json!({ "op": "subscribe", "id": "t", "source": "telemetry" });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.send(&message).await;
        assert_eq!(client.told("refused").await["code"], "invalid_request", "{more}");
    }
}
