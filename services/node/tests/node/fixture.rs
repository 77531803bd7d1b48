//! A nats-server and nodes on it, gone at the end of the test.

use std::path::Path;
use std::time::Duration;

use async_nats::Client;
use bytes::Bytes;
use events::ids::{BucketName, Generation, NodeId, RegionName};
use futures_util::StreamExt;
use node::Config;
use shards::piece::Piece;
use shards::protocol::{FOLDER_HEADER, Record, Reply, Request, Status, shards_subject};
use shards::telemetry::{Heartbeat, heartbeat_subject};
use testkit::nats::PlainServer;
use testkit::nodes;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long anything here may take before the test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn connect(server: &PlainServer) -> Client {
    async_nats::connect(server.url()).await.unwrap()
}

pub(super) struct Node {
    pub(super) config: Config,
    pub(super) client: Client,
    shutdown: Option<oneshot::Sender<()>>,
    pub(super) served: JoinHandle<Result<(), node::Error>>,
}

impl Node {
    /// Starts a node and waits for its first heartbeat.
    pub(super) async fn start(server: &PlainServer, folder: &Path) -> Self {
        Self::start_with(server, Config::new(region(), "n1".parse().unwrap(), "z1", folder)).await
    }

    pub(super) async fn start_with(server: &PlainServer, config: Config) -> Self {
        let client = connect(server).await;
        let mut heartbeats = client.subscribe(heartbeat_subject(&config.region, &config.node)).await.unwrap();
        client.flush().await.unwrap();
        let (shutdown, told) = oneshot::channel();
        let serve = node::serve(config.clone(), connect(server).await, async {
            let _ = told.await;
        });
        let served = tokio::spawn(serve);
        tokio::time::timeout(PATIENCE, heartbeats.next()).await.expect("a heartbeat").unwrap();
        Self { config, client, shutdown: Some(shutdown), served }
    }

    pub(super) async fn ask(&self, request: &Request) -> Reply {
        let subject = shards_subject(&self.config.region, &self.config.node);
        let answer = tokio::time::timeout(PATIENCE, self.client.request(subject, request.encode()));
        Reply::decode(answer.await.expect("an answer in time").expect("an answer").payload).expect("a reply")
    }

    /// Asks as gateways do that know which folder is the node.
    pub(super) async fn ask_folder(&self, folder: Uuid, request: &Request) -> Reply {
        let subject = shards_subject(&self.config.region, &self.config.node);
        let mut headers = async_nats::HeaderMap::new();
        headers.insert(FOLDER_HEADER, folder.to_string().as_str());
        let answer = self.client.request_with_headers(subject, headers, request.encode());
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        Reply::decode(answer.expect("an answer in time").expect("an answer").payload).expect("a reply")
    }

    pub(super) async fn put(&self, records: Vec<Record>) -> Vec<Status> {
        match self.ask(&Request::Put { records }).await {
            Reply::Statuses(statuses) => statuses,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn read(&self, shard: Uuid, first: u32, count: u16) -> Result<Vec<Piece>, Status> {
        match self.ask(&Request::Read { shard, bucket: bucket(), first, count, host: None }).await {
            Reply::Pieces(pieces) => Ok(pieces),
            Reply::Status(status) => Err(status),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn status(&self, request: Request) -> Status {
        match self.ask(&request).await {
            Reply::Status(status) => status,
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn heartbeat(&self) -> Heartbeat {
        let mut heartbeats =
            self.client.subscribe(heartbeat_subject(&self.config.region, &self.config.node)).await.unwrap();
        let rollcall = shards::telemetry::rollcall_subject(&self.config.region);
        self.client.publish(rollcall, Bytes::new()).await.unwrap();
        let message = tokio::time::timeout(PATIENCE, heartbeats.next()).await.expect("a heartbeat").unwrap();
        serde_json::from_slice(&message.payload).unwrap()
    }

    pub(super) async fn stop(mut self) -> Result<(), node::Error> {
        self.shutdown.take().unwrap().send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.served).await.expect("an end in time").unwrap()
    }
}

pub(super) fn region() -> RegionName {
    "local".parse().unwrap()
}

pub(super) fn bucket() -> BucketName {
    "photos".parse().unwrap()
}

/// The id of a shard whose pieces are tagged or not.
pub(super) fn shard(number: u128, is_tagged: bool) -> Uuid {
    let fresh = Uuid::from_u128(number << 3);
    if is_tagged { Generation::tagged(fresh, 1).shard(0) } else { fresh }
}

/// A shard of one piece.
pub(super) fn record(shard: Uuid, bytes: Bytes) -> Record {
    Record { shard, piece: nodes::piece(shard, 0, bytes) }
}

pub(super) fn other_node() -> NodeId {
    "n2".parse().unwrap()
}

/// `length` bytes that differ with `seed`.
pub(super) fn bytes(seed: u128, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}
