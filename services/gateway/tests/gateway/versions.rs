//! Versions: kept, named, hidden by a marker, and brought back.

use crate::store::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_kept_and_read_by_their_names() {
    let store = Store::new().await;
    put("/bucket/key", "unversioned").to(&store).await.is(200);
    store.keep_versions().await;
    let second = put("/bucket/key", "second").to(&store).await.is(200);
    put("/bucket/key", "third").to(&store).await.is(200);
    let read = async |path: &str| get(path).to(&store).await.is(200).text();
    assert_eq!(read("/bucket/key").await, "third");
    assert_eq!(read(&format!("/bucket/key?versionId={}", second.header("x-amz-version-id"))).await, "second");
    assert_eq!(read("/bucket/key?versionId=null").await, "unversioned");
    assert_eq!(get("/bucket?versions").to(&store).await.is(200).elements("VersionId").len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delete_hides_and_removing_the_marker_brings_back() {
    let store = Store::new().await;
    store.keep_versions().await;
    put("/bucket/key", "kept").to(&store).await.is(200);
    let hidden = delete("/bucket/key").to(&store).await.is(204);
    assert_eq!(hidden.header("x-amz-delete-marker"), "true");
    let missing = get("/bucket/key").to(&store).await.refuses(404, "NoSuchKey");
    assert_eq!(missing.header("x-amz-delete-marker"), "true");
    let marker = hidden.header("x-amz-version-id");
    delete(&format!("/bucket/key?versionId={marker}")).to(&store).await.is(204);
    assert_eq!(get("/bucket/key").to(&store).await.is(200).text(), "kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_removed_is_gone_for_good() {
    let store = Store::new().await;
    store.keep_versions().await;
    let version = put("/bucket/key", "gone").to(&store).await.is(200).header("x-amz-version-id").to_owned();
    let path = format!("/bucket/key?versionId={version}");
    delete(&path).to(&store).await.is(204);
    get(&path).to(&store).await.refuses(404, "NoSuchVersion");
    assert!(get("/bucket?versions").to(&store).await.is(200).elements("VersionId").is_empty());
}
