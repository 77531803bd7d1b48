use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;

use anyhow::Context;
use listener::Listener;
use tokio::sync::watch;

use super::Verdict;
use crate::cli::NodeArgs;
use crate::console::{self, Console, Hosts, NodeView, Subject};
use crate::folder::PRIVATE_FOLDER;
use crate::listen;
use crate::nats::NatsEndpoint;
use crate::roles::{RunningNode, raise_open_files};
use crate::signals::Stop;

/// Runs a storage node against NATS servers elsewhere, until it is stopped by a signal or over NATS.
pub(crate) async fn run_node(arguments: NodeArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_access)?;
    let folder = arguments.data.data;
    let made = DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(&folder);
    made.with_context(|| format!("cannot make the data folder {}", folder.display()))?;
    let console = match arguments.console {
        None => None,
        Some(address) => {
            let listener = listen::bind(address, "the console", "--console").await?;
            let address = listen::address(&listener)?;
            tracing::info!(%address, "health and metrics");
            let hosts = Hosts::new(address.ip(), &arguments.console_hosts.console_host);
            Some(Console::start(Listener::new("console", listener, console::LIMITS), hosts, None)?)
        }
    };
    let zone = arguments.zone.unwrap_or_else(|| arguments.node.to_string());
    let telemetry = endpoint.connect(&format!("node {} health", arguments.node)).await?;
    let config = node::Config::new(arguments.region, arguments.node, zone, folder);
    let mut running = RunningNode::start(config, &endpoint, watch::Sender::new(0)).await?;
    if let Some(console) = &console {
        console.show(Subject::Node(NodeView { client: telemetry }));
    }
    let outcome = tokio::select! {
        () = stop.requested() => Ok(()),
        outcome = running.ended() => outcome,
    };
    running.stop().await;
    if let Some(console) = console {
        console.stop().await;
    }
    outcome.map(|()| Verdict::Well)
}
