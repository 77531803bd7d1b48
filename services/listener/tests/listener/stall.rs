use std::time::Duration;

use listener::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep};

use super::serving::{LARGE_BYTES, Serving, WIDE, get, take, to_end};

const STALL: Duration = Duration::from_secs(1);

/// The bytes that a slow client reads at a time: little of the data in the kernel's buffers.
const PIECE_BYTES: usize = 64 << 10;

/// The receive buffer of a slow client.
const RECEIVE_BYTES: u32 = 64 << 10;

#[tokio::test]
async fn who_takes_nothing_is_cut_off_and_its_answer_is_let_go() {
    let serving = Serving::start(Limits { stall_time_max: STALL, ..WIDE }).await;
    let mut stalled = Vec::new();
    for _ in 0..8 {
        let mut stream = serving.connect().await;
        stream.write_all(&get("/large")).await.unwrap();
        stalled.push(stream);
    }
    serving.held.becomes(8).await;
    let begun = Instant::now();
    serving.held.becomes(0).await;
    assert!(begun.elapsed() > STALL / 2, "{:?}", begun.elapsed());
    for mut stream in stalled {
        let got = to_end(&mut stream).await.len();
        assert!(got < LARGE_BYTES, "{got} bytes were in the kernel");
    }
}

#[tokio::test]
async fn who_reads_slowly_gets_everything() {
    let serving = Serving::start(Limits { stall_time_max: STALL * 3, ..WIDE }).await;
    // A small receive buffer: with a large one the kernel accepts much before it asks for more.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BYTES).unwrap();
    let mut slow = socket.connect(serving.address).await.unwrap();
    slow.write_all(&get("/large")).await.unwrap();
    let begun = Instant::now();
    let mut taken = 0;
    // Like a client that is slower than its network: its receive buffer is almost always full.
    while begun.elapsed() < STALL * 6 {
        taken += take(&mut slow, PIECE_BYTES).await.len();
        sleep(STALL / 4).await;
    }
    assert!(taken < LARGE_BYTES / 2, "it was not slow");
    taken += take(&mut slow, LARGE_BYTES - taken).await.len();
    assert_eq!(taken, LARGE_BYTES);
}

#[tokio::test]
async fn who_waits_for_an_answer_is_not_cut_off() {
    let serving = Serving::start(Limits { stall_time_max: STALL / 4, ..WIDE }).await;
    let mut patient = serving.connect().await;
    patient.write_all(&get("/never")).await.unwrap();
    sleep(STALL).await;
    serving.held.becomes(1).await;
    let mut idle = serving.connect().await;
    sleep(STALL).await;
    idle.write_all(&get("/")).await.unwrap();
    assert!(take(&mut idle, 15).await.starts_with(b"HTTP/1.1 200 OK"));
}
