//! Users and keys that another region sends.

use eventlog::Log;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::store::*;

fn changes(changes: &[Value]) -> Vec<u8> {
    json!({ "form": 1, "changes": changes }).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_no_signature_covers_is_refused() {
    let store = Store::new().await;
    post("/?replicate", changes(&[])).to(&store).await.is(200);
    post("/?replicate", changes(&[])).without_signed_body().to(&store).await.refuses(403, "AccessDenied");
    let session = store.session("root").await;
    post("/?replicate", changes(&[])).of(session).to(&store).await.refuses(403, "AccessDenied");
}

/// What another region wrote now, of what was made then.
fn written(made: &Value) -> Value {
    json!({ "of": [made], "stamp": made })
}

fn user(made: &Value) -> Value {
    let write = written(made);
    json!({ "user": { "user": "ada", "id": "id-of-ada", "made": made, "role": "user", "display_name": "Ada",
        "enabled": true, "limits": {}, "write": write, "password_write": write } })
}

fn key(id: &str, secret: &str, made: &Value, at: &Value) -> Value {
    json!({ "key": { "user": "ada", "access_key": id, "state": { "secret": secret, "enabled": true },
        "write": { "of": [made], "stamp": at } } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_the_same_secret_is_changed_and_one_of_another_is_made_anew() {
    let store = Store::new().await;
    let now = store.clock.now();
    let at = |seconds| json!({ "at": (now + SignedDuration::from_secs(seconds)).to_string(), "region": "far-1" });
    let made = at(0);
    for (secret, seconds) in [("one", 1), ("one", 2), ("other", 3)] {
        let sent = changes(&[user(&made), key("AKIAOFADA", secret, &made, &at(seconds))]);
        post("/?replicate", sent).to(&store).await.is(200);
    }
    let stored = store.log.read(1, usize::MAX, usize::MAX).await.unwrap();
    let texts: Vec<_> = stored.iter().map(|entry| String::from_utf8_lossy(&entry.payload).into_owned()).collect();
    let count = |kind: &str| texts.iter().filter(|text| text.contains(kind)).count();
    assert_eq!(count("io.planetstore.key.created.v1"), 2);
    assert_eq!(count("io.planetstore.key.changed.v1"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn roots_key_is_no_key_of_a_user_and_what_is_ahead_waits() {
    let store = Store::new().await;
    let now = store.clock.now();
    let at = |hours| json!({ "at": (now + SignedDuration::from_hours(hours)).to_string(), "region": "far-1" });
    let (made, ahead) = (at(0), at(25));
    let of_root = changes(&[user(&made), key("ROOTKEY", "secret", &made, &made)]);
    post("/?replicate", of_root).to(&store).await.refuses(409, "IdentityReplicaRefused");
    post("/?replicate", changes(&[user(&ahead)])).to(&store).await.refuses(403, "RequestTimeTooSkewed");
    post("/?replicate", r#"{"form":2}"#).to(&store).await.refuses(501, "NotImplemented");
}
