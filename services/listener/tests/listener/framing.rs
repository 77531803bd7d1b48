//! What is no HTTP, or means two things, reaches no service.
//!
//! Source: RFC 9112, sections 2.2, 3.2, 5.1, 5.2, 6.1, 6.3 and 7.1.

use tokio::io::AsyncWriteExt;

use super::serving::{Serving, WIDE, to_end};

/// A second request, which a confused server would see in the body of the first one.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn heads_that_can_be_read_in_two_ways_are_refused() {
    let serving = Serving::start(WIDE).await;
    for head in [
        "host: a\r\nhost: b\r\n",
        "x: 1\r\n",
        "host: test\r\nx: 1\r\n folded\r\n",
        "host: test\r\n folded: 1\r\n",
        "host: test\r\nx : 1\r\n",
        "host: test\r\nx\r\n",
        "host: test\r\nx: a\rb\r\n",
        "host: test\r\nx: a\0b\r\n",
        "host: test\r\ncontent-length: 5\r\ncontent-length: 6\r\n",
        "host: test\r\ncontent-length: +5\r\n",
        "host: test\r\ncontent-length: -5\r\n",
        "host: test\r\ncontent-length: 5, 6\r\n",
        "host: test\r\ncontent-length: 0x5\r\n",
        "host: test\r\ncontent-length: 99999999999999999999\r\n",
        "host: test\r\ncontent-length: \r\n",
        "host: test\r\ntransfer-encoding: xchunked\r\n",
        "host: test\r\ntransfer-encoding: identity\r\n",
        "host: test\r\ntransfer-encoding: chunked, gzip\r\n",
        "host: test\r\ntransfer-encoding: \x0bchunked\r\n",
    ] {
        let said = serving.exchange(format!("POST /echo HTTP/1.1\r\n{head}\r\n{SMUGGLED}").as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 400 "), "{head:?}: {said}");
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{head:?}: {said}");
    }
    let old = format!("POST /echo HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n{SMUGGLED}");
    let old = serving.exchange(old.as_bytes()).await;
    assert!(old.starts_with("HTTP/1.0 400 ") || old.starts_with("HTTP/1.1 400 "), "{old}");
}

#[tokio::test]
async fn of_two_lengths_the_chunks_count_and_nothing_comes_after() {
    let serving = Serving::start(WIDE).await;
    for head in
        ["content-length: 5\r\ntransfer-encoding: chunked\r\n", "transfer-encoding: chunked\r\ncontent-length: 5\r\n"]
    {
        let raw = format!("POST /echo HTTP/1.1\r\nhost: test\r\n{head}\r\n3\r\nabc\r\n0\r\n\r\n{SMUGGLED}");
        let said = serving.exchange(raw.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 200 OK") && said.ends_with("\r\n\r\nabc"), "{head:?}: {said}");
        assert!(said.contains("connection: close\r\n"), "{head:?}: {said}");
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{head:?}: {said}");
    }
}

#[tokio::test]
async fn chunks_that_are_none_end_the_connection() {
    let serving = Serving::start(WIDE).await;
    for chunks in [
        "3\nabc\n0\n\n",
        "3\r\nabcX\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "3;a=b\nc\r\nabc\r\n0\r\n\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
    ] {
        let raw = format!("POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n{chunks}{SMUGGLED}");
        let said = serving.exchange(raw.as_bytes()).await;
        assert!(said.matches("HTTP/1.1").count() <= 1, "{chunks:?}: {said}");
        assert!(!said.contains("\r\n\r\nabc"), "{chunks:?}: {said}");
    }
}

#[tokio::test]
async fn requests_that_follow_each_other_are_answered_in_their_order() {
    let serving = Serving::start(WIDE).await;
    let mut stream = serving.connect().await;
    let first = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc";
    let last = "POST /echo HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
    stream.write_all(format!("{first}{last}").as_bytes()).await.unwrap();
    let said = to_end(&mut stream).await;
    let (one, two) = (said.find("\r\n\r\nabcHTTP/1.1 200 OK"), said.rfind("\r\n\r\nde"));
    assert!(one.is_some() && one < two, "{said}");
}
