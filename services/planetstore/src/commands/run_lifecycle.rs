use std::sync::Arc;

use anyhow::Context;
use listener::Listener;

use super::Verdict;
use crate::author_key;
use crate::cli::LifecycleArgs;
use crate::console::{self, Console, Hosts, LifecycleView, Subject};
use crate::folder::DataFolder;
use crate::listen;
use crate::nats::NatsEndpoint;
use crate::roles::{LifecycleRole, Releases, close_ledger, ledger_failed, open_ledger, open_log, raise_open_files};
use crate::signals::Stop;

/// Follows lifecycle rules with a ledger of its own, against NATS servers elsewhere.
pub(crate) async fn run_lifecycle(arguments: LifecycleArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
    let day = arguments.rules.day()?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let keyring = author_key::of_lifecycle(folder.paths())?;
    let region = folder.settle_region(arguments.region)?;
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
    let log = open_log(&endpoint, "lifecycle log", &region, arguments.nats_login.log_replicas).await?;
    let ledger = open_ledger(folder.paths(), &region, false, Releases::Elsewhere, keyring, Arc::clone(&log)).await;
    let ledger = ledger.context("the ledger")?;
    if let Some(console) = &console {
        console.show(Subject::Lifecycle(LifecycleView { log, ledger: ledger.clone() }));
    }
    tracing::info!(day_seconds = day.seconds(), "following lifecycle rules");
    let progress = ledger.progress();
    let mut role = LifecycleRole::start(day, ledger.clone());
    let outcome = tokio::select! {
        () = stop.requested() => Ok(Verdict::Well),
        error = role.ended() => Err(error),
        error = ledger_failed(progress) => Err(error),
    };
    drop(role);
    close_ledger(&ledger).await;
    if let Some(console) = console {
        console.stop().await;
    }
    outcome
}
