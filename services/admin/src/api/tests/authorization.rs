//! Every route, asked by everybody.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use domain::{ChangeUser, IdentityCommand};
use events::user::Role;
use http::StatusCode;
use http_body::Frame;
use identity::{MasterKey, Tokens};
use jiff::SignedDuration;

use super::store::{Store, fresh, master, now};
use crate::api::access::Access;
use crate::api::operation::Operation;
use crate::api::operations::operations;

/// A body that knows whether anybody looked into it.
struct Watched(Arc<AtomicBool>);

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
        self.0.store(true, Ordering::Relaxed);
        Poll::Ready(None)
    }
}

/// The path of an operation, about the user `ada` where it is about a user.
fn path(operation: &Operation) -> String {
    [
        ("{user}", "ada"),
        ("{group}", "crew"),
        ("{policy}", "papers"),
        ("{key}", "ADASKEY"),
        ("{kms_key}", "vault"),
        ("{session}", "01890000-0000-7000-8000-000000000000"),
        ("{bucket}", "bucket"),
        ("{node}", "n1"),
        ("{target}", "alerts"),
    ]
    .iter()
    .fold(operation.path.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// `ada` and `bob` are users, `eve` is an admin.
async fn world() -> Store {
    let store = Store::new().await;
    for (name, role) in [("ada", Role::User), ("bob", Role::User), ("eve", Role::Admin)] {
        store.user(name, role).await;
    }
    store
}

/// Tokens that nobody is to be let in with, by what is wrong with them.
async fn bad_tokens(store: &Store) -> Vec<(&'static str, String)> {
    let soon = now() + SignedDuration::from_hours(1);
    let change = |user: &str, enabled| {
        IdentityCommand::ChangeUser(ChangeUser {
            user: user.parse().unwrap(),
            role: None,
            display_name: None,
            email: None,
            enabled: Some(enabled),
            limits: None,
        })
    };
    for (name, role) in [("disabled", Role::Admin), ("gone", Role::Admin), ("new", Role::Admin)] {
        store.user(name, role).await;
    }
    let disabled = store.token("disabled").await;
    store.commit(change("disabled", false)).await;
    let deleted = store.token("gone").await;
    store.commit(IdentityCommand::DeleteUser { user: "gone".parse().unwrap() }).await;
    let revoked_session = store.session("eve", soon).await;
    let revoked = store.token_for("eve", revoked_session);
    store
        .commit(IdentityCommand::RevokeSessions { user: "eve".parse().unwrap(), session: Some(revoked_session) })
        .await;
    let ended = store.session("eve", now() - SignedDuration::from_secs(1)).await;
    let session = store.session("eve", soon).await;
    let others_session = store.token_for("ada", session);
    // The same name, but the id of who had it before.
    let namesake = store.session("new", soon).await;
    let good = store.token("eve").await;
    let bearer =
        || identity::Bearer { user_id: "x".into(), user_name: "new".into(), role: "admin".into(), session: namesake.0 };
    let issue = |tokens: &Tokens, at| tokens.issue(bearer(), fresh(now()), at).unwrap().token.expose().to_owned();
    let foreign = Tokens::new(&MasterKey::new([8; 32]), "eu-1").unwrap();
    let other_region = Tokens::new(&master(), "eu-2").unwrap();
    let long_ago = now() - SignedDuration::from_hours(1);
    vec![
        ("no session", store.token_for("eve", events::ids::SessionId(fresh(now())))),
        ("disabled", disabled),
        ("deleted", deleted),
        ("revoked", revoked),
        ("ended", store.token_for("eve", ended)),
        ("other's session", others_session),
        ("namesake", issue(&store.admin.0.tokens[0], now())),
        ("foreign key", issue(&foreign, now())),
        ("other region", issue(&other_region, now())),
        ("expired", issue(&store.admin.0.tokens[0], long_ago)),
        ("tampered", good.replace('a', "b")),
        ("unsigned", format!("{}.", good.rsplit_once('.').unwrap().0)),
        ("garbage", "garbage".into()),
        ("empty", String::new()),
    ]
}

/// Whoever may not is told so before the body is looked at, and nothing changes.
async fn refused(store: &Store, operation: &Operation, token: Option<&str>, status: StatusCode, who: &str) {
    let seen = Arc::new(AtomicBool::new(false));
    let before = store.events().await;
    let body = Body::new(Watched(Arc::clone(&seen)));
    let answer = store.send(operation.method, &path(operation), token, body).await;
    assert_eq!(answer.status, status, "{} as {who}: {answer:?}", operation.name);
    assert_eq!(answer.headers.contains_key("www-authenticate"), status == StatusCode::UNAUTHORIZED);
    assert!(!seen.load(Ordering::Relaxed), "{} read the body of {who}", operation.name);
    assert_eq!(store.events().await, before, "{} as {who} changed something", operation.name);
}

/// Whoever may gets past the guard; what then becomes of a request without a sensible body is not the matter here.
async fn allowed(operation: &Operation, name: &str) {
    let store = world().await;
    let token = store.token(name).await;
    let answer = store.send(operation.method, &path(operation), Some(&token), Body::from("{}")).await;
    let stopped = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::METHOD_NOT_ALLOWED];
    assert!(!stopped.contains(&answer.status), "{} as {name}: {answer:?}", operation.name);
    // This store has no stream of records that could be read.
    let is_without_stream = operation.name == "getAccessLog" && answer.status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(is_without_stream || !answer.status.is_server_error(), "{} as {name}: {answer:?}", operation.name);
}

#[tokio::test]
async fn every_route_lets_in_whom_its_row_says_and_nobody_else() {
    let store = world().await;
    let bad = bad_tokens(&store).await;
    let (ada, bob) = (store.token("ada").await, store.token("bob").await);
    for operation in operations().iter().filter(|operation| operation.access() != Access::Open) {
        refused(&store, operation, None, StatusCode::UNAUTHORIZED, "anonymous").await;
        for (what, token) in &bad {
            refused(&store, operation, Some(token), StatusCode::UNAUTHORIZED, what).await;
        }
        match operation.access() {
            Access::Open | Access::Known | Access::Everyone(_) => {}
            Access::Own(_) => refused(&store, operation, Some(&bob), StatusCode::FORBIDDEN, "bob").await,
            Access::Right(_) => {
                refused(&store, operation, Some(&ada), StatusCode::FORBIDDEN, "ada").await;
                refused(&store, operation, Some(&bob), StatusCode::FORBIDDEN, "bob").await;
            }
        }
    }
}

#[tokio::test]
async fn every_route_is_open_to_whom_it_is_for() {
    for operation in operations() {
        // What has no row for `ada` is for whoever asks.
        let users: &[&str] = match operation.access() {
            Access::Open => continue,
            Access::Known | Access::Everyone(_) | Access::Own(_) => &["ada", "eve", "root"],
            Access::Right(_) => &["eve", "root"],
        };
        for name in users {
            allowed(&operation, name).await;
        }
    }
}

#[tokio::test]
async fn only_the_open_routes_are_open() {
    let open: Vec<_> = operations().into_iter().filter(|operation| operation.access() == Access::Open).collect();
    // A socket says who it is with its first message.
    let expected = ["openapi", "login", "refresh", "openSocket"];
    assert_eq!(open.iter().map(|operation| operation.name).collect::<Vec<_>>(), expected);
    let store = Store::new().await;
    for method in [super::super::method::Method::Patch, super::super::method::Method::Delete] {
        let answer = store.send(method, "/api/v1/login", None, Body::empty()).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    }
}

#[tokio::test]
async fn a_role_counts_from_the_moment_it_is_taken_not_from_the_token() {
    let store = world().await;
    let token = store.token("eve").await;
    let role = |role| {
        IdentityCommand::ChangeUser(ChangeUser {
            user: "eve".parse().unwrap(),
            role: Some(role),
            display_name: None,
            email: None,
            enabled: None,
            limits: None,
        })
    };
    let list = || store.send(super::super::method::Method::Get, "/api/v1/users", Some(&token), Body::empty());
    assert_eq!(list().await.status, StatusCode::OK);
    store.commit(role(Role::User)).await;
    assert_eq!(list().await.status, StatusCode::FORBIDDEN);
    store.commit(role(Role::Admin)).await;
    assert_eq!(list().await.status, StatusCode::OK);
}
