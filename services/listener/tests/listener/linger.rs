use std::time::Duration;

use listener::Limits;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

use super::serving::{PATIENCE, Serving, WIDE, get, take, to_end};
use super::tls::{Pair, connect, make};

/// More than the kernels of both sides take on their own.
const BODY_BYTES: usize = 32 << 20;

const SHORT: Duration = Duration::from_millis(300);

/// The head of a request with a body that nobody reads.
fn head(length: usize) -> Vec<u8> {
    format!("PUT /refused HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n").into_bytes()
}

/// Sends a request whole before it reads anything, as most clients do.
async fn send_first(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Result<String, std::io::Error> {
    stream.write_all(&head(BODY_BYTES)).await?;
    timeout(PATIENCE, stream.write_all(&vec![b'x'; BODY_BYTES])).await.expect("the body is not taken")?;
    stream.flush().await?;
    Ok(to_end(stream).await)
}

#[tokio::test]
async fn who_is_refused_before_it_has_sent_all_gets_to_read_why() {
    let serving = Serving::start(WIDE).await;
    let said = send_first(&mut serving.connect().await).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
}

#[tokio::test]
async fn so_it_does_over_tls() {
    let made = make("localhost");
    let serving = Serving::start_with(WIDE, Some(&Pair::of(&made).load().unwrap())).await;
    let said = send_first(&mut connect(&serving, &made.der).await.unwrap()).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
}

#[tokio::test]
async fn what_is_taken_from_the_refused_has_a_limit() {
    let serving = Serving::start(Limits { linger_bytes_max: 1 << 20, ..WIDE }).await;
    send_first(&mut serving.connect().await).await.unwrap_err();
}

#[tokio::test]
async fn so_has_the_time() {
    let serving = Serving::start(Limits { connections_max: 1, linger_time_max: SHORT, ..WIDE }).await;
    let mut silent = serving.connect().await;
    silent.write_all(&head(BODY_BYTES)).await.unwrap();
    let begun = Instant::now();
    assert!(to_end(&mut silent).await.starts_with("HTTP/1.1 200 OK\r\n"), "told at once");
    // The one place is free again once the listener waits no longer.
    let mut next = serving.connect().await;
    next.write_all(&get("/")).await.unwrap();
    assert!(take(&mut next, 15).await.starts_with(b"HTTP/1.1 200 OK"));
    assert!(begun.elapsed() >= SHORT, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_sent_all_is_not_waited_for() {
    let serving = Serving::start(WIDE).await;
    let mut kept = Vec::new();
    for request in ["content-length: 3\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "\r\n"] {
        let mut stream = serving.connect().await;
        stream.write_all(format!("PUT /echo HTTP/1.1\r\nhost: test\r\n{request}").as_bytes()).await.unwrap();
        assert!(take(&mut stream, 15).await.starts_with(b"HTTP/1.1 200 OK"));
        kept.push(stream);
    }
    timeout(PATIENCE / 2, serving.stop()).await.expect("clients that do not end are waited for").unwrap();
}
