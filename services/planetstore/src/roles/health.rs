//! The role that watches the storage nodes.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use events::Author;
use events::ids::RegionName;
use health::{NodeMonitor, Watch};
use ledger::Ledger;
use shards::{Membership, RollCall};
use worker::{NatsTelemetry, Workers};

use super::admission;
use super::log::{Releases, open_ledger, open_log, run_ledger};
use crate::author_key;
use crate::commands::Verdict;
use crate::folder::{DataArgs, DataFolder};
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::process::{ConsoleHosts, Process, Running, open_console, raise_open_files};
use crate::signals::Stop;
use crate::sources::sources;

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// Address of health and metrics; not served by default
    #[arg(long, env = "PLANETSTORE_CONSOLE", value_name = "ADDR")]
    pub(crate) console: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) console_hosts: ConsoleHosts,
    /// URL of your NATS server or cluster
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
}

/// `planetstore run health`: watches the nodes with a ledger of its own, against NATS servers elsewhere. Of several such
/// processes one writes what it finds, and the others know as much and wait.
pub(crate) async fn run(arguments: HealthArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let keyring = author_key::of_author(Author::Maintenance, folder.paths())?;
    let region = folder.settle_region(arguments.region)?;
    let console = open_console(arguments.console, &arguments.console_hosts.console_host).await?;
    let start = async |process: &mut Process| {
        let log = open_log(&endpoint, "health log", &region, arguments.nats_login.log_replicas).await?;
        let ledger =
            open_ledger(folder.paths(), &region, false, Releases::Elsewhere, keyring, Arc::clone(&log)).await?;
        process.add(run_ledger(log, ledger.clone()));
        let telemetry = endpoint.connect("health telemetry").await?;
        let membership = Membership::guarded();
        process.add(admission::follow(ledger.clone(), membership.clone()));
        process.add(follow(telemetry.clone(), &region, &membership).await?);
        let link = NatsTelemetry::link(telemetry.clone(), region.clone()).await?;
        let (workers, running) = super::workers::start("health", &region, &ledger, Some(link))?;
        process.add(running);
        process.add(watch(telemetry, &region, ledger, membership, &workers).await?);
        tracing::info!("watching the storage nodes");
        Ok(())
    };
    Process::run(console, stop, start).await?;
    Ok(Verdict::Well)
}

/// Begins to hear the nodes.
async fn follow(
    telemetry: async_nats::Client,
    region: &RegionName,
    membership: &Membership,
) -> anyhow::Result<Running> {
    let follower = shards::follow_nodes(telemetry, region.clone(), membership.clone()).await;
    let follower = follower.context("cannot subscribe to the nodes")?;
    Ok(Running::droppable("heartbeats", async {
        follower.await.context("the task that hears the nodes")?;
        anyhow::bail!("the subscription to the nodes' heartbeats ended")
    }))
}

/// Begins to watch the nodes of a membership, in every process that may have to say what became of them.
pub(super) async fn watch(
    telemetry: async_nats::Client,
    region: &RegionName,
    ledger: Ledger,
    membership: Membership,
    workers: &Workers,
) -> anyhow::Result<Running> {
    let sources = sources();
    let caller = (sources.fresh)((sources.now)());
    let roll = RollCall::open(telemetry, region, caller).await.context("cannot subscribe to the roll call")?;
    let watch = Watch::new(ledger.clone(), membership, Arc::new(roll));
    workers.add(NodeMonitor::new(ledger, &watch))?;
    Ok(Running::droppable("node watch", async move {
        let never = watch.run().await;
        match never {}
    }))
}
