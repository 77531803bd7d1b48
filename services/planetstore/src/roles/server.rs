//! The private nats-server, started by this program.

use std::time::Duration;

use admin::Check;
use anyhow::{Context, anyhow};
use eventlog::server::{START_TIME_MAX, Server, ServerOptions, ServerState};
use tokio::sync::watch;

use crate::folder::DataFolder;
use crate::nats::{Logins, NatsEndpoint};
use crate::process::Running;
use crate::roles::node_names;

/// This program, even if its file was replaced by a newer build.
pub(super) const OWN_PROGRAM: &str = "/proc/self/exe";

/// How long the server may take to write its memory and end.
const STOP_TIME_MAX: Duration = Duration::from_mins(1);

/// The maximum number of nodes of one process. The server starts before their number is known, and has a user for each.
const DEV_NODES_MAX: u16 = 64;

/// Starts the private server of a data folder.
///
/// With a key of those who judge logins of consumers, the server asks them.
pub(crate) async fn start_server(
    folder: &DataFolder,
    consumer_issuer: Option<String>,
) -> anyhow::Result<(Server, NatsEndpoint)> {
    let own_id = std::process::id().to_string();
    let region = folder.paths().region()?.context("the data folder has no region yet")?;
    let options = ServerOptions {
        folder: folder.paths().nats(),
        program: None,
        launcher: vec![OWN_PROGRAM.into(), "exec-with-parent".into(), own_id.into()],
        start_time_max: START_TIME_MAX,
        region,
        nodes: node_names(DEV_NODES_MAX)?,
        consumer_issuer,
    };
    let server = Server::start(options).await.context("the private nats-server")?;
    let logins = Logins::OfRoles(server.users().clone());
    let endpoint = NatsEndpoint { address: server.address().into(), ca: None, logins, gate: server.gate() };
    Ok((server, endpoint))
}

/// Waits until the server fails for good, or is asked to stop and has ended.
pub(super) fn run_server(server: Server) -> Running {
    let state = server.state();
    let running = Running::start("nats-server", STOP_TIME_MAX, async move |shutdown| {
        let outcome = tokio::select! {
            () = shutdown.requested() => Ok(()),
            reason = failed(server.state()) => Err(anyhow!("nats-server does not stay up: {reason}")),
        };
        server.stop().await;
        outcome
    });
    running.checked(Supervised(state))
}

async fn failed(mut state: watch::Receiver<ServerState>) -> String {
    let failed = state.wait_for(|state| matches!(state, ServerState::Failed { .. })).await;
    match failed.as_deref() {
        Ok(ServerState::Failed { reason }) => reason.clone(),
        _ => "its supervisor has ended".into(),
    }
}

/// The health of the private server.
struct Supervised(watch::Receiver<ServerState>);

impl Check for Supervised {
    fn missing(&self) -> Vec<String> {
        let reason = match &*self.0.borrow() {
            ServerState::Up { .. } => return Vec::new(),
            ServerState::Starting => "it is starting".to_owned(),
            ServerState::Restarting { reason } => format!("restarting after a crash: {reason}"),
            ServerState::Failed { reason } => format!("does not stay up: {reason}"),
            ServerState::Stopped => "stopped".to_owned(),
        };
        vec![format!("nats-server: {reason}")]
    }

    fn observe(&self) {
        if let ServerState::Up { pid } = *self.0.borrow() {
            admin::observe_server(pid);
        }
    }
}
