use std::time::Duration;

use listener::Limits;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::serving::{PATIENCE, Serving, WIDE, get, take, to_end};
use super::tls::{Pair, connect, make};

/// More than the kernels of both sides buffer.
const BODY_BYTES: usize = 32 << 20;

const SHORT: Duration = Duration::from_millis(300);

/// The head of a request with a body that nobody reads.
fn head(begin: &str) -> Vec<u8> {
    format!("{begin}content-length: {BODY_BYTES}\r\n\r\n").into_bytes()
}

const PLAIN: &str = "PUT /refused HTTP/1.1\r\nhost: test\r\n";

/// Sends a whole request before it reads anything, as most clients do.
async fn send_first(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), begin: &str) -> Result<String, std::io::Error> {
    stream.write_all(&head(begin)).await?;
    timeout(PATIENCE, stream.write_all(&vec![b'x'; BODY_BYTES])).await.expect("the body is not taken")?;
    stream.flush().await?;
    Ok(to_end(stream).await)
}

#[tokio::test]
async fn who_is_refused_before_it_has_sent_all_gets_to_read_why() {
    let serving = Serving::start(WIDE).await;
    let said = send_first(&mut serving.connect().await, PLAIN).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200 OK\r\nconnection: close\r\n"), "{said}");
}

#[tokio::test]
async fn so_does_who_offers_another_protocol() {
    let serving = Serving::start(WIDE).await;
    let offers = format!("{PLAIN}connection: upgrade\r\nupgrade: h2c\r\n");
    let said = send_first(&mut serving.connect().await, &offers).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
}

#[tokio::test]
async fn so_does_whose_body_cannot_be_read_to_its_end() {
    let serving = Serving::start(WIDE).await;
    let mut stream = serving.connect().await;
    stream
        .write_all(b"PUT /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n")
        .await
        .unwrap();
    timeout(PATIENCE, stream.write_all(&vec![b'x'; BODY_BYTES])).await.expect("the body is not taken").unwrap();
    let said = to_end(&mut stream).await;
    assert!(said.starts_with("HTTP/1.1 200 OK\r\nconnection: close\r\n"), "{said}");
}

#[tokio::test]
async fn so_it_does_over_tls() {
    let made = make("localhost");
    let serving = Serving::start_with(WIDE, Some(&Pair::of(&made).load().unwrap())).await;
    let said = send_first(&mut connect(&serving, &made.der).await.unwrap(), PLAIN).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
}

#[tokio::test]
async fn what_is_taken_from_the_refused_has_a_limit() {
    let serving = Serving::start(Limits { linger_bytes_max: 1 << 20, ..WIDE }).await;
    send_first(&mut serving.connect().await, PLAIN).await.unwrap_err();
}

#[tokio::test]
async fn so_has_the_time() {
    let serving = Serving::start(Limits { connections_max: 1, linger_time_max: SHORT, ..WIDE }).await;
    let mut silent = serving.connect().await;
    silent.write_all(&head(PLAIN)).await.unwrap();
    let begun = Instant::now();
    assert!(to_end(&mut silent).await.starts_with("HTTP/1.1 200 OK\r\n"), "told at once");
    // The only place is free again once the listener stops waiting.
    let mut next = serving.connect().await;
    next.write_all(&get("/")).await.unwrap();
    assert!(take(&mut next, 15).await.starts_with(b"HTTP/1.1 200 OK"));
    assert!(begun.elapsed() >= SHORT, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_sent_all_is_not_waited_for() {
    let serving = Serving::start(WIDE).await;
    let little = serving.exchange(format!("{PLAIN}content-length: 3\r\n\r\nabc").as_bytes()).await;
    assert!(little.contains("connection: close"), "a body that nobody reads ends the connection: {little}");
    let mut kept = Vec::new();
    for request in ["content-length: 3\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "\r\n"] {
        let mut stream = serving.connect().await;
        stream.write_all(format!("PUT /echo HTTP/1.1\r\nhost: test\r\n{request}").as_bytes()).await.unwrap();
        assert!(take(&mut stream, 15).await.starts_with(b"HTTP/1.1 200 OK"));
        kept.push(stream);
    }
    timeout(PATIENCE / 2, serving.stop()).await.expect("clients that do not end are waited for").unwrap();
}
