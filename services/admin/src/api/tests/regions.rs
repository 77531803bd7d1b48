//! Regions of which statements are here: whom to believe, going on without one, and having it back.

use domain::{Command, LinkCommand, Setting, View};
use events::Fact;
use events::bucket::Versioning;
use events::ids::BucketName;
use events::link::BoundBucket;
use events::user::Role;
use http::StatusCode;
use serde_json::{Value, json};
use testkit::commands::create_bucket;

use super::store::{Answered, Store, now};
use crate::api::method::Method::{Get, Post};

const PROMOTE: &str = "/api/v1/regions/far-1/promote";
const FAILBACK: &str = "/api/v1/regions/far-1/failback";

fn name(text: &str) -> BucketName {
    text.parse().unwrap()
}

/// A region to which `far-1` replicates buckets by the key of `link`, with a link back.
async fn world(buckets: &[&str]) -> (Store, String) {
    let store = Store::new().await;
    store.user("eve", Role::Admin).await;
    let region = "eu-1".parse().unwrap();
    store.commit_any(Command::UpgradeRegion { region, level: Fact::LEVEL, release: "test".into() }).await;
    for bucket in buckets {
        store.commit_any(create_bucket(name(bucket))).await;
        set_versioning(&store, bucket, Versioning::Enabled).await;
    }
    let link =
        json!({ "name": "far-1", "url": "http://127.0.0.1:9", "access_key": "AKIAFAR1", "secret_key": "secret" });
    let token = store.token("eve").await;
    let added = store.ask(Post, "/api/v1/links", &token, &link).await;
    assert_eq!(added.status, StatusCode::CREATED, "{added:?}");
    say(&store, "link", 7, buckets).await;
    (store, token)
}

async fn set_versioning(store: &Store, bucket: &str, versioning: Versioning) {
    store.commit_any(Command::SetVersioning { bucket: name(bucket), versioning }).await;
}

/// Has a user say that everything of some buckets is here.
async fn say(store: &Store, user: &str, up_to: u64, buckets: &[&str]) {
    let of = |bucket: &&str| BoundBucket {
        bucket: name(bucket),
        source: "source".parse().unwrap(),
        waits: false,
        before: None,
        copies: false,
        refused: false,
    };
    let buckets = buckets.iter().map(of).collect();
    let (link, user) = ("far-1".parse().unwrap(), user.parse().unwrap());
    store.commit_any(LinkCommand::MoveBound { link, user, before: now(), up_to, buckets }.into()).await;
}

async fn promoted(store: &Store, token: &str) -> Value {
    let answer = store.ask(Post, PROMOTE, token, &json!({ "user": "link" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    answer.body
}

async fn failed_back(store: &Store, token: &str, wanted: Value) -> Answered {
    store.ask(Post, FAILBACK, token, &wanted).await
}

async fn rules(store: &Store, bucket: &str) -> Vec<events::replication::Rule> {
    let state = store.state().await;
    let id = state.bucket(&name(bucket)).unwrap().unwrap().id;
    state.bucket_settings(id).unwrap().replication.map(|row| row.configuration.rules).unwrap_or_default()
}

#[tokio::test]
async fn only_the_user_whom_an_administrator_names_speaks_for_a_region() {
    let (store, token) = world(&["one", "two"]).await;
    say(&store, "mallory", 9_000, &["one"]).await;
    let listed = store.ask(Get, "/api/v1/regions", &token, &Value::Null).await;
    let users: Vec<_> = listed.body["regions"][0]["statements"].as_array().unwrap().iter().collect();
    assert_eq!(users.iter().map(|said| said["user"].as_str().unwrap()).collect::<Vec<_>>(), ["link", "mallory"]);
    assert_eq!(users[0]["up_to"], 7, "what others say changes nothing of it");
    let nobody = store.ask(Post, PROMOTE, &token, &json!({})).await;
    assert_eq!(nobody.status, StatusCode::BAD_REQUEST, "{nobody:?}");
    let other = store.ask(Post, PROMOTE, &token, &json!({ "user": "eve" })).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND, "{other:?}");
    let done = promoted(&store, &token).await;
    assert_eq!((&done["statement"]["user"], &done["statement"]["up_to"]), (&json!("link"), &json!(7)));
    assert_eq!(done["statement"]["buckets"][0]["source"], "source");
    assert_eq!(done["added"], json!(["one", "two"]));
    // Nor does somebody else's word have a region back.
    let silent = failed_back(&store, &token, json!({ "user": "eve" })).await;
    assert!(silent.body["waits_for"].to_string().contains("has not said yet, by eve"), "{silent:?}");
}

#[tokio::test]
async fn a_bucket_that_cannot_be_promoted_holds_up_no_other_and_is_named() {
    let (store, token) = world(&["one", "two", "three"]).await;
    set_versioning(&store, "one", Versioning::Suspended).await;
    let done = promoted(&store, &token).await;
    assert_eq!(done["added"], json!(["two", "three"]));
    assert_eq!((&done["failed"][0]["bucket"], done["failed"].as_array().unwrap().len()), (&json!("one"), 1));
    assert!(done["failed"][0]["why"].as_str().unwrap().contains("needs versioning"), "{done}");
    assert_eq!((rules(&store, "one").await.len(), rules(&store, "two").await.len()), (0, 1));
    set_versioning(&store, "one", Versioning::Enabled).await;
    let again = promoted(&store, &token).await;
    assert_eq!((&again["added"], &again["failed"]), (&json!(["one"]), &json!([])));
}

#[tokio::test]
async fn rules_that_were_there_stay_and_one_that_was_changed_is_said() {
    let (store, token) = world(&["one"]).await;
    promoted(&store, &token).await;
    let mut changed = rules(&store, "one").await;
    changed[0].enabled = false;
    let configuration = events::replication::Configuration { role: String::new(), rules: changed.clone() };
    let setting = Setting::Replication(Some(configuration));
    store.commit_any(Command::SetBucketSetting { bucket: name("one"), setting }).await;
    let done = promoted(&store, &token).await;
    assert_eq!(done["statement"]["buckets"][0]["back"], "changed");
    assert!(done["failed"][0]["why"].as_str().unwrap().contains("was changed"), "{done}");
    assert_eq!(rules(&store, "one").await, changed);
    say(&store, "link", 8, &["one"]).await;
    let waits = failed_back(&store, &token, json!({ "user": "link" })).await;
    assert_eq!(waits.status, StatusCode::OK, "{waits:?}");
    assert!(waits.body["waits_for"].to_string().contains("rule of the promotion was changed"), "{waits:?}");
    assert_eq!(waits.body["since"], store.events().await, "it is a place in the log");
    assert_eq!(rules(&store, "one").await, changed, "nothing is removed that does not send everything");
}

#[tokio::test]
async fn what_was_sent_to_a_bucket_that_is_gone_is_not_in_the_next_one() {
    let (store, token) = world(&["one"]).await;
    store.commit_any(Command::DeleteBucket { bucket: name("one") }).await;
    store.commit_any(create_bucket(name("one"))).await;
    say(&store, "link", 9, &["one"]).await;
    let plan = store.ask(Post, PROMOTE, &token, &json!({ "user": "link", "dry_run": true })).await;
    let bucket = &plan.body["statement"]["buckets"][0];
    assert_eq!((&bucket["is_other"], bucket.get("before")), (&json!(true), None), "{plan:?}");
    let waits = failed_back(&store, &token, json!({ "user": "link" })).await;
    assert!(waits.body["missing"].to_string().contains("made anew"), "{waits:?}");
}
