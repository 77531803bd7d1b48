//! Malformed or ambiguous requests reach no service.
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

/// Heads that hyper would accept, and that another program may read differently, with their errors.
const AMBIGUOUS: [(&str, &str); 13] = [
    ("POST /echo HTTP/1.1\nhost: test\n\n", "line feed"),
    ("POST /echo HTTP/1.1\r\nhost: test\nx: 1\r\n\r\n", "line feed"),
    ("POST /echo HTTP/1.1\r\nhost: test\r\nx: 1\r\n\n", "line feed"),
    ("\nPOST /echo HTTP/1.1\r\nhost: test\r\n\r\n", "line feed"),
    (
        "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: identity\r\ntransfer-encoding: chunked\r\n\r\n",
        "coding",
    ),
    ("POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: identity, chunked\r\n\r\n", "coding"),
    ("POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked, chunked\r\n\r\n", "coding"),
    ("POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: gzip, chunked\r\n\r\n", "coding"),
    ("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", "not have both"),
    ("POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n", "not have both"),
    ("POST http://other/echo HTTP/1.1\r\nhost: test\r\n\r\n", "request line"),
    ("POST http://test:81/echo HTTP/1.1\r\nhost: test\r\n\r\n", "request line"),
    ("POST http://test@other/echo HTTP/1.1\r\nhost: test\r\n\r\n", "request line"),
];

#[tokio::test]
async fn heads_that_another_program_could_read_differently_are_refused_and_nothing_comes_after() {
    let serving = Serving::start(WIDE).await;
    let first = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc";
    for (head, why) in AMBIGUOUS {
        let raw = format!("{head}3\r\nabc\r\n0\r\n\r\n{SMUGGLED}");
        let said = serving.exchange(raw.as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 400 ") && said.contains(why), "{head:?}: {said}");
        assert!(said.contains("connection: close\r\n"), "{head:?}: {said}");
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{head:?}: {said}");

        let said = serving.exchange(format!("{first}{raw}").as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 200 OK") && said.contains("abcHTTP/1.1 400 "), "{head:?}: {said}");
        assert_eq!(said.matches("HTTP/1.1").count(), 2, "{head:?}: {said}");
    }
}

#[tokio::test]
async fn a_head_is_the_same_however_it_comes() {
    let serving = Serving::start(WIDE).await;
    let mut stream = serving.connect().await;
    let sound =
        "POST http://TEST:80/echo HTTP/1.1\r\nhost: test\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\na\nc\r\n0\r\n\r\n";
    for byte in [sound, AMBIGUOUS[0].0].concat().bytes() {
        stream.write_all(&[byte]).await.unwrap();
    }
    let said = to_end(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200 OK") && said.contains("\r\n\r\na\ncHTTP/1.1 400 "), "{said}");
}

#[tokio::test]
async fn who_is_refused_while_sending_a_body_reads_why() {
    let serving = Serving::start(WIDE).await;
    let body = "x".repeat(8 << 20);
    let length = body.len();
    let head =
        format!("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\ntransfer-encoding: chunked\r\n\r\n");
    let mut stream = serving.connect().await;
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let said = to_end(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 400 ") && said.contains("not have both"), "{said}");
}

#[tokio::test]
async fn who_asks_for_another_protocol_is_not_let_past_the_rules() {
    let serving = Serving::start(WIDE).await;
    let ask = "GET /who HTTP/1.1\r\nhost: test\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    let said = serving.exchange(format!("{ask}{}{SMUGGLED}", AMBIGUOUS[0].0).as_bytes()).await;
    assert!(!said.contains("HTTP/1.1 200 OK\r\n\r\nabc") && said.matches("200 OK").count() <= 1, "{said}");
}

#[tokio::test]
async fn what_comes_after_a_request_and_is_none_does_not_take_its_answer_away() {
    let serving = Serving::start(WIDE).await;
    for after in ["GARBAGE", "GET / HT", "\r\n"] {
        let mut stream = serving.connect().await;
        let request = format!("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 5\r\n\r\nhello{after}");
        stream.write_all(request.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let said = to_end(&mut stream).await;
        assert!(said.starts_with("HTTP/1.1 200 OK") && said.contains("\r\n\r\nhello"), "{after:?}: {said}");
    }
}

#[tokio::test]
async fn who_speaks_another_protocol_is_told_at_once() {
    let serving = Serving::start(WIDE).await;
    let mut stream = serving.connect().await;
    stream.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await.unwrap();
    let said = to_end(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
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
