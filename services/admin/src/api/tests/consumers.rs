//! Durable consumers: who may add them, what is said of them, and that no password is on the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ::consumers::{Consumers, Durables};
use eventlog::{Durable, DurableState, ReadError};
use events::user::Role;
use futures_util::future::BoxFuture;
use http::StatusCode;
use ledger::Ledger;
use serde_json::{Value, json};

use super::store::{Answered, Store};
use crate::api::method::Method::{Delete, Get, Post, Put};

/// The durable consumers of a NATS server, in memory.
#[derive(Debug, Default)]
struct MemoryDurables(Mutex<BTreeMap<String, Durable>>);

type Done<'a, T> = BoxFuture<'a, Result<T, ReadError>>;

impl Durables for MemoryDurables {
    fn ensure<'a>(&'a self, durable: &'a Durable) -> Done<'a, ()> {
        Box::pin(async {
            self.0.lock().unwrap().insert(durable.name.clone(), durable.clone());
            Ok(())
        })
    }

    fn state<'a>(&'a self, name: &'a str) -> Done<'a, Option<DurableState>> {
        let found = self.0.lock().unwrap().contains_key(name);
        Box::pin(async move { Ok(found.then(DurableState::default)) })
    }

    fn remove<'a>(&'a self, name: &'a str) -> Done<'a, ()> {
        self.0.lock().unwrap().remove(name);
        Box::pin(async { Ok(()) })
    }

    fn names<'a>(&'a self, prefix: &'a str) -> Done<'a, Vec<String>> {
        let names = self.0.lock().unwrap().keys().filter(|name| name.starts_with(prefix)).cloned().collect();
        Box::pin(async move { Ok(names) })
    }
}

/// Consumers over a server in memory.
pub(super) fn over(ledger: &Ledger) -> Consumers {
    let durables = Arc::new(MemoryDurables::default());
    Consumers::new(ledger.clone(), durables, "eu-1".parse().unwrap(), "nats://127.0.0.1:4222".into())
}

async fn ask(store: &Store, user: &str, document: Value) -> Answered {
    let token = store.token(user).await;
    store.ask(Post, "/api/v1/consumers", &token, &document).await
}

