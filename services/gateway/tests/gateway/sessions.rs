//! Requests that came through the console: with a session in place of a signature, and with the same rights.

use domain::IdentityCommand;
use eventlog::Log;
use events::ids::UserId;
use events::user::{Created, Limits, Role};
use jiff::SignedDuration;

use crate::store::*;

/// A user who has nothing yet.
async fn ada(store: &Store) {
    let command = IdentityCommand::CreateUser(Created {
        user: "ada".parse().unwrap(),
        id: UserId::from_fresh([7; 32]),
        role: Role::User,
        display_name: "Ada".into(),
        email: None,
        password: None,
        limits: Limits::default(),
        disabled: false,
        replica: None,
    });
    store.change(command).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_a_session_does_what_their_key_could_and_events_say_who_it_was() {
    let store = Store::new().await;
    let session = store.session("root").await;
    put("/bucket/key", "bytes").of(session).to(&store).await.is(200);
    assert_eq!(get("/bucket/key").of(session).to(&store).await.is(200).text(), "bytes");
    let range = get("/bucket/key").with("range", "bytes=1-2").of(session).to(&store).await.is(206);
    assert_eq!(range.text(), "yt");
    get("/bucket/none").of(session).to(&store).await.refuses(404, "NoSuchKey");
    let stored = store.log.read(1, usize::MAX, usize::MAX).await.unwrap();
    let created = stored.iter().map(|entry| String::from_utf8_lossy(&entry.payload).into_owned());
    let created: Vec<_> = created.filter(|text| text.contains("io.planetstore.object.created.v1")).collect();
    assert!(created.len() == 1 && created[0].contains(r#""authtype":"user""#), "{created:?}");
    assert!(created[0].contains(r#""authid":"root""#), "{created:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_more_by_a_session_than_by_a_key() {
    let store = Store::new().await;
    ada(&store).await;
    put("/bucket/key", "bytes").to(&store).await.is(200);
    let session = store.session("ada").await;
    for asked in [get("/bucket/key"), get("/bucket"), put("/bucket/mine", ""), delete("/bucket/key")] {
        asked.of(session).to(&store).await.refuses(403, "AccessDenied");
    }
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"},
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/secret",
         "Condition": {"StringNotEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}}}]}"#;
    put("/bucket?policy", policy).to(&store).await.is(204);
    put("/bucket/secret", "bytes").to(&store).await.is(200);
    get("/bucket/key").of(session).to(&store).await.is(200);
    get("/bucket/secret").of(session).to(&store).await.refuses(403, "AccessDenied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_has_ended_is_good_for_nothing() {
    let store = Store::new().await;
    let (ended, revoked) = (store.session("root").await, store.session("root").await);
    get("/bucket").of(revoked).to(&store).await.is(200);
    let revoke = IdentityCommand::RevokeSessions { user: "root".parse().unwrap(), session: Some(revoked) };
    store.change(revoke).await;
    get("/bucket").of(revoked).to(&store).await.refuses(403, "AccessDenied");
    put("/bucket/key", "bytes").of(revoked).to(&store).await.refuses(403, "AccessDenied");
    store.clock.pass(SignedDuration::from_hours(2));
    get("/bucket").of(ended).to(&store).await.refuses(403, "AccessDenied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_name_of_the_console_is_never_a_bucket_and_no_other_page_may_read_an_answer() {
    let store = Store::new().await;
    let session = store.session("root").await;
    let cors = "<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod>\
        </CORSRule></CORSConfiguration>";
    put("/bucket?cors", cors).to(&store).await.is(200);
    put("/bucket/key", "bytes").to(&store).await.is(200);
    let asked = || get("/bucket/key").with("host", "console.s3.test").with("origin", "https://evil.example");
    let answer = asked().of(session).to(&store).await.is(200);
    assert!(!answer.headers.contains_key("access-control-allow-origin"), "{:?}", answer.headers);
    let by_key = get("/bucket/key").with("origin", "https://evil.example").to(&store).await.is(200);
    assert_eq!(by_key.header("access-control-allow-origin"), "*", "the rule is good at the S3 address");
}
