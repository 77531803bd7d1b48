//! The password again, for what asks for it.

use axum::body::Body;
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::store::{ROOT_PASSWORD, Store, pass};
use crate::api::access::{Access, PROOF_AGE_MAX, Proof};
use crate::api::method::Method::{self, Get, Patch, Post, Put};
use crate::api::operations::operations;

const PASSWORD: &str = "correct horse";

/// A store whose root opened a session too long ago, with a token that was made since; `ada` has a password.
async fn after_a_while() -> (Store, String) {
    let store = Store::new().await;
    let session = store.session("root", super::store::now() + SignedDuration::from_hours(2)).await;
    let token = store.token_for("root", session);
    let new = json!({ "name": "ada", "password": PASSWORD });
    assert_eq!(store.ask(Post, "/api/v1/users", &token, &new).await.status, StatusCode::CREATED);
    pass(PROOF_AGE_MAX + SignedDuration::from_secs(1));
    let token = store.token_for("root", session);
    (store, token)
}

async fn prove(store: &Store, token: &str, password: &str) -> super::store::Answered {
    store.ask(Post, "/api/v1/prove", token, &json!({ "password": password })).await
}

#[tokio::test]
async fn what_changes_rights_asks_for_the_password_after_a_while_and_takes_it() {
    let (store, token) = after_a_while().await;
    let before = store.events().await;
    let new = json!({ "name": "bob" });
    let refused = store.ask(Post, "/api/v1/users", &token, &new).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::UNAUTHORIZED, "step_up_required"));
    assert!(refused.body["message"].as_str().unwrap().contains("/api/v1/prove"));
    let challenge = refused.headers[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=900"), "{challenge}");
    assert_eq!(store.events().await, before);
    // Looking, and ending sessions, goes on.
    assert_eq!(store.ask(Get, "/api/v1/users", &token, &Value::Null).await.status, StatusCode::OK);
    let end = store.ask(Method::Delete, "/api/v1/users/ada/sessions", &token, &Value::Null).await;
    assert_eq!(end.status, StatusCode::NO_CONTENT);

    let wrong = prove(&store, &token, "wrong").await;
    assert_eq!((wrong.status, wrong.code()), (StatusCode::FORBIDDEN, "forbidden"));
    let right = prove(&store, &token, ROOT_PASSWORD).await;
    assert_eq!(right.status, StatusCode::OK, "{right:?}");
    let proven = right.body["access_token"].as_str().unwrap();
    assert_eq!(store.ask(Post, "/api/v1/users", proven, &new).await.status, StatusCode::CREATED);
    // The other token of the session is as old as it was.
    let of_old = store.ask(Patch, "/api/v1/users/bob", &token, &json!({ "role": "admin" })).await;
    assert_eq!(of_old.code(), "step_up_required");
}

#[tokio::test]
async fn the_password_of_somebody_else_proves_nothing() {
    let (store, token) = after_a_while().await;
    assert_eq!(prove(&store, &token, PASSWORD).await.status, StatusCode::FORBIDDEN);
    assert_eq!(prove(&store, "garbage", ROOT_PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    let anonymous = store.send(Post, "/api/v1/prove", None, Body::from(r#"{"password":""}"#)).await;
    assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guesses_are_throttled_as_at_a_login() {
    let (store, token) = after_a_while().await;
    let mut tries = 0;
    let throttled = loop {
        let answer = prove(&store, &token, "wrong").await;
        if answer.status != StatusCode::FORBIDDEN || tries > 100 {
            break answer;
        }
        tries += 1;
    };
    assert_eq!((throttled.status, throttled.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"));
    assert!(tries >= 10, "{tries}");
    assert_eq!(prove(&store, &token, ROOT_PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn ones_own_password_asks_for_the_old_one_and_for_nothing_else() {
    let store = Store::new().await;
    let root = store.token("root").await;
    store.ask(Post, "/api/v1/users", &root, &json!({ "name": "ada", "password": PASSWORD })).await;
    let opened = store.login("ada", PASSWORD).await.body;
    pass(SignedDuration::from_mins(9));
    let refreshed = store.refresh(opened["refresh_token"].as_str().unwrap()).await.body;
    pass(SignedDuration::from_mins(8));
    let token = refreshed["access_token"].as_str().unwrap();
    let key = store.ask(Post, "/api/v1/users/ada/keys", token, &json!({})).await;
    assert_eq!(key.code(), "step_up_required", "to prolong a session proves nothing");
    let change = json!({ "password": "battery staple", "old_password": PASSWORD });
    let changed = store.ask(Put, "/api/v1/users/ada/password", token, &change).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{changed:?}");
}

#[test]
fn whatever_changes_something_asks_for_a_proof_but_for_these() {
    let without = operations().into_iter().filter(|operation| {
        operation.method != Get
            && operation.proof == Proof::OfSession
            && matches!(operation.access(), Access::Own(_) | Access::Right(_))
    });
    let without: Vec<_> = without.map(|operation| operation.name).collect();
    let expected = [
        "revokeSessions",
        "revokeSession",
        "putQuota",
        "deleteQuota",
        "drainNode",
        "resumeNode",
        "redeliver",
        "testTarget",
        "checkPolicy",
    ];
    assert_eq!(without, expected);
}
