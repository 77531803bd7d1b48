//! Log lines of all processes: over HTTP, as a stream and over the WebSocket.

use std::collections::BTreeMap;

use ::telemetry::{Heard, Level, Line};
use axum::body::Body;
use events::user::Role;
use futures_util::StreamExt;
use http::StatusCode;
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::live::World;
use super::store::Store;
use crate::api::method::Method::Get;

/// More lines than a follower may be behind.
const BURST: usize = 3_000;

fn line(level: Level, message: &str) -> Line {
    let (time, target) = (Timestamp::UNIX_EPOCH, "ledger::writer".to_owned());
    Line { time, level, target, message: message.to_owned(), fields: BTreeMap::new() }
}

fn heard(role: &str, recalled: bool, lines: Vec<Line>) -> Heard {
    Heard { role: role.into(), dropped: 0, recalled, lines }
}

/// What a store hears from now on.
fn hears(store: &Store) -> mpsc::Sender<Heard> {
    let (sender, receiver) = mpsc::channel::<Heard>(1);
    let heard =
        futures_util::stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    tokio::spawn(store.admin.follow_logs(heard.boxed()));
    sender
}

/// The messages of the lines that there are.
async fn messages(store: &Store, path: &str) -> Vec<String> {
    let token = store.token("root").await;
    let answer = store.ask(Get, path, &token, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let lines = answer.body["lines"].as_array().unwrap();
    lines.iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lines_and_errors_are_shown_by_role_level_and_text() {
    let store = Store::new().await;
    let told = hears(&store);
    told.send(heard("node-1", true, vec![line(Level::Error, "of before")])).await.unwrap();
    told.send(heard("gateway", false, vec![line(Level::Info, "began"), line(Level::Warn, "slow")])).await.unwrap();
    // Taken up once the next one finds room.
    for _ in 0..2 {
        told.send(heard("gateway", false, Vec::new())).await.unwrap();
    }
    assert_eq!(messages(&store, "/api/v1/logs").await, ["began", "slow"]);
    assert_eq!(messages(&store, "/api/v1/logs?level=warn&role=gateway&text=SLO").await, ["slow"]);
    assert_eq!(messages(&store, "/api/v1/logs?limit=1").await, ["slow"]);
    assert_eq!(messages(&store, "/api/v1/errors").await, ["slow", "of before"]);
    assert_eq!(messages(&store, "/api/v1/errors?role=node-1").await, ["of before"]);
}

/// The next data of a stream, and what it is called.
async fn next(body: &mut Body, text: &mut String) -> (String, Value) {
    loop {
        while let Some((message, rest)) = text.split_once("\n\n") {
            let (message, rest) = (message.to_owned(), rest.to_owned());
            *text = rest;
            let Some((before, data)) = message.split_once("data: ") else { continue };
            let name = before.trim().strip_prefix("event: ").unwrap_or_default().to_owned();
            return (name, serde_json::from_str(data).unwrap());
        }
        let frame = super::live::patiently(body.frame()).await.expect("the stream ended").unwrap();
        *text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn a_stream_goes_from_what_was_to_what_comes_and_says_what_a_slow_reader_missed() {
    let store = Store::new().await;
    let told = hears(&store);
    told.send(heard("gateway", false, vec![line(Level::Info, "a"), line(Level::Info, "b")])).await.unwrap();
    for _ in 0..2 {
        told.send(heard("gateway", false, Vec::new())).await.unwrap();
    }
    let token = store.token("root").await;
    let (mut body, mut text) = (store.stream("/api/v1/logs/stream?limit=1", &token, None).await, String::new());
    assert_eq!(next(&mut body, &mut text).await.1["message"], "b");
    told.send(heard("gateway", false, vec![line(Level::Info, "c")])).await.unwrap();
    assert_eq!(next(&mut body, &mut text).await.1["message"], "c");
    // Nobody reads meanwhile, and nobody waits for that.
    for number in 0..BURST {
        told.send(heard("gateway", false, vec![line(Level::Info, &number.to_string())])).await.unwrap();
    }
    for _ in 0..2 {
        told.send(heard("gateway", false, Vec::new())).await.unwrap();
    }
    let (name, missed) = next(&mut body, &mut text).await;
    assert_eq!(name, "missed");
    let missed = usize::try_from(missed["count"].as_u64().unwrap()).unwrap();
    for number in missed..BURST {
        assert_eq!(next(&mut body, &mut text).await.1["message"], number.to_string());
    }
}

#[tokio::test]
async fn a_socket_follows_the_lines_that_are_asked_for() {
    let world = World::new().await;
    let told = hears(&world.store);
    let mut client = world.client(&world.root).await;
    client.send(&json!({ "op": "subscribe", "id": "l", "source": "logs", "filter": { "level": "warn" } })).await;
    client.told("subscribed").await;
    let lines = vec![line(Level::Info, "began"), line(Level::Error, "broke")];
    told.send(heard("node-3", false, lines)).await.unwrap();
    let said = client.next().await;
    assert_eq!((&said["type"], &said["subscription"]), (&json!("io.planetstore.log.line.v1"), &json!("l")));
    assert_eq!(said["data"]["message"], "broke");
    assert_eq!((&said["data"]["role"], &said["data"]["level"]), (&json!("node-3"), &json!("error")));
    for filter in [json!({ "level": "loud" }), json!({ "x": 1 }), json!(["warn"])] {
        client.send(&json!({ "op": "subscribe", "id": "m", "source": "logs", "filter": filter })).await;
        assert_eq!(client.told("refused").await["code"], "invalid_request", "{filter}");
    }
}

#[tokio::test]
async fn only_who_may_is_told() {
    let world = World::new().await;
    world.store.user("ada", Role::User).await;
    let token = world.store.token("ada").await;
    for path in ["/api/v1/logs", "/api/v1/errors", "/api/v1/logs/stream"] {
        assert_eq!(world.store.ask(Get, path, &token, &Value::Null).await.status, StatusCode::FORBIDDEN, "{path}");
        let wrong = world.store.ask(Get, &format!("{path}?limit=0"), &world.root, &Value::Null).await;
        assert_eq!((wrong.status, wrong.code()), (StatusCode::BAD_REQUEST, "invalid_request"));
    }
    let mut client = world.client(&token).await;
    client.send(&json!({ "op": "subscribe", "id": "l", "source": "logs" })).await;
    assert_eq!(client.told("refused").await["code"], "forbidden");
}
