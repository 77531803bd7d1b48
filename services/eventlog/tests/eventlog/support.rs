use std::path::Path;
use std::time::Duration;

use eventlog::server::{Role, Server, ServerOptions, ServerState};
use eventlog::{ConnectOptions, JetStreamLog, Log, Message, Sending, Stored};
use events::ids::{EventId, NodeId, RegionName};
use tempfile::TempDir;
use testkit::nats;
use uuid::Uuid;

/// Time that anything a test waits for may take.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) fn server_options(folder: &Path) -> ServerOptions {
    ServerOptions { nodes: vec![node(1), node(2)], ..nats::server_options(folder, region()) }
}

pub(crate) fn node(number: usize) -> NodeId {
    format!("node-{number}").parse().unwrap()
}

pub(crate) fn region() -> RegionName {
    "test".parse().unwrap()
}

/// A server with an empty log, in a folder that goes away with it.
pub(crate) struct Fixture {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(server_options(folder.path())).await.unwrap();
        Self { server, folder }
    }

    pub(crate) fn connect_options(&self) -> ConnectOptions {
        self.connect_options_of(&Role::Operator)
    }

    pub(crate) fn connect_options_of(&self, role: &Role) -> ConnectOptions {
        nats::connect_options(&self.server, role)
    }

    /// A connection of a role, besides the log's.
    pub(crate) async fn client(&self, role: &Role) -> async_nats::Client {
        let ConnectOptions { address, credentials, inbox_prefix, .. } = self.connect_options_of(role);
        let options =
            async_nats::ConnectOptions::with_user_and_password(credentials.user, credentials.password.to_string());
        options.custom_inbox_prefix(inbox_prefix).connect(address).await.unwrap()
    }

    pub(crate) async fn log(&self) -> JetStreamLog {
        nats::log(&self.server, region()).await
    }

    pub(crate) fn pid(&self) -> u32 {
        match *self.server.state().borrow() {
            ServerState::Up { pid } => pid,
            ref state => panic!("{state:?}"),
        }
    }

    /// Kills the server and waits until the supervisor has another one up.
    pub(crate) async fn kill_and_wait(&self) {
        let killed = self.pid();
        kill(killed);
        let mut state = self.server.state();
        let another = |state: &ServerState| matches!(state, ServerState::Up { pid } if *pid != killed);
        patiently(state.wait_for(another)).await.unwrap();
    }

    /// Stops the server and waits until its folder is free.
    pub(crate) async fn stop(self) -> TempDir {
        let pid = self.pid();
        patiently(self.server.stop()).await;
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "the server is gone and collected");
        self.folder
    }
}

pub(crate) fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Fails the test, in place of letting it wait for ever.
pub(crate) async fn patiently<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("what the test waits for does not happen")
}

pub(crate) fn message(payload_bytes: usize) -> Message {
    let id = EventId(Uuid::now_v7());
    let mut payload = id.to_string().into_bytes();
    payload.resize(payload_bytes.max(payload.len()), b'.');
    Message { subject: "ps.test.object.bucket.put".into(), id, proof: None, payload: payload.into() }
}

pub(crate) fn messages(count: usize) -> Vec<Message> {
    (0..count).map(|_| message(900)).collect()
}

pub(crate) fn ids(messages: &[Message]) -> Vec<EventId> {
    messages.iter().map(|m| m.id).collect()
}

pub(crate) fn stored_ids(stored: &[Stored]) -> Vec<EventId> {
    stored.iter().map(|s| s.id).collect()
}

/// The whole log, in small bites.
pub(crate) async fn read_all(log: &impl Log) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let batch = log.read(all.len() as u64 + 1, 100, 1 << 20).await.unwrap();
        if batch.is_empty() {
            assert_eq!(log.tail().await.unwrap().last_sequence, all.len() as u64);
            return all;
        }
        all.extend(batch);
    }
}

/// Each way to send several events.
pub(crate) const SENDINGS: [Sending; 3] = [Sending::Measured, Sending::Batch, Sending::Chain];
