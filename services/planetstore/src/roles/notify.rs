//! The role that sends events to targets outside of the store.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use events::Author;
use events::ids::RegionName;
use identity::Sealers;
use ledger::Ledger;
use notify::{Notifier, SystemResolver};
use worker::NatsTelemetry;

use super::service::{Service, ServiceArgs};
use crate::commands::Verdict;
use crate::nats::NatsEndpoint;
use crate::process::Process;
use crate::signals::Stop;
use crate::sources::sources;
use crate::{master_key, trust};

#[derive(Debug, Args)]
pub(crate) struct NotifyArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) targets: TargetArgs,
}

/// How targets of events are reached.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArgs {
    /// Allow targets of events at addresses of this host and of private networks. Users who may create targets can then
    /// send requests to everything that this process can reach
    #[arg(long, env = "PLANETSTORE_ALLOW_INTERNAL_TARGETS", value_parser = clap::builder::BoolishValueParser::new())]
    pub(crate) allow_internal_targets: bool,
    /// PEM file of certificate authorities to trust for targets of events, in addition to the system's
    #[arg(long, env = "PLANETSTORE_TARGET_CA", value_name = "FILE")]
    pub(crate) target_ca: Option<PathBuf>,
}

/// `planetstore run notify`: sends events with a ledger of its own, against NATS servers elsewhere. It needs the master
/// keys, which open the keys of targets.
pub(crate) async fn run(arguments: NotifyArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let service = Service::open("notify", Author::Maintenance, &arguments.service)?;
    let file = service.folder.paths().master_key();
    let master_keys = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let keys = Arc::new(Sealers::new(&master_keys)?);
    let start = async |process: &mut Process| {
        let ledger = service.follow_log(process).await?;
        let telemetry = service.endpoint.connect("notify telemetry").await?;
        let link = NatsTelemetry::link(telemetry, service.region.clone()).await?;
        let workers = service.start_workers(&ledger, link, process)?;
        let at = (&service.endpoint, &service.region);
        workers.add(worker(&arguments.targets, at, Arc::clone(&keys), ledger).await?)?;
        tracing::info!("sending events to targets");
        Ok(())
    };
    service.run(&arguments.service, stop, start).await?;
    Ok(Verdict::Well)
}

/// The worker that sends events, with a connection of its own for targets that are NATS subjects.
pub(super) async fn worker(
    targets: &TargetArgs,
    (endpoint, region): (&NatsEndpoint, &RegionName),
    keys: Arc<Sealers>,
    ledger: Ledger,
) -> anyhow::Result<Notifier> {
    if targets.allow_internal_targets {
        tracing::warn!("targets of events may be addresses of this host and of private networks");
    }
    let options = notify::Options {
        region: region.clone(),
        allow_internal_targets: targets.allow_internal_targets,
        tls: trust::everybody(targets.target_ca.as_deref())?,
        resolver: Arc::new(SystemResolver),
        keys,
        nats: Some(endpoint.connect("notify targets").await?),
        sources: sources(),
        random: |bytes| getrandom::fill(bytes).is_ok(),
    };
    Ok(Notifier::new(options, ledger))
}
