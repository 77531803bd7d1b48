//! The role of a storage node.

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use admin::Check;
use anyhow::Context;
use async_nats::connection::State;
use clap::Args;
use events::ids::{NodeId, RegionName};
use node::disk::ScrubSettings;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

use super::telling;
use crate::commands::Verdict;
use crate::folder::{DataArgs, PRIVATE_FOLDER};
use crate::nats::{NatsAccessArgs, NatsEndpoint, NatsUrl};
use crate::process::{ConsoleAccessArgs, Process, Running, open_console, raise_open_files};
use crate::signals::Stop;
use crate::units::ByteSize;

#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    /// Name of the node; a data folder belongs to one name permanently
    #[arg(long, env = "PLANETSTORE_NODE", value_name = "NAME")]
    pub(crate) node: NodeId,
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Failure domain, such as a rack, a room or a power line [default: the node's name]
    #[arg(long, env = "PLANETSTORE_ZONE", value_name = "NAME")]
    pub(crate) zone: Option<String>,
    /// Days for one scrub, in which the node reads all its shards to find damage
    #[arg(long, env = "PLANETSTORE_SCRUB_DAYS", default_value = "7", value_name = "DAYS",
          value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) scrub_days: u16,
    /// Maximum bytes per second that a scrub reads
    #[arg(long, env = "PLANETSTORE_SCRUB_RATE", default_value = "32MiB", value_name = "SIZE")]
    pub(crate) scrub_rate: ByteSize,
    /// Name of the region
    #[arg(long, env = "PLANETSTORE_REGION", default_value = "us-east-1", value_name = "NAME")]
    pub(crate) region: RegionName,
    /// Address of health and metrics; not served by default
    #[arg(long, env = "PLANETSTORE_CONSOLE", value_name = "ADDR")]
    pub(crate) console: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) console_access: ConsoleAccessArgs,
    /// URL of your NATS server, or of each server of its cluster, separated by commas
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_access: NatsAccessArgs,
}

/// How long a node may take to answer the requests it accepted before it is dropped.
const STOP_TIME_MAX: Duration = Duration::from_secs(15);

/// `planetstore run node`: runs a storage node with external NATS servers, until a signal or a message over NATS stops
/// it.
pub(crate) async fn run(arguments: NodeArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_access)?;
    let folder = arguments.data.data;
    let made = DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(&folder);
    made.with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    let console = open_console(arguments.console, &arguments.console_access).await?;
    let zone = arguments.zone.unwrap_or_else(|| arguments.node.to_string());
    let mut config = node::Config::new(arguments.region, arguments.node, zone, folder);
    config.scrub = ScrubSettings {
        period: Duration::from_hours(24) * u32::from(arguments.scrub_days),
        rate_max: arguments.scrub_rate.0,
    };
    let start = async |process: &mut Process| {
        let telemetry = endpoint.connect(&format!("node {} health", config.node)).await?;
        let client = endpoint.connect(&format!("node {}", config.node)).await?;
        let logs = endpoint.connect(&format!("node {} logs", config.node)).await?;
        telling::tell_logs(process, logs, &config.region, config.node.as_str(), &config.folder);
        let running = Running::start("node", STOP_TIME_MAX, async move |shutdown| {
            serve(config, client, shutdown.requested()).await
        });
        process.add(running.checked(Connected(telemetry)));
        Ok(())
    };
    Process::run(console, stop, start).await?;
    Ok(Verdict::Well)
}

/// Whether a node is connected to NATS. The connection has the same settings as the node's.
struct Connected(async_nats::Client);

impl Check for Connected {
    fn missing(&self) -> Vec<String> {
        match self.0.connection_state() {
            State::Connected => Vec::new(),
            State::Pending | State::Disconnected => vec!["nats: not connected".to_owned()],
        }
    }
}

/// The names of the nodes of one process.
pub(crate) fn node_names(count: u16) -> anyhow::Result<Vec<NodeId>> {
    (1..=count).map(|n| format!("node-{n}").parse().context("a node's name")).collect()
}

/// Starts several nodes, each on its own connection. A node that cannot start, or ends, is like a lost one: the others
/// continue. `ends` counts every node that ends.
pub(super) async fn start_all(
    configs: Vec<node::Config>,
    endpoint: &NatsEndpoint,
    ends: watch::Sender<usize>,
) -> anyhow::Result<Running> {
    let (mut nodes, mut stops) = (JoinSet::new(), Vec::with_capacity(configs.len()));
    for config in configs {
        let client = endpoint.connect(&format!("node {}", config.node)).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        stops.push(stop);
        let ends = ends.clone();
        nodes.spawn(async move {
            let node = config.node.clone();
            let shutdown = async {
                // Dropping the other end is a request to stop.
                let _stopped = stopped.await;
            };
            if let Err(error) = serve(config, client, shutdown).await {
                tracing::error!(%node, error = format!("{error:#}"), "the node failed");
            }
            ends.send_modify(|ends| *ends += 1);
        });
    }
    Ok(Running::start("nodes", STOP_TIME_MAX, async move |shutdown| {
        shutdown.requested().await;
        drop(stops);
        while let Some(ended) = nodes.join_next().await {
            ended.context("a node's task")?;
        }
        Ok(())
    }))
}

async fn serve(
    config: node::Config,
    client: async_nats::Client,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    let node = config.node.clone();
    node::serve(config, client, shutdown).await.with_context(|| format!("node {node}"))?;
    tracing::info!(%node, "the node has stopped");
    Ok(())
}
