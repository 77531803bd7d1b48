//! A nats-server and nodes on it, gone at the end of the test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use async_nats::Client;
use bytes::Bytes;
use events::ids::{BucketName, Generation, NodeId, RegionName};
use futures_util::StreamExt;
use node::Config;
use shards::memory;
use shards::piece::Piece;
use shards::protocol::{FOLDER_HEADER, Record, Reply, Request, Status, shards_subject};
use shards::telemetry::{Heartbeat, heartbeat_subject};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long anything here may take before the test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Server {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl Server {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(binary());
        command.args(["--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir"]).arg(folder.path());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let ports = folder.path().join(format!("nats-server_{}.ports", process.id()));
        let url = until("the server says its port", || first_url(&ports)).await;
        Self { process, url, _folder: folder }
    }

    pub(super) async fn client(&self) -> Client {
        async_nats::connect(&self.url).await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn first_url(ports: &Path) -> Option<String> {
    let ports: serde_json::Value = serde_json::from_slice(&std::fs::read(ports).ok()?).ok()?;
    Some(ports["nats"][0].as_str()?.to_owned())
}

/// The nats-server to use: named by the environment, or found by the project's script.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("PLANETSTORE_NATS_SERVER") {
        return named.into();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nats/install");
    let found = Command::new(script).stderr(Stdio::inherit()).output().expect("nats/install runs");
    assert!(found.status.success(), "nats/install failed");
    String::from_utf8(found.stdout).unwrap().lines().last().expect("nats/install prints a path").into()
}

/// Polls until there is something.
pub(super) async fn until<T>(what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = poll() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "timed out: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(super) struct Node {
    pub(super) config: Config,
    pub(super) client: Client,
    shutdown: Option<oneshot::Sender<()>>,
    pub(super) served: JoinHandle<Result<(), node::Error>>,
}

impl Node {
    /// Starts a node and waits for its first heartbeat.
    pub(super) async fn start(server: &Server, folder: &Path) -> Self {
        Self::start_with(server, Config::new(region(), "n1".parse().unwrap(), "z1", folder)).await
    }

    pub(super) async fn start_with(server: &Server, config: Config) -> Self {
        let client = server.client().await;
        let mut heartbeats = client.subscribe(heartbeat_subject(&config.region, &config.node)).await.unwrap();
        client.flush().await.unwrap();
        let (shutdown, told) = oneshot::channel();
        let serve = node::serve(config.clone(), server.client().await, async {
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
    Record { shard, piece: memory::piece(shard, 0, bytes) }
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
