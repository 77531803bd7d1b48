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
