use std::time::Duration;

use listener::Limits;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::serving::{LARGE_BYTES, PATIENCE, Serving, WIDE, get, take, to_end};

#[tokio::test]
async fn requests_under_way_end_and_idle_connections_are_closed() {
    let serving = Serving::start(WIDE).await;
    let (address, held) = (serving.address, serving.held.clone());
    let mut under_way = serving.connect().await;
    under_way.write_all(&get("/large")).await.unwrap();
    held.becomes(1).await;
    let mut untouched = serving.connect().await;
    let mut idle = serving.connect().await;
    idle.write_all(&get("/")).await.unwrap();
    take(&mut idle, 15).await;
    let served = serving.stop();
    to_end(&mut idle).await;
    to_end(&mut untouched).await;
    assert!(!served.is_finished());
    assert!(TcpStream::connect(address).await.is_err(), "no new ones are taken");
    assert!(to_end(&mut under_way).await.len() > LARGE_BYTES);
    timeout(PATIENCE, served).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_takes_too_long_is_cut_off() {
    let serving = Serving::start(Limits { drain_time_max: Duration::from_millis(300), ..WIDE }).await;
    let held = serving.held.clone();
    let mut stream = serving.connect().await;
    stream.write_all(&get("/never")).await.unwrap();
    held.becomes(1).await;
    let begun = Instant::now();
    timeout(PATIENCE, serving.stop()).await.unwrap().unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
    held.becomes(0).await;
    assert_eq!(to_end(&mut stream).await, "");
}
