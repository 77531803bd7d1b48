//! What buckets hold and held: the figures, and who sees them.

use domain::{Command, DeleteObject};
use events::Origin;
use events::ids::{AuthType, BucketName, ObjectKey, Principal};
use events::user::Role;
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::commands::{content, create_bucket_of, put_object, staged};

use super::store::{Answered, ROOT_KEY, Store, now, pass};
use crate::api::method::Method::{Get, Put};

fn bucket(name: &str) -> BucketName {
    name.parse().unwrap()
}

fn key(text: &str) -> ObjectKey {
    ObjectKey::from_bytes(text.as_bytes()).unwrap()
}

/// `number` stands for the bytes: whoever puts the same number puts the same bytes.
fn put(name: &str, text: &str, size: u64, number: u32) -> Command {
    let body = staged(content(number, u128::from(number)));
    Command::PutObject(Box::new(put_object(bucket(name), key(text), size, body)))
}

async fn give(store: &Store, user: &str, statements: Value) {
    let root = store.token("root").await;
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    for (path, document) in
        [(format!("/policies/of-{user}"), document), (format!("/policies/of-{user}/users/{user}"), Value::Null)]
    {
        let answer = store.ask(Put, &format!("/api/v1{path}"), &root, &document).await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
}

async fn get(store: &Store, user: &str, path: &str) -> Answered {
    let token = store.token(user).await;
    store.ask(Get, &format!("/api/v1{path}"), &token, &Value::Null).await
}

/// Root does it, over S3.
async fn by_root(store: &Store, command: Command) {
    let principal = Principal { kind: AuthType::ApiKey, id: ROOT_KEY.into() };
    let origin = Origin { principal, request_id: "7".into(), traceparent: None, address: None };
    store.ledger.commit(command, origin).await.unwrap();
}

/// A store with the same bytes under two keys, and others under a third.
async fn store() -> Store {
    let store = Store::new().await;
    store.commit_any(create_bucket_of(bucket("first"), "owner", false)).await;
    store.commit_any(create_bucket_of(bucket("other"), "owner", false)).await;
    by_root(&store, put("first", "a/x/1", 10, 1)).await;
    by_root(&store, put("first", "a/y", 10, 1)).await;
    by_root(&store, put("other", "z", 10, 1)).await;
    by_root(&store, put("first", "b", 5, 2)).await;
    store
}

#[tokio::test]
async fn insights_count_what_a_bucket_holds() {
    let store = store().await;
    let answer = get(&store, "root", "/buckets/first/insights").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let found = &answer.body;
    assert_eq!(found["objects"], 3);
    assert_eq!((&found["versions"], &found["bytes"]), (&json!(3), &json!(25)));
    assert_eq!((&found["stored_bytes"], &found["dedup_ratio"]), (&json!(15), &json!(25.0 / 15.0)));
    assert_eq!(found["covers"]["is_complete"], true);
    assert_eq!(found["prefixes"][0]["prefix"], "a/");
    assert_eq!(found["prefixes"][0]["prefixes"][0], json!({ "prefix": "a/x/", "objects": 1, "bytes": 10 }));
    assert_eq!(found["ages"][0], json!({ "days_min": 0, "days_max": 1, "objects": 3, "bytes": 25 }));
    let talker = &found["talkers"][0];
    assert_eq!((&talker["user"], &talker["writes"], &talker["bytes_in"]), (&json!("root"), &json!(3), &json!(25)));
    let copies = get(&store, "root", "/buckets/other/insights").await.body;
    assert_eq!(
        (&copies["stored_bytes"], &copies["dedup_ratio"]),
        (&json!(0), &Value::Null),
        "the bytes count where they were uploaded first"
    );
}

#[tokio::test]
async fn insights_are_of_the_state_that_they_name() {
    let store = store().await;
    let first = get(&store, "root", "/buckets/first/insights").await.body;
    by_root(&store, put("first", "c", 7, 3)).await;
    let second = get(&store, "root", "/buckets/first/insights").await.body;
    let counted = if second["as_of"] == first["as_of"] { 3 } else { 4 };
    assert_eq!((&second["objects"], &second["covers"]["objects"]), (&json!(counted), &json!(counted)));
}

#[tokio::test]
async fn growth_is_what_there_was_at_the_end_of_each_hour() {
    let store = store().await;
    pass(SignedDuration::from_hours(2));
    store.commit_any(DeleteObject::new(bucket("first"), key("b"), None).into()).await;
    let of = async |path: &str| get(&store, "root", path).await.body;
    let hours = of("/growth?bucket=first&resolution=hour").await;
    let points = hours["points"].as_array().unwrap();
    assert_eq!(points.len(), 168);
    let bytes = |back: usize| points[167 - back]["bytes"].as_u64().unwrap();
    assert_eq!((bytes(0), bytes(1), bytes(2), bytes(3)), (20, 25, 25, 0));
    assert_eq!(points[167]["stored_bytes"], 10);
    let days = of("/growth").await;
    let last = days["points"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["objects"], &last["bytes"], &last["stored_bytes"]), (&json!(3), &json!(30), &json!(10)));
    assert_eq!(days["dedup_ratio"], json!(3.0));
    let of_bucket = of(&format!("/buckets/first/growth?resolution=hour&since={}", now())).await;
    assert_eq!(of_bucket["points"].as_array().unwrap().len(), 1);
    for wrong in ["/growth?resolution=week", "/growth?since=2h", "/growth?x=1", "/growth?bucket=A"] {
        let answer = get(&store, "root", wrong).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::BAD_REQUEST, "invalid_request"), "{wrong}");
    }
    assert_eq!(get(&store, "root", "/growth?bucket=none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn figures_of_a_bucket_are_for_whoever_may_list_all_of_it() {
    let store = store().await;
    for name in ["ada", "lou", "sam", "bea"] {
        store.user(name, Role::User).await;
    }
    let allow = |action: &str, resource: &str| json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    let mut some = allow("s3:ListBucket", "arn:aws:s3:::first");
    some["Condition"] = json!({ "StringLike": { "s3:prefix": "a/*" } });
    give(&store, "lou", json!([allow("s3:ListBucket", "arn:aws:s3:::first")])).await;
    give(&store, "sam", json!([some])).await;
    give(&store, "bea", json!([allow("admin:Get*", "*")])).await;
    for path in ["/buckets/first/insights", "/buckets/first/growth"] {
        for (user, status) in [
            ("ada", StatusCode::NOT_FOUND),
            ("sam", StatusCode::NOT_FOUND),
            ("lou", StatusCode::OK),
            ("bea", StatusCode::OK),
        ] {
            assert_eq!(get(&store, user, path).await.status, status, "{path} as {user}");
        }
    }
    assert_eq!(get(&store, "lou", "/buckets/other/growth").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&store, "lou", "/growth").await.status, StatusCode::FORBIDDEN);
    assert_eq!(get(&store, "bea", "/growth").await.status, StatusCode::OK);
}
