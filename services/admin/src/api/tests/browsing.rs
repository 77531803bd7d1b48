//! Tickets, presigned URLs, checks of policies, searches and settings.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use domain::Command;
use events::ids::SessionId;
use events::user::Role;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::BodyExt;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::store::{Store, now, pass};
use crate::api::method::Method::{self, Get, Post};
use crate::api::{ObjectService, object_routes};

/// What a gateway was asked.
#[derive(Debug, Clone)]
struct Seen {
    session: SessionId,
    ticket_age: Option<SignedDuration>,
    uri: Uri,
    headers: HeaderMap,
}

/// A gateway that answers everything with a hostile page.
#[derive(Clone, Default)]
struct Hostile(Arc<Mutex<Vec<Seen>>>);

impl ObjectService for Hostile {
    fn serve(
        &self,
        session: SessionId,
        ticket_age: Option<SignedDuration>,
        request: Request<Body>,
    ) -> BoxFuture<'static, Response> {
        let (parts, _) = request.into_parts();
        self.0.lock().unwrap().push(Seen { session, ticket_age, uri: parts.uri, headers: parts.headers });
        let response = Response::builder()
            .header("content-type", "text/html")
            .header("content-disposition", "inline")
            .header("access-control-allow-origin", "*")
            .body(Body::from("<script>alert(1)</script>"));
        Box::pin(async { response.unwrap() })
    }
}

impl Hostile {
    fn last(&self) -> Seen {
        self.0.lock().unwrap().last().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

fn objects(store: &Store) -> (Hostile, Router) {
    let gateway = Hostile::default();
    let routes = object_routes(&store.admin, Arc::new(gateway.clone()));
    (gateway, routes)
}

async fn send(routes: &Router, method: &str, uri: &str, headers: &[(&str, &str)]) -> (StatusCode, HeaderMap, String) {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, body) = routes.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8_lossy(&body).into_owned())
}

async fn must(store: &Store, token: &str, method: Method, path: &str, document: Value) -> Value {
    let answer = store.ask(method, path, token, &document).await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer.body
}

async fn bucket(store: &Store, name: &str, owner: &str) {
    let token = store.token("root").await;
    let owner = must(store, &token, Get, &format!("/api/v1/users/{owner}"), Value::Null).await;
    let command = Command::CreateBucket {
        bucket: name.parse().unwrap(),
        owner: owner["id"].as_str().unwrap().parse().unwrap(),
        acl: None,
        ownership: None,
        object_lock: false,
        location: None,
        tags: events::tags::Tags::default(),
    };
    store.commit_any(command).await;
}

#[tokio::test]
async fn s3_is_served_to_whoever_has_a_token_and_a_browser_never_shows_it() {
    let store = Store::new().await;
    store.user("ada", Role::User).await;
    let (gateway, routes) = objects(&store);
    let uri = "/api/v1/s3/photos/a%2Fb/..//c?versionId=7";
    for bad in [&[][..], &[("authorization", "Bearer x")], &[("cookie", "planetstore_refresh=x")]] {
        assert_eq!(send(&routes, "GET", uri, bad).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(gateway.count(), 0, "nothing came through");
    let session = store.session("ada", now() + SignedDuration::from_hours(1)).await;
    let bearer = format!("Bearer {}", store.token_for("ada", session));
    let sent =
        [("authorization", bearer.as_str()), ("cookie", "a=b"), ("origin", "http://evil"), ("range", "bytes=0-1")];
    let (status, headers, _) = send(&routes, "GET", uri, &sent).await;
    assert_eq!((status, &headers["content-disposition"]), (StatusCode::OK, &"attachment".parse().unwrap()));
    assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert!(!headers.contains_key("access-control-allow-origin"));
    let seen = gateway.last();
    assert_eq!((seen.session, seen.ticket_age), (session, None));
    assert_eq!(seen.uri, "/photos/a%2Fb/..//c?versionId=7", "the path is not touched");
    assert_eq!(seen.headers["range"], "bytes=0-1");
    for name in ["authorization", "cookie", "origin"] {
        assert!(!seen.headers.contains_key(name), "{name} goes no further");
    }
    for (method, status) in
        [("OPTIONS", StatusCode::METHOD_NOT_ALLOWED), ("PUT", StatusCode::OK), ("DELETE", StatusCode::OK)]
    {
        assert_eq!(send(&routes, method, uri, &[("authorization", &bearer)]).await.0, status, "{method}");
    }
}

#[tokio::test]
async fn a_ticket_is_good_for_one_object_for_a_while_and_for_reading_only() {
    let store = Store::new().await;
    store.user("ada", Role::User).await;
    let (gateway, routes) = objects(&store);
    let session = store.session("ada", now() + SignedDuration::from_hours(2)).await;
    let token = store.token_for("ada", session);
    let wanted = json!({ "bucket": "photos", "key": "a/b c.html", "version_id": null, "disposition": "inline" });
    let made = store.ask(Post, "/api/v1/tickets", &token, &wanted).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let url = made.body["url"].as_str().unwrap();
    assert!(url.starts_with("/objects/") && !url.contains(&token), "{url}");

    let sent = [("range", "bytes=0-1"), ("x-amz-acl", "public-read"), ("authorization", "Bearer x")];
    let (status, headers, _) = send(&routes, "GET", url, &sent).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, "text/plain; charset=utf-8"));
    assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let seen = gateway.last();
    assert_eq!(seen.session, session);
    assert!(seen.ticket_age.is_some_and(|age| age < SignedDuration::from_mins(1)), "{:?}", seen.ticket_age);
    assert_eq!(seen.uri, "/photos/a/b%20c.html");
    let names: Vec<_> = seen.headers.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["range"], "a tag cannot ask for more");

    let asked = gateway.count();
    for method in ["PUT", "DELETE", "POST", "OPTIONS"] {
        assert_eq!(send(&routes, method, url, &[]).await.0, StatusCode::METHOD_NOT_ALLOWED, "{method}");
    }
    for destination in ["script", "worker", "serviceworker", "style"] {
        let sent = [("sec-fetch-dest", destination)];
        assert_eq!(send(&routes, "GET", url, &sent).await.0, StatusCode::FORBIDDEN, "{destination}");
    }
    let (kept, last) = url.split_at(url.len() - 1);
    let forged = format!("{kept}{}", if last == "A" { "Q" } else { "A" });
    for wrong in ["/objects/x", forged.as_str(), &format!("{url}A")] {
        assert_eq!(send(&routes, "GET", wrong, &[]).await.0, StatusCode::FORBIDDEN, "{wrong}");
    }
    pass(SignedDuration::from_mins(61));
    let (status, _, body) = send(&routes, "GET", url, &[]).await;
    assert!(status == StatusCode::FORBIDDEN && body.contains("ticket_expired"), "{status} {body}");
    assert_eq!(gateway.count(), asked, "nothing of that came through");
}

