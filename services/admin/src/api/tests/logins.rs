//! Logins and what becomes of them.

use std::time::Instant;

use axum::body::Body;
use events::user::Role;
use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::store::{ROOT_KEY, ROOT_PASSWORD, Store};
use crate::api::method::Method;

const PASSWORD: &str = "correct horse";

fn text<'a>(document: &'a Value, member: &str) -> &'a str {
    document[member].as_str().unwrap()
}

/// A store with the user `ada`, who has a password.
async fn with_ada() -> Store {
    let store = Store::new().await;
    let token = store.token("root").await;
    let made = store.ask(Method::Post, "/api/v1/users", &token, &json!({ "name": "ada", "password": PASSWORD })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(made.headers.contains_key("x-planetstore-sequence"));
    store
}

#[tokio::test]
async fn who_knows_the_password_gets_a_session() {
    let store = with_ada().await;
    let session = store.login("ada", PASSWORD).await;
    assert_eq!(session.status, StatusCode::OK, "{session:?}");
    assert_eq!(session.headers["cache-control"], "no-store");
    assert_eq!((text(&session.body, "user"), text(&session.body, "role")), ("ada", "user"));
    let token = text(&session.body, "access_token");
    let who = store.ask(Method::Get, "/api/v1/whoami", token, &Value::Null).await;
    assert_eq!(text(&who.body, "name"), "ada");
    for (user, password) in [("root", ROOT_PASSWORD), (ROOT_KEY, ROOT_PASSWORD)] {
        let session = store.login(user, password).await;
        assert_eq!((text(&session.body, "user"), text(&session.body, "role")), ("root", "admin"));
        assert_eq!(store.whoami(text(&session.body, "access_token")).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn every_login_that_is_refused_looks_the_same() {
    let store = with_ada().await;
    store.user("nopassword", Role::User).await;
    let token = store.token("root").await;
    let off = json!({ "name": "off", "password": PASSWORD });
    store.ask(Method::Post, "/api/v1/users", &token, &off).await;
    store.ask(Method::Patch, "/api/v1/users/off", &token, &json!({ "enabled": false })).await;
    let mut answers = Vec::new();
    for (user, password) in [
        ("ada", "correct horsf"),
        ("ada", ""),
        ("nobody", PASSWORD),
        ("not a name!", PASSWORD),
        ("", PASSWORD),
        ("nopassword", PASSWORD),
        ("off", PASSWORD),
        ("root", PASSWORD),
        (ROOT_KEY, PASSWORD),
        ("ada", ROOT_PASSWORD),
        (&"x".repeat(10_000), PASSWORD),
    ] {
        let answer = store.login(user, password).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{user}");
        let names: Vec<_> = answer.headers.keys().cloned().collect();
        answers.push((answer.body, names));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn a_wrong_password_takes_as_long_as_an_unknown_user() {
    let store = with_ada().await;
    let mut fastest = [f64::MAX; 3];
    for _ in 0..8 {
        for (user, fastest) in ["ada", "nobody", ROOT_KEY].into_iter().zip(&mut fastest) {
            let begun = Instant::now();
            assert_eq!(store.login(user, "wrong password").await.status, StatusCode::UNAUTHORIZED);
            *fastest = fastest.min(begun.elapsed().as_secs_f64());
        }
    }
    let (least, most) = (fastest.into_iter().fold(f64::MAX, f64::min), fastest.into_iter().fold(0.0, f64::max));
    // Whoever is not hashed for is answered in a hundredth of the time; the rest is what else the machine does.
    assert!(least > 0.3 * most, "{fastest:?}");
}

#[tokio::test]
async fn guessing_is_throttled_and_the_throttle_tells_nothing_either() {
    let store = with_ada().await;
    for (user, password) in [("ada", PASSWORD), ("nobody", "no password")] {
        let begun = Instant::now();
        let mut statuses = Vec::new();
        let throttled = loop {
            let answer = store.login(user, "wrong password").await;
            statuses.push(answer.status);
            if answer.status != StatusCode::UNAUTHORIZED || statuses.len() > 100 {
                break answer;
            }
        };
        assert_eq!((throttled.status, throttled.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"));
        assert!(throttled.headers[RETRY_AFTER].to_str().unwrap().parse::<u64>().unwrap() > 0);
        // Ten at once, and one more every six seconds.
        let again = usize::try_from(begun.elapsed().as_secs() / 6).unwrap();
        assert!((11..=11 + again).contains(&statuses.len()), "{user}: {}", statuses.len());
        // While it lasts, not even the right password is looked at.
        assert_eq!(store.login(user, password).await.status, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let store = with_ada().await;
    let first = store.login("ada", PASSWORD).await.body;
    let second = store.refresh(text(&first, "refresh_token")).await;
    assert_eq!(second.status, StatusCode::OK, "{second:?}");
    let second = second.body;
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    for token in [&first, &second] {
        assert_eq!(store.whoami(text(token, "access_token")).await, StatusCode::OK);
    }
    let reused = store.refresh(text(&first, "refresh_token")).await;
    assert_eq!((reused.status, reused.code()), (StatusCode::UNAUTHORIZED, "session_ended"));
    // Thief and owner are both out.
    for token in [&first, &second] {
        assert_eq!(store.whoami(text(token, "access_token")).await, StatusCode::UNAUTHORIZED);
        assert_eq!(store.refresh(text(token, "refresh_token")).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn other_refresh_tokens_open_nothing() {
    let store = with_ada().await;
    let session = store.login("ada", PASSWORD).await.body;
    let good = text(&session, "refresh_token");
    let (id, _) = good.split_once('.').unwrap();
    let (invented, short) = (format!("{id}.{}", "A".repeat(86)), format!("{id}.{}", "A".repeat(43)));
    for wrong in ["", "x", text(&session, "access_token"), &good[1..], &format!("{id}.AAAA"), &invented, &short] {
        let answer = store.refresh(wrong).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "session_ended"), "{wrong}");
    }
    // None of them was ever given out, so nobody stole anything: the session still stands.
    assert_eq!(store.refresh(good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_logout_ends_one_session_and_a_revocation_all_on_every_gateway() {
    let store = with_ada().await;
    let other = store.another_gateway().await;
    let [one, two] = [store.login("ada", PASSWORD).await.body, store.login("ada", PASSWORD).await.body];
    let [one, two] = [text(&one, "access_token"), text(&two, "access_token")];
    assert_eq!((other.whoami(one).await, other.whoami(two).await), (StatusCode::OK, StatusCode::OK));
    assert_eq!(store.ask(Method::Post, "/api/v1/logout", one, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!((other.whoami(one).await, other.whoami(two).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    assert_eq!((store.whoami(one).await, store.whoami(two).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    let sessions = store.ask(Method::Get, "/api/v1/users/ada/sessions", two, &Value::Null).await;
    assert_eq!(sessions.body["sessions"].as_array().unwrap().len(), 1);
    let root = store.token("root").await;
    let path = "/api/v1/users/ada/sessions";
    assert_eq!(store.ask(Method::Delete, path, &root, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(store.whoami(two).await, StatusCode::UNAUTHORIZED);
    // The other gateway has a ledger of its own, which asks the same log before it answers.
    assert_eq!(other.whoami(two).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_password_ends_all_sessions() {
    let store = with_ada().await;
    let session = store.login("ada", PASSWORD).await.body;
    let token = text(&session, "access_token");
    let path = "/api/v1/users/ada/password";
    for (document, code) in [
        (json!({ "password": "another horse" }), "invalid_request"),
        (json!({ "password": "another horse", "old_password": "wrong" }), "forbidden"),
        (json!({ "password": "short", "old_password": PASSWORD }), "weak_password"),
        (json!({ "password": null, "old_password": PASSWORD }), "forbidden"),
    ] {
        assert_eq!(store.ask(Method::Put, path, token, &document).await.code(), code, "{document}");
    }
    let document = json!({ "password": "another horse", "old_password": PASSWORD });
    assert_eq!(store.ask(Method::Put, path, token, &document).await.status, StatusCode::NO_CONTENT);
    assert_eq!(store.whoami(token).await, StatusCode::UNAUTHORIZED);
    assert_eq!(store.refresh(text(&session, "refresh_token")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(store.login("ada", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(store.login("ada", "another horse").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_new_password_of_root_ends_what_the_old_one_opened() {
    let store = Store::new().await;
    let session = store.login("root", ROOT_PASSWORD).await.body;
    let store = store.restarted("another password").await;
    let answer = store.refresh(text(&session, "refresh_token")).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "session_ended"));
    assert_eq!(store.whoami(text(&session, "access_token")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(store.login("root", ROOT_PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(store.login("root", "another password").await.status, StatusCode::OK);
}

#[tokio::test]
async fn bodies_are_bounded_and_read_to_the_letter() {
    let store = Store::new().await;
    let login = |body: String| store.send(Method::Post, "/api/v1/login", None, Body::from(body));
    for (body, status) in [
        ("x".repeat(70_000), StatusCode::PAYLOAD_TOO_LARGE),
        ("{".into(), StatusCode::BAD_REQUEST),
        ("[]".into(), StatusCode::BAD_REQUEST),
        (r#"{"user":"a"}"#.into(), StatusCode::BAD_REQUEST),
        (r#"{"user":"a","password":"b","role":"admin"}"#.into(), StatusCode::BAD_REQUEST),
        (r#"{"user":"a","user":"root","password":"b"}"#.into(), StatusCode::BAD_REQUEST),
        (r#"{"user":["a"],"password":"b"}"#.into(), StatusCode::BAD_REQUEST),
        (format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)), StatusCode::BAD_REQUEST),
    ] {
        let answer = login(body.clone()).await;
        assert_eq!(answer.status, status, "{}", &body[..body.len().min(60)]);
    }
}
