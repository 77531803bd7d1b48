//! Storage nodes in this process.

use std::time::Duration;

use anyhow::Context;
use events::ids::NodeId;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::nats::NatsEndpoint;

/// How long a node may take to answer what it accepted before it is dropped.
const NODE_STOP_TIME_MAX: Duration = Duration::from_secs(15);

/// The names of the nodes of one process.
pub(crate) fn node_names(count: u16) -> anyhow::Result<Vec<NodeId>> {
    (1..=count).map(|n| format!("node-{n}").parse().context("a node's name")).collect()
}

/// A node that serves, on a connection of its own, until it is stopped.
#[derive(Debug)]
pub(crate) struct RunningNode {
    name: NodeId,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), node::Error>>,
}

impl RunningNode {
    /// Connects and begins to serve. However that ends, `ends` counts it.
    pub(crate) async fn start(
        config: node::Config,
        endpoint: &NatsEndpoint,
        ends: watch::Sender<usize>,
    ) -> anyhow::Result<Self> {
        let name = config.node.clone();
        let client = endpoint.connect(&format!("node {name}")).await?;
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // Dropping the other end is a wish to stop as well.
            let _stopped = stopped.await;
        };
        let of = name.clone();
        let served = tokio::spawn(async move {
            let outcome = node::serve(config, client, shutdown).await;
            match &outcome {
                Ok(()) => tracing::info!(node = %of, "the node has stopped"),
                Err(error) => tracing::error!(node = %of, %error, "the node failed"),
            }
            ends.send_modify(|ends| *ends += 1);
            outcome
        });
        Ok(Self { name, stop, served })
    }

    /// Waits until it ends by itself: told to over NATS, or because it failed.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<()> {
        let outcome = (&mut self.served).await.context("the node's task")?;
        outcome.with_context(|| format!("node {}", self.name))
    }

    /// Stops it after what it accepted is answered.
    pub(crate) async fn stop(self) {
        // It may have ended already.
        let _told = self.stop.send(());
        let abort = self.served.abort_handle();
        if !abort.is_finished() && tokio::time::timeout(NODE_STOP_TIME_MAX, self.served).await.is_err() {
            tracing::warn!(node = %self.name, "the node does not stop in time");
            abort.abort();
        }
    }
}
