//! Another master key: what it sealed before stays readable, and is sealed anew.

use std::sync::Arc;
use std::time::Duration;

use domain::Identities;
use http::StatusCode;
use identity::{MasterKey, Sealers, key_context, kms_key_context};
use serde_json::{Value, json};

use super::store::{Store, masters};
use crate::api::method::Method;
use crate::reseal;

const MASTER_KEY: &str = "/api/v1/region/master-key";

/// A region that keeps secrets apart, with some of each kind. The secrets of the keys come back.
async fn world() -> (Store, Vec<(String, String)>) {
    let store = Store::new().await;
    let token = store.token("root").await;
    must(&store, &token, Method::Post, "/api/v1/region/upgrade", Value::Null).await;
    let mut keys = Vec::new();
    for name in ["ada", "bob"] {
        let user = json!({ "name": name, "password": "correct horse" });
        must(&store, &token, Method::Post, "/api/v1/users", user).await;
        for _ in 0..2 {
            let made = must(&store, &token, Method::Post, &format!("/api/v1/users/{name}/keys"), json!({})).await;
            let half = |half: &str| made[half].as_str().unwrap().to_owned();
            keys.push((half("access_key"), half("secret_key")));
        }
    }
    must(&store, &token, Method::Post, "/api/v1/kms-keys", json!({ "name": "vault" })).await;
    (store, keys)
}

async fn must(store: &Store, token: &str, method: Method, path: &str, document: Value) -> Value {
    let answered = store.ask(method, path, token, &document).await;
    assert!(answered.status.is_success(), "{path}: {answered:?}");
    answered.body
}

fn start(store: &Store) -> tokio::task::JoinHandle<()> {
    let sealers = Arc::new(Sealers::new(&masters()).unwrap());
    tokio::spawn(reseal(store.ledger.clone(), sealers, |bytes| getrandom::fill(bytes).is_ok()))
}

/// Waits until nothing is sealed with a former key.
async fn resealed(store: &Store) {
    let done = async {
        let mut progress = store.ledger.progress();
        loop {
            let token = store.token("root").await;
            if must(store, &token, Method::Get, MASTER_KEY, Value::Null).await["done"] == json!(true) {
                return;
            }
            progress.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), done).await.expect("all is sealed anew");
}

/// Asserts that all secrets are what they were.
async fn assert_same(store: &Store, keys: &[(String, String)]) {
    let (sealers, state) = (Sealers::new(&masters()).unwrap(), store.state().await);
    for (id, secret) in keys {
        let row = state.key(&id.parse().unwrap()).unwrap().unwrap();
        assert_eq!(sealers.unseal(row.secret.as_str(), &key_context(id)).unwrap().expose(), secret);
    }
    let vault = state.kms_key(&"vault".parse().unwrap()).unwrap().unwrap();
    let vault = sealers.unseal(vault.sealed.as_str(), &kms_key_context("vault")).unwrap();
    assert!(MasterKey::parse(vault.expose()).is_ok());
    for name in ["ada", "bob"] {
        assert_eq!(store.login(name, "correct horse").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn all_that_a_former_master_key_sealed_is_sealed_anew_and_stays_the_same() {
    let (store, keys) = world().await;
    let token = store.token("root").await;
    let before = must(&store, &token, Method::Get, MASTER_KEY, Value::Null).await;
    assert_eq!((&before["number"], &before["done"]), (&json!(0), &json!(true)));
    assert_eq!(before["held"].as_array().unwrap().len(), 2);
    let after = must(&store, &token, Method::Post, MASTER_KEY, json!({ "number": 1 })).await;
    assert_eq!(after["left"], json!({ "passwords": 2, "access_keys": 4, "kms_keys": 1, "links": 0, "targets": 0 }));
    assert_eq!((&after["number"], &after["key"]), (&json!(1), &before["held"][1]));
    assert_same(&store, &keys).await;

    // Two gateways begin at once, and one of them is killed in the middle.
    let (first, second) = (start(&store), start(&store));
    tokio::task::yield_now().await;
    first.abort();
    resealed(&store).await;
    second.abort();
    assert_same(&store, &keys).await;
    let log = store.log_text().await;
    assert_eq!(log.matches("io.planetstore.secret.resealed.v1").count(), 2, "once for each user, whoever does it");
    let text = log.split("io.planetstore.region.master_key_changed.v1").nth(1).unwrap();
    let former = format!("v1.{}.", masters().iter().next().unwrap().key_id());
    assert!(!text.contains(&former), "nothing is sealed with it any more");
}

#[tokio::test]
async fn tokens_of_a_former_master_key_are_worth_nothing_and_sessions_go_on() {
    let (store, _) = world().await;
    let opened = store.login("ada", "correct horse").await.body;
    let [access, refresh] = ["access_token", "refresh_token"].map(|name| opened[name].as_str().unwrap().to_owned());
    assert_eq!(store.whoami(&access).await, StatusCode::OK);
    let root = store.token("root").await;
    must(&store, &root, Method::Post, MASTER_KEY, json!({ "number": 1 })).await;
    assert_eq!(store.whoami(&access).await, StatusCode::UNAUTHORIZED);
    let renewed = store.refresh(&refresh).await;
    assert_eq!(renewed.status, StatusCode::OK, "{renewed:?}");
    assert_eq!(store.whoami(renewed.body["access_token"].as_str().unwrap()).await, StatusCode::OK);
    // A token that was spent under the former key is known for stolen still.
    assert_eq!(store.refresh(&refresh).await.status, StatusCode::UNAUTHORIZED);
    let next = renewed.body["refresh_token"].as_str().unwrap();
    assert_eq!(store.refresh(next).await.status, StatusCode::UNAUTHORIZED, "the session has ended");
}

#[tokio::test]
async fn the_next_master_key_is_used_if_it_is_held() {
    let (store, _) = world().await;
    for (number, status) in [(2, 409), (7, 409), (1, 200), (1, 200), (2, 409)] {
        let token = store.token("root").await;
        let answered = store.ask(Method::Post, MASTER_KEY, &token, &json!({ "number": number })).await;
        assert_eq!(answered.status.as_u16(), status, "{number}: {answered:?}");
    }
}

#[tokio::test]
async fn who_reads_what_happened_is_given_no_secret() {
    let (store, _) = world().await;
    let opened = store.login("ada", "correct horse").await.body;
    let token = store.token("root").await;
    must(&store, &token, Method::Post, MASTER_KEY, json!({ "number": 1 })).await;
    let resealing = start(&store);
    resealed(&store).await;
    resealing.abort();
    let refresh = opened["refresh_token"].as_str().unwrap();
    let session = refresh.split('.').next().unwrap();
    let text = store.log_text_without(events::SECRET_NOUNS).await;
    for secret in ["\"v1.", session, "refresh", "argon2"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    for told in ["user.created.v1", "key.created.v1", "kms_key.created.v1", "user.logged_in.v1"] {
        assert!(text.contains(told), "{told}: {text}");
    }
}
