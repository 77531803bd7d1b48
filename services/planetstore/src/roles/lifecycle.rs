//! The lifecycle role, which applies lifecycle rules.

use anyhow::Context;
use clap::Args;
use domain::lifecycle::Day;
use events::Author;
use ledger::Ledger;
use lifecycle::Lifecycle;
use worker::NatsTelemetry;

use super::service::{Service, ServiceArgs};
use crate::commands::Verdict;
use crate::process::Process;
use crate::signals::Stop;
use crate::sources::sources;

#[derive(Debug, Args)]
pub(crate) struct LifecycleArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
}

/// How lifecycle rules are applied.
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    /// For tests only: length of a lifecycle day in seconds; a shorter day expires objects sooner
    #[arg(long, env = "PLANETSTORE_LIFECYCLE_DAY", default_value_t = 86_400, value_name = "SECONDS",
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) lifecycle_day: u32,
}

impl RulesArgs {
    /// The day as lifecycle rules use it.
    pub(crate) fn day(&self) -> anyhow::Result<Day> {
        let day = Day::of_seconds(self.lifecycle_day).context("--lifecycle-day must be at least 1")?;
        if day != Day::CALENDAR {
            tracing::warn!(seconds = day.seconds(), "lifecycle rules count shorter days: for tests only");
        }
        Ok(day)
    }
}

/// `planetstore run lifecycle`: applies the rules with its own ledger and external NATS servers.
pub(crate) async fn run(arguments: LifecycleArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let day = arguments.rules.day()?;
    let service = Service::open("lifecycle", Author::Lifecycle, &arguments.service)?;
    let start = async |process: &mut Process| {
        let ledger = service.follow_log(process).await?;
        let telemetry = service.endpoint.connect("lifecycle telemetry").await?;
        let link = NatsTelemetry::speak(telemetry, service.region.clone());
        let workers = service.start_workers(&ledger, link, process)?;
        workers.add(worker(day, ledger))?;
        tracing::info!(day_seconds = day.seconds(), "applying lifecycle rules");
        Ok(())
    };
    service.run(&arguments.service, stop, start).await?;
    Ok(Verdict::Well)
}

/// The worker that applies the rules of all buckets.
pub(super) fn worker(day: Day, ledger: Ledger) -> Lifecycle {
    Lifecycle::new(lifecycle::Options { day, sources: sources() }, ledger)
}
