//! Listings: of keys, by page, by prefix and delimiter; of buckets.

use crate::store::*;

async fn filled(keys: &[&str]) -> Store {
    let store = Store::new().await;
    for key in keys {
        put(&format!("/bucket/{key}"), (*key).to_owned()).to(&store).await.is(200);
    }
    store
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_in_order_page_by_page() {
    let store = filled(&["b", "a", "d", "c"]).await;
    let first = get("/bucket?list-type=2&max-keys=3").to(&store).await.is(200);
    assert_eq!((first.elements("Key"), first.elements("IsTruncated")), (texts(&["a", "b", "c"]), texts(&["true"])));
    let token = &first.elements("NextContinuationToken")[0];
    let token: String = form_urlencoded(token);
    let rest = get(&format!("/bucket?list-type=2&continuation-token={token}")).to(&store).await.is(200);
    assert_eq!((rest.elements("Key"), rest.elements("IsTruncated")), (texts(&["d"]), texts(&["false"])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_below_a_delimiter_are_one_prefix() {
    let store = filled(&["a/1", "a/2", "b/1", "c"]).await;
    let listed = get("/bucket?list-type=2&delimiter=/").to(&store).await.is(200);
    assert_eq!(listed.elements("Key"), ["c"]);
    assert_eq!(listed.text().matches("<CommonPrefixes>").count(), 2);
    let below = get("/bucket?list-type=2&prefix=a/&delimiter=/").to(&store).await.is(200);
    assert_eq!(below.elements("Key"), ["a/1", "a/2"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_shows_what_was_acked_just_before() {
    let store = filled(&[]).await;
    for n in 0..20 {
        put(&format!("/bucket/{n:02}"), "").to(&store).await.is(200);
        assert_eq!(get("/bucket").to(&store).await.is(200).elements("Key").len(), n + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_are_listed_by_name() {
    let store = filled(&[]).await;
    put("/another", "").to(&store).await.is(200);
    let listed = get("/").to(&store).await.is(200);
    assert!(listed.elements("Name") == ["another", "bucket"], "{}", listed.text());
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn form_urlencoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
