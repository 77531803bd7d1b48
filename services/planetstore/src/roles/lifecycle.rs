//! The role that follows lifecycle rules.

use std::sync::Arc;

use domain::lifecycle::Day;
use ledger::Ledger;

use super::log::{Releases, open_ledger, open_log, run_ledger};
use crate::author_key;
use crate::cli::LifecycleArgs;
use crate::commands::Verdict;
use crate::folder::DataFolder;
use crate::nats::NatsEndpoint;
use crate::process::{Process, Running, open_console, raise_open_files};
use crate::signals::Stop;
use crate::sources::sources;

/// `planetstore run lifecycle`: follows the rules with a ledger of its own, against NATS servers elsewhere.
pub(crate) async fn run(arguments: LifecycleArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
    let day = arguments.rules.day()?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let keyring = author_key::of_lifecycle(folder.paths())?;
    let region = folder.settle_region(arguments.region)?;
    let console = open_console(arguments.console, &arguments.console_hosts.console_host).await?;
    let start = async |process: &mut Process| {
        let log = open_log(&endpoint, "lifecycle log", &region, arguments.nats_login.log_replicas).await?;
        let ledger =
            open_ledger(folder.paths(), &region, false, Releases::Elsewhere, keyring, Arc::clone(&log)).await?;
        process.add(run_ledger(log, ledger.clone()));
        process.add(start(day, ledger));
        tracing::info!(day_seconds = day.seconds(), "applying lifecycle rules");
        Ok(())
    };
    Process::run(console, stop, start).await?;
    Ok(Verdict::Well)
}

/// Begins to follow the rules of all buckets. It may be dropped at any moment: what it did is on the log.
pub(super) fn start(day: Day, ledger: Ledger) -> Running {
    Running::droppable("lifecycle", async move {
        let stopped = lifecycle::run(lifecycle::Options { day, sources: sources() }, ledger).await;
        Err(anyhow::Error::new(stopped).context("lifecycle rules are no longer applied"))
    })
}
