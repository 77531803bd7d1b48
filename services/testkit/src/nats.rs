//! A nats-server of a test's own, gone at its end.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use eventlog::server::{NATS_SERVER_ENV, Role, Server, ServerOptions};
use eventlog::{ConnectOptions, JetStreamLog, StreamOptions};
use events::ids::RegionName;
use tempfile::TempDir;

/// How long a server may take to start.
const START_TIME_MAX: Duration = Duration::from_mins(1);

/// How often is looked whether it did.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);

/// The nats-server to test with: named by the environment, or found and if need be installed by the project's script.
pub fn nats_server() -> PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let find = || {
        if let Some(path) = std::env::var_os(NATS_SERVER_ENV) {
            return path.into();
        }
        let install = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../nats/install");
        let output = Command::new(install).stderr(Stdio::inherit()).output().expect("nats/install runs");
        assert!(output.status.success(), "nats/install failed");
        String::from_utf8(output.stdout).unwrap().lines().last().expect("nats/install prints a path").into()
    };
    PATH.get_or_init(find).clone()
}

/// What starts a program that dies with the process that started it.
pub fn launcher() -> Vec<OsString> {
    ["setpriv", "--pdeathsig", "KILL", "--"].map(OsString::from).to_vec()
}

/// Starts a silent server that ends with this process, once it has its arguments.
pub fn command() -> Command {
    let launcher = launcher();
    let mut command = Command::new(&launcher[0]);
    command.args(&launcher[1..]).arg(nats_server()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A server without streams or users, for requests between its clients.
#[derive(Debug)]
pub struct PlainServer {
    process: Child,
    url: String,
    _folder: TempDir,
}

impl PlainServer {
    /// Starts one at a port of its choice.
    pub fn start() -> Self {
        let (folder, mut command) = (tempfile::tempdir().unwrap(), command());
        command.args(["--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir"]).arg(folder.path());
        let process = command.spawn().unwrap();
        let url = url_of(&process, folder.path());
        Self { process, url, _folder: folder }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for PlainServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Where a server is that was told to write its ports to a file in `folder`, once it has done so.
pub fn url_of(server: &Child, folder: &Path) -> String {
    let (ports, begin) = (folder.join(format!("nats-server_{}.ports", server.id())), Instant::now());
    let url = || -> Option<String> {
        let ports: serde_json::Value = serde_json::from_slice(&std::fs::read(&ports).ok()?).ok()?;
        Some(ports["nats"][0].as_str()?.to_owned())
    };
    loop {
        if let Some(url) = url() {
            return url;
        }
        assert!(begin.elapsed() < START_TIME_MAX, "the nats-server does not say its port");
        std::thread::sleep(LOOK_INTERVAL);
    }
}

/// The private server with streams and a user for each role, as planetstore runs it, in a folder that is there.
pub fn server_options(folder: &Path, region: RegionName) -> ServerOptions {
    ServerOptions {
        folder: folder.into(),
        program: Some(nats_server()),
        launcher: launcher(),
        start_time_max: START_TIME_MAX,
        region,
        nodes: vec![],
        consumer_issuer: None,
    }
}

/// How a role connects to a private server.
pub fn connect_options(server: &Server, role: &Role) -> ConnectOptions {
    ConnectOptions {
        address: server.address().into(),
        ca: None,
        credentials: server.users().of(role).unwrap().clone(),
        name: "test".into(),
        inbox_prefix: format!("_INBOX_{}.test", role.user()),
    }
}

/// The log of a region on a private server.
pub async fn log(server: &Server, region: RegionName) -> JetStreamLog {
    JetStreamLog::open(&connect_options(server, &Role::Operator), &StreamOptions::new(region)).await.unwrap()
}
