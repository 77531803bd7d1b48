//! A log, a ledger, a sender, and a server that receives.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{Command, NewBody, TargetCommand, View};
use events::ids::{ObjectKey, ProcessId, TargetName};
use events::lease::Owner;
use events::target::{Filter, Format, Kind, Settings};
use identity::{MasterKey, MasterKeys, Sealers};
use ledger::{Ledger, Options};
use notify::{Notifier, Resolve};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tempfile::TempDir;
use testkit::commands::{bucket, create_bucket, origin, put_object};
use testkit::ledgers::{options, region};
use testkit::{Clock, MemoryLog};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;
use worker::{Failpoints, Workers};

/// How long to wait for a condition.
const TIME_MAX: Duration = Duration::from_mins(1);

/// How often to check it.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// Knows one host, whose addresses a test says, and counts who asks.
#[derive(Clone, Default)]
pub(crate) struct Names {
    pub(crate) addresses: Arc<Mutex<Vec<SocketAddr>>>,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Resolve for Names {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> futures_util::future::BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = self.addresses.lock().unwrap().clone();
        Box::pin(async { Ok(found) })
    }
}

/// A server that keeps what it gets.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) got: Arc<Mutex<Vec<Value>>>,
    /// What it answers.
    pub(crate) status: Arc<AtomicU16>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let receiver = Self { address, got: Arc::default(), status: Arc::new(AtomicU16::new(200)) };
        let serving = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = serving.clone();
                tokio::spawn(async move { serving.serve(stream).await });
            }
        });
        receiver
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut buffer = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                    break end + 4;
                }
                if stream.read_buf(&mut buffer).await.ok()? == 0 {
                    return None;
                }
            };
            let head = String::from_utf8(buffer[..end].to_vec()).ok()?.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse::<usize>().ok()?;
            while buffer.len() < end + length {
                stream.read_buf(&mut buffer).await.ok()?;
            }
            let body: Vec<u8> = buffer.drain(..end + length).skip(end).collect();
            let status = self.status.load(Ordering::Relaxed);
            if status == 200 {
                self.got.lock().unwrap().push(serde_json::from_slice(&body).ok()?);
            }
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.ok()?;
        }
    }

    /// Key and sequence of the objects' events that arrived.
    pub(crate) fn arrived(&self) -> Vec<(String, u64)> {
        let got = self.got.lock().unwrap();
        let of =
            |event: &Value| Some((event["subject"].as_str()?.to_owned(), event["sequence"].as_str()?.parse().ok()?));
        got.iter().filter_map(of).collect()
    }
}

/// A log, and a ledger over it.
pub(crate) struct Store {
    pub(crate) ledger: Ledger,
    clock: Clock,
    _folder: TempDir,
}

impl Store {
    pub(crate) async fn new() -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::new());
        let options = Options { sources: clock.sources(), ..options(&folder.path().join("ledger"), true) };
        let ledger = Ledger::open(options, Arc::new(MemoryLog::new())).await.unwrap();
        let store = Self { ledger, clock, _folder: folder };
        let level = events::Fact::LEVEL;
        store.does(Command::UpgradeRegion { region: region(), level, release: "test".into() }).await;
        store.does(create_bucket(bucket())).await;
        store
    }

    pub(crate) async fn does(&self, command: Command) -> u64 {
        self.ledger.commit(command, origin()).await.unwrap().sequence
    }

    pub(crate) async fn put(&self, key: &str) -> u64 {
        let key = ObjectKey::from_bytes(key.as_bytes()).unwrap();
        self.does(Command::PutObject(Box::new(put_object(bucket(), key, 0, NewBody::Empty)))).await
    }

    /// A target for all events of objects.
    pub(crate) async fn target(&self, name: &str, url: &str) {
        let filter = Filter { types: vec!["io.planetstore.object.created.v1".into()], buckets: Vec::new() };
        let settings = Settings {
            kind: Kind::Webhook,
            address: url.into(),
            format: Format::CloudeventsStructured,
            filter: Some(filter),
            enabled: true,
        };
        self.does(TargetCommand::Create { target: name.parse().unwrap(), settings, secret: None, after: 0 }.into())
            .await;
    }

    /// Sends until what is returned is stopped.
    pub(crate) fn send(&self, names: &Names, allow_internal_targets: bool) -> Workers {
        let owner = Owner { process: ProcessId(Uuid::nil()), name: "test".into() };
        let sources = self.clock.sources();
        let now = sources.now.clone();
        let options = worker::Options { region: region(), owner, now, link: None, failpoints: Failpoints::none() };
        let workers = Workers::start(options, Arc::new(self.ledger.clone()));
        let roots = RootCertStore::empty();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let keys = MasterKeys::first(MasterKey::new([7; 32]));
        let options = notify::Options {
            region: region(),
            allow_internal_targets,
            tls: Arc::new(tls.with_root_certificates(roots).with_no_client_auth()),
            resolver: Arc::new(names.clone()),
            keys: Arc::new(Sealers::new(&keys).unwrap()),
            nats: None,
            sources,
            random: |_| false,
        };
        workers.add(Notifier::new(options, self.ledger.clone())).unwrap();
        workers
    }

    pub(crate) fn row(&self, name: &str) -> domain::row::TargetRow {
        let name: TargetName = name.parse().unwrap();
        self.ledger.latest().target(&name).unwrap().unwrap()
    }
}

/// Waits until a condition holds.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    };
    assert!(tokio::time::timeout(TIME_MAX, looking).await.is_ok(), "{what} never came");
}
