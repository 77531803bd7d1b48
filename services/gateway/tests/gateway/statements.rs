//! What another region says of how much of it is here.

use domain::View;
use jiff::SignedDuration;
use serde_json::json;

use crate::store::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_is_recorded_of_buckets_that_the_caller_may_replicate_to() {
    let store = Store::new().await;
    let now = store.clock.now();
    let bucket = |name: &str| json!({ "bucket": name, "source": "far" });
    let statement = |region: &str, hours: i64, buckets: &[&str]| {
        let buckets: Vec<_> = buckets.iter().map(|name| bucket(name)).collect();
        let before = (now + SignedDuration::from_hours(hours)).to_string();
        json!({ "form": 1, "region": region, "before": before, "up_to": 7, "buckets": buckets }).to_string()
    };
    put("/?replicate", statement("far-1", 0, &["bucket", "none"])).to(&store).await.is(200);
    let bounds = store.ledger.latest().bounds().unwrap();
    let (region, user, row) = &bounds[0];
    assert_eq!((region.as_str(), user.as_str(), row.up_to), ("far-1", "root", 7));
    let names: Vec<_> = row.buckets.iter().map(|bucket| bucket.bucket.as_str()).collect();
    assert_eq!(names, ["bucket"], "nothing is said of a bucket that is not here");
    assert!(row.buckets[0].id.is_some());
    put("/?replicate", statement("far-2", 0, &["none"])).to(&store).await.refuses(403, "AccessDenied");
    put("/?replicate", statement("far-1", 25, &["bucket"])).to(&store).await.is(400);
    put("/?replicate", r#"{"form":2}"#).to(&store).await.refuses(501, "NotImplemented");
    let unsigned = put("/?replicate", statement("far-1", 0, &["bucket"])).without_signed_body();
    unsigned.to(&store).await.refuses(403, "AccessDenied");
    let session = store.session("root").await;
    let of_session = put("/?replicate", statement("far-1", 0, &["bucket"])).of(session);
    of_session.to(&store).await.refuses(403, "AccessDenied");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_was_made_anew_is_never_taken_for_the_one_that_was_sent_to() {
    let store = Store::new().await;
    let start = store.clock.now();
    let statement = |second: i64, waits: bool| {
        let before = (start + SignedDuration::from_secs(second)).to_string();
        let bucket = json!({ "bucket": "second", "source": "far", "waits": waits });
        json!({ "form": 1, "region": "far-1", "before": before, "up_to": second, "buckets": [bucket] }).to_string()
    };
    let row = || store.ledger.latest().bound(&"far-1".parse().unwrap(), &"root".parse().unwrap()).unwrap().unwrap();
    put("/second", "").to(&store).await.is(200);
    put("/?replicate", statement(1, false)).to(&store).await.is(200);
    let first = row();
    assert!(first.buckets[0].id.is_some());
    delete("/second").to(&store).await.is(204);
    // The other region has not noticed yet, and then it has.
    for (second, waits) in [(2, false), (3, true)] {
        put("/?replicate", statement(second, waits)).to(&store).await.is(200);
        let bucket = &row().buckets[0];
        assert_eq!(bucket.id, first.buckets[0].id, "the bucket that was named first");
        assert_eq!(
            row().before_of(bucket),
            Some(first.before),
            "nothing more is believed of a bucket that is not here"
        );
    }
    put("/second", "").to(&store).await.is(200);
    put("/?replicate", statement(4, false)).to(&store).await.is(200);
    let id = store.ledger.latest().bucket(&"second".parse().unwrap()).unwrap().unwrap().id;
    assert!(row().buckets[0].id == first.buckets[0].id && row().buckets[0].id != Some(id));
}