#[tokio::test]
async fn urls_are_signed_with_a_key_of_whoever_asks() {
    let store = Store::new().await;
    let root = store.token("root").await;
    must(&store, &root, Post, "/api/v1/users", json!({ "name": "ada", "password": "correct horse" })).await;
    let ada = store.login("ada", "correct horse").await.body["access_token"].as_str().unwrap().to_owned();
    let wanted =
        json!({ "method": "GET", "bucket": "photos", "key": "a/b c", "version_id": "v+1", "expires_seconds": 60 });
    let answer = store.ask(Post, "/api/v1/presign", &ada, &wanted).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "without a key nothing can be signed: {answer:?}");
    let soon = now() + SignedDuration::from_secs(90);
    let key = must(&store, &ada, Post, "/api/v1/users/ada/keys", json!({ "expires": soon.to_string() })).await;
    let made = must(&store, &ada, Post, "/api/v1/presign", wanted.clone()).await;
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with("http://s3.test/photos/a/b%20c?versionId=v%2B1&X-Amz-Algorithm="), "{url}");
    assert_eq!(made["access_key"], key["access_key"]);
    assert!(!url.contains(key["secret_key"].as_str().unwrap()));
    let longer = json!({ "method": "GET", "bucket": "photos", "key": "a", "expires_seconds": 3_600 });
    assert_eq!(store.ask(Post, "/api/v1/presign", &ada, &longer).await.status, StatusCode::CONFLICT);
    let by_root = must(&store, &root, Post, "/api/v1/presign", longer).await;
    assert_eq!(by_root["access_key"], super::store::ROOT_KEY);
    for wrong in [json!({ "expires_seconds": 0 }), json!({ "expires_seconds": 604_801 }), json!({ "key": "" })] {
        let mut asked = wanted.clone();
        asked.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(store.ask(Post, "/api/v1/presign", &root, &asked).await.status, StatusCode::BAD_REQUEST, "{asked}");
    }
}

