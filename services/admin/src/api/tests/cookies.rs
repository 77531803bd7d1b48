//! Sessions whose refresh token is in a cookie.

use std::task::{Context, Waker};

use axum::body::Body;
use http::{Request, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::store::{Answered, ROOT_PASSWORD, Store, pass};
use crate::api::method::Method;

const HOST: &str = "localhost:9001";

/// What a page of the console sends.
async fn from_page(store: &Store, path: &str, more: &[(&str, &str)], document: &Value) -> Answered {
    let mut request = Request::builder().method("POST").uri(path).header("host", HOST);
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let body = if document.is_null() { Body::empty() } else { Body::from(document.to_string()) };
    if !document.is_null() {
        request = request.header("content-type", "application/json");
    }
    store.raw(request.body(body).unwrap()).await
}

const IN_COOKIE: (&str, &str) = ("x-planetstore-session", "cookie");

async fn login(store: &Store) -> Answered {
    let document = json!({ "user": "root", "password": ROOT_PASSWORD });
    let answer = from_page(store, "/api/v1/login", &[IN_COOKIE], &document).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer
}

/// The cookie as a browser sends it back.
fn cookie(answer: &Answered) -> String {
    let set = answer.headers["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn refresh(store: &Store, cookies: &str, document: &Value) -> Answered {
    from_page(store, "/api/v1/refresh", &[IN_COOKIE, ("cookie", cookies)], document).await
}

#[tokio::test]
async fn the_token_is_in_a_cookie_that_nothing_else_gets() {
    let store = Store::new().await;
    let opened = login(&store).await;
    assert_eq!(opened.body.get("refresh_token"), None, "{opened:?}");
    let set = opened.headers["set-cookie"].to_str().unwrap();
    for said in
        ["planetstore_refresh_9001=", "; HttpOnly", "; SameSite=Strict", "; Path=/api/v1/refresh", "Max-Age=43200"]
    {
        assert!(set.contains(said), "{said} in {set}");
    }
    assert!(!set.contains("Secure") && !set.contains("Domain"), "{set}");
    let (own, json) = (cookie(&opened), ("content-type", "application/json"));
    let next = from_page(&store, "/api/v1/refresh", &[IN_COOKIE, ("cookie", &own), json], &Value::Null).await;
    assert_eq!((next.status, next.body.get("refresh_token")), (StatusCode::OK, None), "{next:?}");
    assert_ne!(cookie(&next), cookie(&opened));
    let token = next.body["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let done = from_page(&store, "/api/v1/logout", &[IN_COOKIE, ("authorization", &bearer)], &Value::Null).await;
    let set = done.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(done.status == StatusCode::NO_CONTENT && set.contains("_9001=;") && set.contains("Max-Age=0"), "{set}");
    assert_eq!(refresh(&store, &cookie(&next), &Value::Null).await.code(), "session_ended");
}

#[tokio::test]
async fn a_page_by_tls_gets_a_cookie_for_tls_only() {
    let store = Store::new().await;
    let document = json!({ "user": "root", "password": ROOT_PASSWORD });
    let origin = ("origin", "https://localhost:9001");
    let opened = from_page(&store, "/api/v1/login", &[IN_COOKIE, origin], &document).await;
    assert!(opened.headers["set-cookie"].to_str().unwrap().ends_with("; Secure"), "{opened:?}");
}

#[tokio::test]
async fn a_cookie_alone_does_nothing() {
    let store = Store::new().await;
    let opened = login(&store).await;
    let with_cookie = cookie(&opened);
    let before = store.events().await;
    // A form cannot send the header, and sends no JSON.
    let form = [("cookie", with_cookie.as_str()), ("content-type", "text/plain")];
    let answer = from_page(&store, "/api/v1/refresh", &form, &Value::Null).await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{answer:?}");
    let answer = from_page(&store, "/api/v1/refresh", &[("cookie", &with_cookie)], &json!({})).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "invalid_request"));
    for path in ["/api/v1/whoami", "/api/v1/users"] {
        let request = Request::builder().uri(path).header("cookie", &with_cookie).body(Body::empty()).unwrap();
        assert_eq!(store.raw(request).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    let other = [("x-planetstore-session", "yes"), ("cookie", with_cookie.as_str())];
    assert_eq!(from_page(&store, "/api/v1/refresh", &other, &Value::Null).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(store.events().await, before, "something was changed");
    assert_eq!(refresh(&store, &with_cookie, &Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_cookie_that_another_page_of_the_host_put_there_is_not_taken() {
    let store = Store::new().await;
    let (own, others) = (login(&store).await, login(&store).await);
    let session = json!({ "session": own.body["session"] });
    let (mine, theirs) = (cookie(&own), cookie(&others));
    // Theirs in place of one's own, and beside it, before and after it.
    assert_eq!(refresh(&store, &theirs, &session).await.code(), "session_ended");
    assert_eq!(refresh(&store, &format!("{theirs}; {mine}"), &Value::Null).await.code(), "session_ended");
    let before = store.events().await;
    let answer = refresh(&store, &format!("a=b; {theirs}; {mine}"), &session).await;
    assert_eq!((answer.status, &answer.body["session"]), (StatusCode::OK, &own.body["session"]), "{answer:?}");
    assert_eq!(store.events().await, before + 1);
    // Another store's console on this host has its own.
    let elsewhere = cookie(&answer).replace("_9001", "_9101");
    assert_eq!(refresh(&store, &elsewhere, &Value::Null).await.code(), "session_ended");
}

#[tokio::test]
async fn a_page_that_was_left_while_it_went_on_goes_on_all_the_same() {
    let store = Store::new().await;
    let opened = login(&store).await;
    let first = refresh(&store, &cookie(&opened), &Value::Null).await;
    let events = store.events().await;
    // Its answer was lost, and the next page shows the spent token.
    let again = refresh(&store, &cookie(&opened), &Value::Null).await;
    assert_eq!((again.status, cookie(&again)), (StatusCode::OK, cookie(&first)), "{again:?}");
    assert_eq!(store.events().await, events, "nothing was changed once more");
    // Several pages of one browser at once are given the same.
    let at_once = cookie(&first);
    let none = Value::Null;
    let ask = || refresh(&store, &at_once, &none);
    let (one, two, three) = tokio::join!(ask(), ask(), ask());
    assert!([&one, &two, &three].iter().all(|answer| cookie(answer) == cookie(&one)), "{one:?} {two:?} {three:?}");
    assert_eq!(store.events().await, events + 1);
}

#[tokio::test]
async fn a_token_that_is_shown_long_after_it_was_spent_ends_the_session() {
    let store = Store::new().await;
    let opened = login(&store).await;
    let next = refresh(&store, &cookie(&opened), &Value::Null).await;
    pass(SignedDuration::from_secs(11));
    assert_eq!(refresh(&store, &cookie(&opened), &Value::Null).await.code(), "session_ended");
    assert_eq!(refresh(&store, &cookie(&next), &Value::Null).await.code(), "session_ended");
    // And so does one in a document, at once.
    let opened = store.login("root", ROOT_PASSWORD).await;
    let token = opened.body["refresh_token"].as_str().unwrap();
    assert_eq!(store.refresh(token).await.status, StatusCode::OK);
    assert_eq!(store.refresh(token).await.code(), "session_ended");
}

#[tokio::test]
async fn what_was_begun_is_finished_when_its_page_is_gone() {
    let store = Store::new().await;
    let opened = login(&store).await;
    let with_cookie = cookie(&opened);
    {
        let none = Value::Null;
        let mut asked = std::pin::pin!(refresh(&store, &with_cookie, &none));
        // It has begun, and is dropped before it can have ended.
        assert!(asked.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let again = refresh(&store, &with_cookie, &Value::Null).await;
    assert_eq!(again.status, StatusCode::OK, "{again:?}");
    let ask = store.ask(Method::Get, "/api/v1/whoami", again.body["access_token"].as_str().unwrap(), &Value::Null);
    assert_eq!(ask.await.status, StatusCode::OK);
}
