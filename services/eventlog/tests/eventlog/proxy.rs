use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Which way of a connection lets bytes through, and how often all connections were cut.
#[derive(Clone, Copy)]
struct Gates {
    requests: bool,
    replies: bool,
    cuts: u64,
}

/// A network between client and server that can hold back either way, and lose what it holds.
pub(crate) struct Proxy {
    pub(crate) address: String,
    gates: watch::Sender<Gates>,
    /// How often bytes came to a closed gate.
    held: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let gates = watch::Sender::new(Gates { requests: true, replies: true, cuts: 0 });
        let (server, watched): (Arc<str>, _) = (server.into(), gates.subscribe());
        let (holding, held) = watch::channel(0);
        let task = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (server, watched, holding) = (Arc::clone(&server), watched.clone(), holding.clone());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(&*server).await {
                        carry(client, server, watched, &holding).await;
                    }
                });
            }
        });
        Self { address, gates, held, task }
    }

    pub(crate) fn hold_requests(&self) {
        self.gates.send_modify(|gates| gates.requests = false);
    }

    pub(crate) fn hold_replies(&self) {
        self.gates.send_modify(|gates| gates.replies = false);
    }

    /// Waits until there are bytes that a closed gate holds back.
    pub(crate) async fn wait_until_held(&self) {
        self.held.clone().wait_for(|times| *times > 0).await.unwrap();
    }

    /// Ends every connection with what is held of it; new ones are let through.
    pub(crate) fn cut(&self) {
        self.gates.send_modify(|gates| *gates = Gates { requests: true, replies: true, cuts: gates.cuts + 1 });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(client: TcpStream, server: TcpStream, mut gates: watch::Receiver<Gates>, holding: &watch::Sender<u64>) {
    let cuts = gates.borrow().cuts;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let (requests, replies) = (gates.clone(), gates.clone());
    tokio::select! {
        () = copy(&mut from_client, &mut to_server, requests, holding, |gates| gates.requests) => {}
        () = copy(&mut from_server, &mut to_client, replies, holding, |gates| gates.replies) => {}
        _ = gates.wait_for(|now| now.cuts != cuts) => {}
    }
}

async fn copy(
    from: &mut (impl AsyncReadExt + Unpin),
    to: &mut (impl AsyncWriteExt + Unpin),
    mut gates: watch::Receiver<Gates>,
    holding: &watch::Sender<u64>,
    is_open: fn(&Gates) -> bool,
) {
    let cuts = gates.borrow().cuts;
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if !is_open(&gates.borrow()) {
            holding.send_modify(|times| *times += 1);
        }
        let Ok(now) = gates.wait_for(|now| is_open(now) || now.cuts != cuts).await.map(|now| *now) else { return };
        if now.cuts != cuts || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
