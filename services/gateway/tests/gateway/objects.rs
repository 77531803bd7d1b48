//! Objects: put, read, read in part, put under conditions, removed.

use crate::store::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_put_is_read_whatever_its_size() {
    let store = Store::new().await;
    for length in [0, 1, 32 * 1024, 32 * 1024 + 1, 5 * 1024 * 1024 + 7] {
        let put = put("/bucket/key", bytes(length)).with("content-type", "image/png").to(&store).await.is(200);
        let got = get("/bucket/key").to(&store).await.is(200);
        assert!(got.body == bytes(length), "{length}");
        assert_eq!((got.header("etag"), got.header("content-type")), (put.header("etag"), "image/png"));
        let head = head("/bucket/key").to(&store).await.is(200);
        assert_eq!((head.header("content-length"), head.body.len()), (length.to_string().as_str(), 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_is_those_bytes_alone() {
    let store = Store::new().await;
    let content = bytes(3 * 1024 * 1024);
    put("/bucket/key", content.clone()).to(&store).await.is(200);
    for (asked, from, to) in [("bytes=0-0", 0, 1), ("bytes=1048570-1048590", 1_048_570, 1_048_591)] {
        let part = get("/bucket/key").with("range", asked).to(&store).await.is(206);
        assert_eq!(part.body, content.slice(from..to));
        assert_eq!(part.header("content-range"), format!("bytes {from}-{}/{}", to - 1, content.len()));
    }
    let last = get("/bucket/key").with("range", "bytes=-5").to(&store).await.is(206);
    assert_eq!(last.body, content.slice(content.len() - 5..));
    get("/bucket/key").with("range", "bytes=3145728-").to(&store).await.refuses(416, "InvalidRange");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_happens_under_its_condition_only() {
    let store = Store::new().await;
    let first = put("/bucket/key", "first").with("if-none-match", "*").to(&store).await.is(200);
    put("/bucket/key", "again").with("if-none-match", "*").to(&store).await.refuses(412, "PreconditionFailed");
    put("/bucket/key", "second").with("if-match", first.header("etag")).to(&store).await.is(200);
    put("/bucket/key", "third")
        .with("if-match", first.header("etag"))
        .to(&store)
        .await
        .refuses(412, "PreconditionFailed");
    assert_eq!(get("/bucket/key").to(&store).await.is(200).text(), "second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_happens_under_its_condition_only() {
    let store = Store::new().await;
    let put = put("/bucket/key", "bytes").to(&store).await.is(200);
    let etag = put.header("etag");
    get("/bucket/key").with("if-match", etag).to(&store).await.is(200);
    get("/bucket/key").with("if-match", "\"other\"").to(&store).await.refuses(412, "PreconditionFailed");
    let unchanged = get("/bucket/key").with("if-none-match", etag).to(&store).await.is(304);
    assert_eq!((unchanged.header("etag"), unchanged.body.len()), (etag, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_puts_at_once_under_one_condition_one_happens() {
    let store = Store::new().await;
    let puts = (0..8).map(|n| put("/bucket/key", format!("put {n}")).with("if-none-match", "*").to(&store));
    let mut statuses: Vec<u16> =
        futures_util::future::join_all(puts).await.into_iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 412)), (200, true), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_removed_is_gone_and_can_be_removed_again() {
    let store = Store::new().await;
    put("/bucket/one", "1").to(&store).await.is(200);
    put("/bucket/two", "2").to(&store).await.is(200);
    delete("/bucket").to(&store).await.refuses(409, "BucketNotEmpty");
    delete("/bucket/one").to(&store).await.is(204);
    delete("/bucket/one").to(&store).await.is(204);
    get("/bucket/one").to(&store).await.refuses(404, "NoSuchKey");
    let both = "<Delete><Object><Key>one</Key></Object><Object><Key>two</Key></Object></Delete>";
    let deleted = post("/bucket?delete", both).to(&store).await.is(200);
    assert_eq!(deleted.elements("Key"), ["one", "two"]);
    delete("/bucket").to(&store).await.is(204);
}
