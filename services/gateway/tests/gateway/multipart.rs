//! Multipart uploads.

use crate::store::*;

/// The least size of a part that is not the last.
const PART_BYTES_MIN: usize = 5 * 1024 * 1024;

async fn begun(store: &Store) -> String {
    post("/bucket/key?uploads", "").to(store).await.is(200).elements("UploadId").remove(0)
}

async fn part(store: &Store, upload: &str, number: u16, length: usize) -> String {
    let part = put(&format!("/bucket/key?uploadId={upload}&partNumber={number}"), bytes(length)).to(store).await;
    part.is(200).header("etag").to_owned()
}

fn document(parts: &[(u16, &str)]) -> String {
    let part =
        |(number, etag): &(u16, &str)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    let parts: String = parts.iter().map(part).collect();
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_become_one_object_when_the_upload_is_completed() {
    let store = Store::new().await;
    let upload = begun(&store).await;
    let first = part(&store, &upload, 1, PART_BYTES_MIN).await;
    let last = part(&store, &upload, 7, 10).await;
    get("/bucket/key").to(&store).await.refuses(404, "NoSuchKey");
    let complete = post(&format!("/bucket/key?uploadId={upload}"), document(&[(1, &first), (7, &last)]));
    let completed = complete.to(&store).await.is(200);
    assert!(completed.elements("ETag")[0].contains("-2"), "{}", completed.text());
    let got = get("/bucket/key").to(&store).await.is(200);
    assert!(got.body == [bytes(PART_BYTES_MIN), bytes(10)].concat());
    let across = get("/bucket/key").with("range", "bytes=5242879-5242880").to(&store).await.is(206);
    assert_eq!(across.body, [bytes(PART_BYTES_MIN)[PART_BYTES_MIN - 1], bytes(10)[0]].as_slice());
    // Parts keep the numbers they were sent under.
    let last = get("/bucket/key?partNumber=7").to(&store).await.is(206);
    assert_eq!((last.body.clone(), last.header("x-amz-mp-parts-count")), (bytes(10), "2"));
    get("/bucket/key?partNumber=2").to(&store).await.refuses(416, "InvalidPartNumber");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_completed_with_the_parts_it_has_and_in_order() {
    let store = Store::new().await;
    let upload = begun(&store).await;
    let (first, second) = (part(&store, &upload, 1, 10).await, part(&store, &upload, 2, 20).await);
    let path = format!("/bucket/key?uploadId={upload}");
    let complete = |parts: &[(u16, &str)]| post(&path, document(parts));
    complete(&[(1, &second)]).to(&store).await.refuses(400, "InvalidPart");
    complete(&[(2, &second), (1, &first)]).to(&store).await.refuses(400, "InvalidPartOrder");
    complete(&[(1, &first), (2, &second)]).to(&store).await.refuses(400, "EntityTooSmall");
    complete(&[(2, &second)]).to(&store).await.is(200);
    assert_eq!(get("/bucket/key").to(&store).await.is(200).body, bytes(20));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_aborted_upload_is_gone_with_its_parts() {
    let store = Store::new().await;
    let upload = begun(&store).await;
    part(&store, &upload, 1, 10).await;
    let parts = get(&format!("/bucket/key?uploadId={upload}")).to(&store).await.is(200);
    assert_eq!((parts.elements("PartNumber"), parts.elements("Size")), (vec!["1".to_owned()], vec!["10".to_owned()]));
    assert_eq!(get("/bucket?uploads").to(&store).await.is(200).elements("UploadId"), [upload.as_str()]);
    delete(&format!("/bucket/key?uploadId={upload}")).to(&store).await.is(204);
    assert!(get("/bucket?uploads").to(&store).await.is(200).elements("UploadId").is_empty());
    get(&format!("/bucket/key?uploadId={upload}")).to(&store).await.refuses(404, "NoSuchUpload");
}
