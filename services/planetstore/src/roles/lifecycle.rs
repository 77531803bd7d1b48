//! The lifecycle role, which applies lifecycle rules.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use domain::lifecycle::Day;
use events::Author;
use events::ids::RegionName;
use ledger::Ledger;
use lifecycle::Lifecycle;
use worker::NatsTelemetry;

use super::log::{Releases, open_ledger, open_log, run_ledger};
use crate::author_key;
use crate::commands::Verdict;
use crate::folder::{DataArgs, DataFolder};
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::process::{ConsoleHosts, Process, open_console, raise_open_files};
use crate::signals::Stop;
use crate::sources::sources;

#[derive(Debug, Args)]
pub(crate) struct LifecycleArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    #[command(flatten)]
    pub(crate) rules: RulesArgs,
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
        let day = Day::of_seconds(self.lifecycle_day).context("--lifecycle-day is at least 1")?;
        if day != Day::CALENDAR {
            tracing::warn!(seconds = day.seconds(), "lifecycle rules count shorter days: for tests only");
        }
        Ok(day)
    }
}

/// `planetstore run lifecycle`: applies the rules with its own ledger and external NATS servers.
pub(crate) async fn run(arguments: LifecycleArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
    let day = arguments.rules.day()?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let keyring = author_key::of_author(Author::Lifecycle, folder.paths())?;
    let region = folder.settle_region(arguments.region)?;
    let console = open_console(arguments.console, &arguments.console_hosts.console_host).await?;
    let start = async |process: &mut Process| {
        let log = open_log(&endpoint, "lifecycle log", &region, arguments.nats_login.log_replicas).await?;
        let ledger =
            open_ledger(folder.paths(), &region, false, Releases::Elsewhere, keyring, Arc::clone(&log)).await?;
        process.add(run_ledger(log, ledger.clone()));
        let link = NatsTelemetry::speak(endpoint.connect("lifecycle telemetry").await?, region.clone());
        let (workers, running) = super::workers::start("lifecycle", &region, &ledger, Some(link))?;
        process.add(running);
        workers.add(worker(day, ledger))?;
        tracing::info!(day_seconds = day.seconds(), "applying lifecycle rules");
        Ok(())
    };
    Process::run(console, stop, start).await?;
    Ok(Verdict::Well)
}

/// The worker that applies the rules of all buckets.
pub(super) fn worker(day: Day, ledger: Ledger) -> Lifecycle {
    Lifecycle::new(lifecycle::Options { day, sources: sources() }, ledger)
}
