//! The private nats-server, through this program as its launcher.

use anyhow::Context;
use eventlog::server::{START_TIME_MAX, Server, ServerOptions};

use crate::folder::DataFolder;
use crate::nats::{Logins, NatsEndpoint};
use crate::roles::node_names;

/// This program, also after its file was replaced by a newer build.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// Nodes of one process, at most. The server starts before it is known how many there are, and has a user for each.
const DEV_NODES_MAX: u16 = 64;

/// Starts the private server of a data folder.
pub(crate) async fn start_server(folder: &DataFolder) -> anyhow::Result<(Server, NatsEndpoint)> {
    let own_id = std::process::id().to_string();
    let region = folder.paths().region()?.context("the data folder has no region yet")?;
    let options = ServerOptions {
        folder: folder.paths().nats(),
        program: None,
        launcher: vec![OWN_PROGRAM.into(), "exec-with-parent".into(), own_id.into()],
        start_time_max: START_TIME_MAX,
        region,
        nodes: node_names(DEV_NODES_MAX)?,
    };
    let server = Server::start(options).await.context("the private nats-server")?;
    let logins = Logins::OfRoles(server.users().clone());
    let endpoint = NatsEndpoint { address: server.address().into(), ca: None, logins, gate: server.gate() };
    Ok((server, endpoint))
}

/// Stops it, if there is one, and waits until it is gone.
pub(crate) async fn stop_server(server: Option<Server>) {
    if let Some(server) = server {
        server.stop().await;
    }
}
