//! The role that signs what the log holds.

use std::sync::Arc;

use clap::Args;
use events::Author;
use events::ids::RegionName;
use ledger::Ledger;
use notary::{Notary, Options, Signer};
use worker::NatsTelemetry;

use super::service::{Service, ServiceArgs};
use crate::commands::Verdict;
use crate::notary_key::SignerArgs;
use crate::process::Process;
use crate::signals::Stop;
use crate::units::TimeSpan;

#[derive(Debug, Args)]
pub(crate) struct NotaryRoleArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) notary: NotaryArgs,
}

/// When the log is signed, and by whom.
#[derive(Debug, Clone, Args)]
pub(crate) struct NotaryArgs {
    /// Longest time until a signed checkpoint covers an event
    #[arg(long, env = "PLANETSTORE_NOTARY_INTERVAL", default_value = "10s", value_name = "TIME")]
    pub(crate) notary_interval: TimeSpan,
    /// Number of events after which a checkpoint is signed before that time
    #[arg(long, env = "PLANETSTORE_NOTARY_EVENTS", default_value_t = 1_000, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=4_096))]
    pub(crate) notary_events: u64,
    #[command(flatten)]
    pub(crate) signer: SignerArgs,
}

impl NotaryArgs {
    /// The options of the notary.
    pub(crate) fn options(&self, region: RegionName) -> Options {
        Options { region, interval: self.notary_interval.0, entries: self.notary_events }
    }
}

/// `planetstore run notary`: signs the log with a ledger of its own, against NATS servers elsewhere. Of several such
/// processes one signs.
pub(crate) async fn run(arguments: NotaryRoleArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let service = Service::open("notary", Author::Maintenance, &arguments.service)?;
    let signer = arguments.notary.signer.signer(service.folder.paths(), None)?;
    let options = arguments.notary.options(service.region.clone());
    let start = async |process: &mut Process| {
        let ledger = service.follow_log(process).await?;
        let telemetry = service.endpoint.connect("notary telemetry").await?;
        let link = NatsTelemetry::link(telemetry, service.region.clone()).await?;
        let workers = service.start_workers(&ledger, link, process)?;
        workers.add(worker(options, ledger, signer))?;
        Ok(())
    };
    service.run(&arguments.service, stop, start).await?;
    Ok(Verdict::Well)
}

/// The notary.
pub(super) fn worker(options: Options, ledger: Ledger, signer: Arc<dyn Signer>) -> Notary {
    Notary::new(options, ledger, signer)
}
