//! Copies, which name bytes that are stored already.

use crate::store::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_the_same_object_under_another_key_and_outlives_its_source() {
    let store = Store::new().await;
    let content = bytes(2 * 1024 * 1024);
    put("/bucket/source", content.clone()).with("x-amz-meta-colour", "red").to(&store).await.is(200);
    let before = store.shards().await;
    put("/bucket/copy", "").with("x-amz-copy-source", "/bucket/source").to(&store).await.is(200);
    assert_eq!(store.shards().await, before, "no byte was stored again");
    delete("/bucket/source").to(&store).await.is(204);
    let copy = get("/bucket/copy").to(&store).await.is(200);
    assert!(copy.body == content);
    assert_eq!(copy.header("x-amz-meta-colour"), "red");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_may_have_metadata_of_its_own() {
    let store = Store::new().await;
    put("/bucket/source", "bytes").with("x-amz-meta-colour", "red").to(&store).await.is(200);
    let copy = put("/bucket/copy", "").with("x-amz-copy-source", "bucket/source");
    let copy = copy.with("x-amz-metadata-directive", "REPLACE").with("x-amz-meta-shape", "round");
    copy.to(&store).await.is(200);
    let copied = head("/bucket/copy").to(&store).await.is(200);
    assert_eq!(copied.header("x-amz-meta-shape"), "round");
    assert!(!copied.headers.contains_key("x-amz-meta-colour"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_happens_under_the_condition_on_its_source_only() {
    let store = Store::new().await;
    let source = put("/bucket/source", "bytes").to(&store).await.is(200);
    let copy = || put("/bucket/copy", "").with("x-amz-copy-source", "/bucket/source");
    let other = copy().with("x-amz-copy-source-if-match", "\"other\"");
    other.to(&store).await.refuses(412, "PreconditionFailed");
    copy().with("x-amz-copy-source-if-match", source.header("etag")).to(&store).await.is(200);
    put("/bucket/x", "").with("x-amz-copy-source", "/bucket/none").to(&store).await.refuses(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_bytes_put_again_are_not_stored_again() {
    let store = Store::new().await;
    let content = bytes(2 * 1024 * 1024);
    put("/bucket/one", content.clone()).to(&store).await.is(200);
    let before = store.shards().await;
    put("/bucket/two", content.clone()).to(&store).await.is(200);
    assert_eq!(store.shards().await, before);
    assert!(get("/bucket/two").to(&store).await.is(200).body == content);
}
