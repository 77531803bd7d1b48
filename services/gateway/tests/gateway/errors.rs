//! What is refused, and how.

use jiff::SignedDuration;

use crate::store::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_is_said_by_its_name() {
    let store = Store::new().await;
    get("/bucket/key").to(&store).await.refuses(404, "NoSuchKey");
    get("/nobodys/key").to(&store).await.refuses(404, "NoSuchBucket");
    get("/bucket?lifecycle").to(&store).await.refuses(404, "NoSuchLifecycleConfiguration");
    put("/Not_A_Bucket", "").to(&store).await.refuses(400, "InvalidBucketName");
    let absent = head("/bucket/key").to(&store).await.is(404);
    assert!(absent.body.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_has_an_id_by_which_it_is_found() {
    let store = Store::new().await;
    let answer = get("/bucket/key").to(&store).await.refuses(404, "NoSuchKey");
    assert_eq!(answer.elements("RequestId"), [answer.header("x-amz-request-id")]);
    let next = get("/bucket/key").to(&store).await;
    assert_ne!(answer.header("x-amz-request-id"), next.header("x-amz-request-id"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_with_a_wrong_secret_or_at_a_wrong_time_changes_nothing() {
    let store = Store::new().await;
    put("/bucket/key", "bytes").signed_with("a guess").to(&store).await.refuses(403, "SignatureDoesNotMatch");
    store.clock.pass(SignedDuration::from_mins(16));
    put("/bucket/key", "bytes").to(&store).await.refuses(403, "RequestTimeTooSkewed");
    store.clock.set_ahead(SignedDuration::ZERO);
    get("/bucket/key").to(&store).await.refuses(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_what_they_were_said_to_be_are_not_kept() {
    let store = Store::new().await;
    let wrong = put("/bucket/key", "bytes").with("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==");
    wrong.to(&store).await.refuses(400, "BadDigest");
    let wrong = put("/bucket/key", bytes(2 * 1024 * 1024)).with("x-amz-checksum-crc32", "AAAAAA==");
    wrong.to(&store).await.refuses(400, "BadDigest");
    get("/bucket/key").to(&store).await.refuses(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_built_is_said_to_be_so() {
    let store = Store::new().await;
    put("/bucket?website", "<WebsiteConfiguration/>").to(&store).await.refuses(501, "NotImplemented");
}