async fn list(store: &Store) -> Vec<Value> {
    let token = store.token("root").await;
    let answer = store.ask(Get, "/api/v1/consumers", &token, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.body["consumers"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_consumer_is_added_listed_and_removed_and_its_password_is_on_no_log() {
    let store = Store::new().await;
    let end = store.events().await;
    let filter = json!({ "bucket": "photos", "type": "object.created" });
    let added = ask(&store, "root", json!({ "name": "search", "filter": filter, "from": "now" })).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    let (credentials, consumer) = (&added.body["credentials"], &added.body["consumer"]);
    let durable = credentials["durable"].as_str().unwrap();
    assert!(durable.starts_with("consumer-search-"), "{durable}");
    assert_eq!((&credentials["user"], &consumer["durable"]), (&json!(durable), &json!(durable)));
    assert_eq!(credentials["stream"], "EVENTS_eu-1");
    assert_eq!(credentials["subject"], format!("LOG.API.CONSUMER.MSG.NEXT.EVENTS_eu-1.{durable}"));
    assert!(consumer["start"].as_u64().unwrap() > end, "a login of root is on the log before it");
    let password = credentials["password"].as_str().unwrap();
    for part in ["user", "password", "inbox", "api_prefix", "stream"] {
        assert!(added.body["snippet"].as_str().unwrap().contains(credentials[part].as_str().unwrap()), "{part}");
    }
    assert!(!store.log_text().await.contains(password));

    let listed = list(&store).await;
    assert_eq!((listed.len(), &listed[0]["owner"], &listed[0]["lag"]), (1, &json!("root"), &json!(0)));
    assert_eq!(listed[0]["filter"], json!({ "bucket": "photos", "type": "io.planetstore.object.created.v1" }));
    assert!(!json!(listed).to_string().contains(password), "it is shown once");
    let again = ask(&store, "root", json!({ "name": "search" })).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "conflict"));

    let root = store.token("root").await;
    let removed = store.ask(Delete, "/api/v1/consumers/search", &root, &Value::Null).await;
    assert_eq!((removed.status, list(&store).await), (StatusCode::NO_CONTENT, Vec::new()));
    let removed = store.ask(Delete, "/api/v1/consumers/search", &root, &Value::Null).await;
    assert_eq!(removed.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn whoever_may_not_read_all_events_adds_no_consumer() {
    let store = Store::new().await;
    let root = store.token("root").await;
    for (user, actions) in
        [("ada", json!(["admin:*Consumer*"])), ("bea", json!(["admin:*Consumer*", "planetstore:ReadEvents"]))]
    {
        store.user(user, Role::User).await;
        let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        for (path, document) in
            [(format!("/policies/of-{user}"), document), (format!("/policies/of-{user}/users/{user}"), Value::Null)]
        {
            let answer = store.ask(Put, &format!("/api/v1{path}"), &root, &document).await;
            assert!(answer.status.is_success(), "{answer:?}");
        }
    }
    store.user("eve", Role::User).await;
    for (user, right) in [("eve", "admin:AddConsumer"), ("ada", "planetstore:ReadEvents")] {
        let refused = ask(&store, user, json!({ "name": "mine" })).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "forbidden"), "{user}");
        assert!(refused.body["message"].as_str().unwrap().contains(right), "{refused:?}");
    }
    assert_eq!(ask(&store, "bea", json!({ "name": "mine" })).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn what_is_wrong_with_a_consumer_is_said() {
    let store = Store::new().await;
    let beyond = store.events().await + 1_000;
    for (document, code, said) in [
        (json!({ "name": "a".repeat(1_025) }), "invalid_request", "1 to 48"),
        (json!({ "name": "a.b" }), "invalid_request", "a-z"),
        (json!({ "name": "a", "from": beyond.to_string() }), "beyond_the_log", "the log ends at"),
        (json!({ "name": "a", "from": "yesterday" }), "invalid_request", "`from` is"),
        (json!({ "name": "a", "filter": { "type": "session.opened" } }), "invalid_request", "for the store itself"),
        (json!({ "name": "a", "filter": { "type": "secret" } }), "invalid_request", "for the store itself"),
        (json!({ "name": "a", "filter": { "type": "nothing" } }), "invalid_request", "no event of the type"),
        (json!({ "name": "a", "filter": { "bucket": "b-1", "type": "node" } }), "invalid_request", "about a bucket"),
        (json!({ "name": "a", "filter": { "key": "k" } }), "invalid_request", "unknown field"),
    ] {
        let refused = ask(&store, "root", document.clone()).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::BAD_REQUEST, code), "{document}: {refused:?}");
        let message = refused.body["message"].as_str().unwrap();
        assert!(message.contains(said) && message.len() < 400, "{document}: {message}");
    }
    assert_eq!(list(&store).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_beginning_before_the_first_event_is_the_first_and_one_in_the_future_is_the_next() {
    let store = Store::new().await;
    // The first event is that of a session, which no reader gets: the first with a time is the second.
    for (name, from, start) in [("a", "start", 1), ("b", "0", 1), ("c", "1", 1), ("d", "1970-01-01T00:00:00Z", 2)] {
        let added = ask(&store, "root", json!({ "name": name, "from": from })).await;
        assert_eq!(added.status, StatusCode::CREATED, "{from}: {added:?}");
        assert_eq!(added.body["consumer"]["start"], start, "{from}");
    }
    let added = ask(&store, "root", json!({ "name": "z", "from": "2999-01-01T00:00:00Z" })).await;
    // The token's login is an event, and the consumer itself is the next.
    assert_eq!(added.body["consumer"]["start"].as_u64(), Some(store.events().await));
}
