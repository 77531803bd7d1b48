use std::net::SocketAddr;
use std::time::Duration;

use listener::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};

use super::serving::{Serving, WIDE, get, take, to_end};

const SHORT: Duration = Duration::from_millis(300);

/// So long that even on a busy machine a client can send six times as often.
const SILENCE: Duration = Duration::from_millis(2_400);

/// A connection from another address of this host.
async fn connect_from(serving: &Serving, host: u8) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, host], 0))).unwrap();
    socket.connect(serving.address).await.unwrap()
}

async fn is_served(stream: &mut TcpStream) -> bool {
    stream.write_all(&get("/")).await.unwrap();
    let own = stream.local_addr().unwrap();
    let ends = format!("\r\n\r\n{own} plain");
    let mut said = Vec::new();
    while !said.ends_with(ends.as_bytes()) {
        said.extend(take(stream, 1).await);
    }
    said.starts_with(b"HTTP/1.1 200 OK")
}

#[tokio::test]
async fn each_request_says_who_asks() {
    let serving = Serving::start(WIDE).await;
    let mut stream = serving.connect().await;
    let own = stream.local_addr().unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    assert!(to_end(&mut stream).await.ends_with(&format!("\r\n\r\n{own} plain")));
}

#[tokio::test]
async fn one_address_has_so_many_connections() {
    let serving = Serving::start(Limits { connections_per_address_max: 2, ..WIDE }).await;
    let (mut first, mut second) = (serving.connect().await, serving.connect().await);
    assert!(is_served(&mut first).await && is_served(&mut second).await);
    assert_eq!(to_end(&mut serving.connect().await).await, "", "the third is closed");
    assert!(is_served(&mut first).await, "those that are there go on");
    drop(second);
    // It is gone once the listener has noticed it.
    let again = async {
        loop {
            let mut stream = serving.connect().await;
            if stream.write_all(&get("/")).await.is_ok() && stream.readable().await.is_ok() {
                let mut piece = [0; 15];
                if matches!(stream.try_read(&mut piece), Ok(15)) {
                    break;
                }
            }
        }
    };
    tokio::time::timeout(super::serving::PATIENCE, again).await.unwrap();
}

#[tokio::test]
async fn further_connections_wait_for_those_that_do_something() {
    let serving = Serving::start(Limits { connections_max: 1, ..WIDE }).await;
    let mut first = serving.connect().await;
    first.write_all(&get("/large")).await.unwrap();
    assert!(take(&mut first, 15).await.starts_with(b"HTTP/1.1 200 OK"));
    let mut second = serving.connect().await;
    second.write_all(&get("/")).await.unwrap();
    assert!(tokio::time::timeout(SHORT, second.readable()).await.is_err());
    drop(first);
    assert!(take(&mut second, 15).await.starts_with(b"HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn the_idle_make_room_for_further_connections() {
    let serving = Serving::start(Limits { connections_max: 2, ..WIDE }).await;
    let (mut idle, mut half) = (serving.connect().await, serving.connect().await);
    assert!(is_served(&mut idle).await);
    half.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    let (mut third, mut fourth) = (connect_from(&serving, 2).await, connect_from(&serving, 3).await);
    assert!(is_served(&mut third).await && is_served(&mut fourth).await);
    assert_eq!((to_end(&mut idle).await, to_end(&mut half).await), (String::new(), String::new()));
}

#[tokio::test]
async fn who_sends_no_byte_at_all_is_closed_sooner() {
    let serving = Serving::start(Limits { first_byte_time_max: SHORT, ..WIDE }).await;
    assert_eq!(to_end(&mut serving.connect().await).await, "");
    let mut idle = serving.connect().await;
    assert!(is_served(&mut idle).await);
    tokio::time::sleep(SHORT * 3).await;
    assert!(is_served(&mut idle).await, "between requests it may be silent");
}

#[tokio::test]
async fn who_sends_no_head_is_closed_before_the_first_request_and_between_two() {
    let serving = Serving::start(Limits { head_time_max: SHORT, ..WIDE }).await;
    assert_eq!(to_end(&mut serving.connect().await).await, "");
    let mut half = serving.connect().await;
    half.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
    assert!(!to_end(&mut half).await.contains("200 OK"));
    let mut idle = serving.connect().await;
    assert!(is_served(&mut idle).await);
    to_end(&mut idle).await;
}

#[tokio::test]
async fn who_sends_nothing_of_its_body_is_told_and_closed() {
    let serving = Serving::start(Limits { body_silence_time_max: Some(SILENCE), ..WIDE }).await;
    let mut silent = serving.connect().await;
    silent.write_all(b"PUT /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\n12345").await.unwrap();
    let said = to_end(&mut silent).await;
    assert!(said.contains("sent nothing of the body for 2.4 s"), "{said}");

    let mut slow = serving.connect().await;
    slow.write_all(b"PUT /echo HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 8\r\n\r\n")
        .await
        .unwrap();
    for byte in b"12345678" {
        tokio::time::sleep(SILENCE / 6).await;
        slow.write_all(&[*byte]).await.unwrap();
    }
    assert!(to_end(&mut slow).await.ends_with("\r\n\r\n12345678"));
}

#[tokio::test]
async fn heads_beyond_the_limits_are_refused() {
    let serving = Serving::start(WIDE).await;
    let many = "h: v\r\n".repeat(WIDE.headers_max);
    let said = serving.exchange(format!("GET / HTTP/1.1\r\nhost: test\r\n{many}\r\n").as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 431 "), "{said}");
    let of_bytes = |bytes: usize| {
        let around = "GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\nh: \r\n\r\n";
        around.replace("h: ", &format!("h: {}", "v".repeat(bytes - around.len())))
    };
    let said = serving.exchange(of_bytes(WIDE.head_bytes_max).as_bytes()).await;
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    for bytes in [WIDE.head_bytes_max + 1, WIDE.buffer_bytes_max * 4] {
        let said = serving.exchange(of_bytes(bytes).as_bytes()).await;
        assert!(said.starts_with("HTTP/1.1 431 ") && said.contains("too long"), "{said}");
    }
}
