//! The role that watches the storage nodes.

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
use super::service::{Service, ServiceArgs};
use crate::commands::Verdict;
use crate::process::{Process, Running};
use crate::signals::Stop;
use crate::sources::sources;

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

/// `planetstore run health`: watches the nodes with a ledger of its own, against NATS servers elsewhere. Of several such
/// processes one writes what it finds, and the others know as much and wait.
pub(crate) async fn run(arguments: HealthArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let service = Service::open("health", Author::Maintenance, &arguments.service)?;
    let start = async |process: &mut Process| {
        let ledger = service.follow_log(process).await?;
        let (telemetry, region) = (service.endpoint.connect("health telemetry").await?, &service.region);
        let membership = Membership::guarded();
        process.add(admission::follow(ledger.clone(), membership.clone()));
        process.add(follow(telemetry.clone(), region, &membership).await?);
        let link = NatsTelemetry::link(telemetry.clone(), region.clone()).await?;
        let workers = service.start_workers(&ledger, link, process)?;
        process.add(watch(telemetry, region, ledger, membership, &workers).await?);
        tracing::info!("watching the storage nodes");
        Ok(())
    };
    service.run(&arguments.service, stop, start).await?;
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
        follower.await.context("the task that receives heartbeats")?;
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