#[tokio::test]
async fn a_check_says_what_the_gateway_would_and_why() {
    let store = Store::new().await;
    for name in ["ada", "bob"] {
        store.user(name, Role::User).await;
    }
    bucket(&store, "photos", "ada").await;
    let root = store.token("root").await;
    let ask = async |user: Value, action: &str, key: Value| {
        let asked = json!({ "user": user, "action": action, "bucket": "photos", "key": key });
        must(&store, &root, Post, "/api/v1/policy-check", asked).await
    };
    let owner = ask(json!("ada"), "s3:GetObject", json!("x")).await;
    assert_eq!(owner, json!({ "allowed": true, "reasons": ["allowed to the bucket's owner"] }));
    let nobody = ask(json!("bob"), "s3:getobject", json!("x")).await;
    assert_eq!(nobody, json!({ "allowed": false, "reasons": ["denied because nothing allows it"] }));
    assert_eq!(ask(Value::Null, "s3:ListBucket", Value::Null).await["allowed"], false);
    assert_eq!(ask(json!("root"), "s3:DeleteBucket", Value::Null).await["allowed"], true);
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "near", "Effect": "Allow",
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*",
        "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } } }] });
    must(&store, &root, Method::Put, "/api/v1/policies/near", policy).await;
    store.ask(Method::Put, "/api/v1/policies/near/users/bob", &root, &Value::Null).await;
    let conditional = ask(json!("bob"), "s3:GetObject", json!("x")).await;
    assert_eq!((&conditional["allowed"], conditional["reasons"].as_array().unwrap().len()), (&json!(false), 2));
    for (asked, status) in [
        (json!({ "user": "ada", "action": "s3:Nothing", "bucket": "photos" }), StatusCode::BAD_REQUEST),
        (json!({ "user": "ada", "action": "s3:GetObject", "bucket": "photos" }), StatusCode::BAD_REQUEST),
        (json!({ "user": "ada", "action": "admin:GetUser" }), StatusCode::BAD_REQUEST),
        (json!({ "user": "eve", "action": "s3:ListBucket", "bucket": "photos" }), StatusCode::NOT_FOUND),
        (json!({ "user": "ada", "action": "s3:ListBucket", "bucket": "none" }), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(store.ask(Post, "/api/v1/policy-check", &root, &asked).await.status, status, "{asked}");
    }
}

#[tokio::test]
async fn a_search_finds_what_whoever_asks_may_list_and_nothing_else() {
    let store = Store::new().await;
    for name in ["ada", "bob"] {
        store.user(name, Role::User).await;
    }
    bucket(&store, "ada-photos", "ada").await;
    bucket(&store, "bobs-photos", "bob").await;
    let found = async |user: &str, query: &str| {
        let token = store.token(user).await;
        must(&store, &token, Get, &format!("/api/v1/search?q={query}"), Value::Null).await
    };
    assert_eq!(found("ada", "PHOTOS").await["buckets"], json!(["ada-photos"]));
    assert_eq!(found("root", "photos").await["buckets"], json!(["ada-photos", "bobs-photos"]));
    let all = found("root", "ada").await;
    assert_eq!((&all["users"], &all["buckets"]), (&json!(["ada"]), &json!(["ada-photos"])));
    let own = found("ada", "bob").await;
    assert_eq!((&own["users"], &own["buckets"], &own["nodes"]), (&json!([]), &json!([]), &json!([])));
    let token = store.token("ada").await;
    for wrong in ["q=a&limit=0", "q=a&limit=51", "what=a"] {
        let answer = store.ask(Get, &format!("/api/v1/search?{wrong}"), &token, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(found("root", "").await["buckets"], json!([]));
}

#[tokio::test]
async fn users_list_the_buckets_that_they_may_list_and_see_no_others() {
    let store = Store::new().await;
    for name in ["ada", "bob"] {
        store.user(name, Role::User).await;
    }
    bucket(&store, "ada-1", "ada").await;
    bucket(&store, "bobs", "bob").await;
    bucket(&store, "zebras-of-ada", "ada").await;
    let (ada, root) = (store.token("ada").await, store.token("root").await);
    let names = async |token: &str, query: &str| {
        let list = must(&store, token, Get, &format!("/api/v1/buckets{query}"), Value::Null).await;
        let names: Vec<_> = list["buckets"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
        (Value::from(names), list["next"].clone())
    };
    assert_eq!(names(&root, "").await.0, json!(["ada-1", "bobs", "zebras-of-ada"]));
    assert_eq!(names(&ada, "").await, (json!(["ada-1", "zebras-of-ada"]), Value::Null));
    let (first, next) = names(&ada, "?limit=1").await;
    assert_eq!(first, json!(["ada-1"]));
    let next = next.as_str().unwrap().to_owned();
    assert_eq!(names(&ada, &format!("?limit=1&after={next}")).await.0, json!(["zebras-of-ada"]));
    let own = must(&store, &ada, Get, "/api/v1/buckets/ada-1", Value::Null).await;
    assert_eq!((own["owner_name"].as_str(), own["usage"]["objects"].as_u64()), (Some("ada"), Some(0)));
    for hidden in ["bobs", "nowhere"] {
        let answer = store.ask(Get, &format!("/api/v1/buckets/{hidden}"), &ada, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{hidden}");
    }
}

#[tokio::test]
async fn settings_are_for_everybody_and_the_master_key_for_those_with_the_right() {
    let store = Store::new().await;
    store.user("ada", Role::User).await;
    let of = async |user: &str| {
        let token = store.token(user).await;
        must(&store, &token, Get, "/api/v1/settings", Value::Null).await
    };
    let own = of("ada").await;
    assert_eq!((own["endpoints"]["s3"].as_str(), own["region"].as_str()), (Some("http://s3.test"), Some("eu-1")));
    assert!(own.get("master_key").is_none(), "{own}");
    let all = of("root").await;
    assert_eq!(all["master_key"]["number"], 0);
    let may = |settings: &Value, name: &str| settings["operations"].as_array().unwrap().iter().any(|may| may == name);
    for (operation, is_for_all) in
        [("listBuckets", true), ("search", true), ("listUsers", false), ("getStatus", false), ("getAccessLog", false)]
    {
        assert_eq!((may(&own, operation), may(&all, operation)), (is_for_all, true), "{operation}");
    }
}
