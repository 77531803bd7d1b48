//! A private nats-server as a supervised child process.
//!
//! It keeps its store in a data folder that one process at a time may use, listens on the loopback only, takes a user
//! for each role with the few subjects it needs and a password made anew at every start, is restarted when it dies or cannot write any more, and dies
//! with this process. While its disk is full, its gate is closed.

mod binary;
mod configuration;
mod environment;
mod folder;
mod health;
mod launch;
mod output;
mod process;
mod roles;
mod room;
mod supervise;

use std::ffi::OsString;
use std::io::PipeWriter;
use std::path::PathBuf;
use std::time::Duration;

use events::ids::{NodeId, RegionName};
use tokio::sync::{oneshot, watch};

pub use binary::{NATS_SERVER_ENV, Version};
pub use launch::exec_with_parent;
pub use roles::{Role, Users};
pub use room::LOG_ROOM_BYTES_MIN;

use crate::{Gate, GateKeeper};

/// Time a server may take from its start until it accepts connections, by default. After a kill it reads its
/// whole store again, at some hundred megabytes a second.
pub const START_TIME_MAX: Duration = Duration::from_mins(10);

/// The settings of a server.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The folder for its store, configuration and port. Made if it is absent.
    pub folder: PathBuf,
    /// The nats-server to run; else that of [`NATS_SERVER_ENV`], else the one on `PATH`.
    pub program: Option<PathBuf>,
    /// The command that starts the server: the first words of the command line, before the program and its arguments.
    /// It must end with the program's death signal set to the death of the calling thread, as [`exec_with_parent`]
    /// does.
    pub launcher: Vec<OsString>,
    /// Time it may take until it accepts connections.
    pub start_time_max: Duration,
    /// The region whose subjects its users may use.
    pub region: RegionName,
    /// The storage nodes that may connect, each as a user of its own.
    pub nodes: Vec<NodeId>,
    /// The public key of those who say which durable consumers may log in, and what they may do. Without it nobody but
    /// the users of the server's configuration logs in.
    pub consumer_issuer: Option<String>,
}

/// The state of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerState {
    /// The server was started and does not accept connections yet.
    Starting,
    /// The server accepts connections.
    Up {
        /// Its process id.
        pid: u32,
    },
    /// The server died and will be started again.
    Restarting {
        /// The way in which it ended.
        reason: String,
    },
    /// The server cannot be kept alive, and is not started again.
    Failed {
        /// The last failure.
        reason: String,
    },
    /// The server was stopped.
    Stopped,
}

/// The reason why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// No nats-server was found.
    #[error("no nats-server was found ({looked}); run nats/install and set {NATS_SERVER_ENV} to the path it prints")]
    NotFound {
        /// The places that were searched.
        looked: String,
    },
    /// The program is too old, or is not a nats-server.
    #[error("{} {what}; at least {oldest} is needed: run nats/install and set {NATS_SERVER_ENV} to the path it prints", path.display())]
    Unusable {
        /// The program.
        path: PathBuf,
        /// The problem with it.
        what: String,
        /// The oldest version that will do.
        oldest: Version,
    },
    /// Another process uses the folder.
    #[error("{} is in use by process {holder}", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// The process, as far as its lock file names it.
        holder: String,
    },
    /// A server of an earlier run holds the folder and does not end.
    #[error("a nats-server of an earlier run (process {pid}) still uses {} and does not stop", folder.display())]
    Orphan {
        /// The folder.
        folder: PathBuf,
        /// The server.
        pid: u32,
    },
    /// The folder or a file in it cannot be used.
    #[error("cannot {what} {}: {error}", path.display())]
    Folder {
        /// The action that failed.
        what: &'static str,
        /// The path of the file or folder.
        path: PathBuf,
        /// The error.
        error: std::io::Error,
    },
    /// The server did not come up.
    #[error("nats-server did not start: {reason}")]
    Start {
        /// The last lines of the server's output.
        reason: String,
    },
}

/// The address of a server, and the users that may connect.
#[derive(Debug, Clone)]
struct Endpoint {
    address: String,
    users: Users,
}

/// A running server. Dropping it asks the server to stop; [`Server::stop`] waits for that.
#[derive(Debug)]
pub struct Server {
    endpoint: Endpoint,
    state: watch::Receiver<ServerState>,
    gate: Gate,
    /// Closing this pipe stops the supervisor.
    stop: Option<PipeWriter>,
}

impl Server {
    /// Starts a server and waits until it accepts connections.
    ///
    /// # Errors
    /// See [`ServerError`].
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let start = |error| ServerError::Start { reason: error };
        let (state_sender, state) = watch::channel(ServerState::Starting);
        let (keeper, gate) = GateKeeper::new();
        let (started, starting) = oneshot::channel();
        let (stopping, stop) = std::io::pipe().map_err(|error| start(error.to_string()))?;
        // A thread of its own: the server is killed when the thread that started it ends.
        std::thread::Builder::new()
            .name("nats-server".into())
            .spawn(move || supervise::supervise(&options, stopping, state_sender, keeper, started))
            .map_err(|error| start(error.to_string()))?;
        let endpoint = starting.await.map_err(|_| start("the supervisor ended".into()))??;
        Ok(Self { endpoint, state, gate, stop: Some(stop) })
    }

    /// Returns the `host:port` to connect to, which stays the same for as long as this lives.
    pub fn address(&self) -> &str {
        &self.endpoint.address
    }

    /// Returns the users that may connect.
    pub fn users(&self) -> &Users {
        &self.endpoint.users
    }

    /// Returns the state of the server, as it changes.
    pub fn state(&self) -> watch::Receiver<ServerState> {
        self.state.clone()
    }

    /// Returns the gate of the log, which is closed while the server's disk is full, and while the server does not
    /// write.
    pub fn gate(&self) -> Gate {
        self.gate.clone()
    }

    /// Stops the server and waits until it is gone.
    pub async fn stop(mut self) {
        self.stop = None;
        let gone = |state: &ServerState| matches!(state, ServerState::Stopped | ServerState::Failed { .. });
        // A supervisor that is gone has taken the server with it.
        let _gone = self.state.wait_for(gone).await;
    }
}
