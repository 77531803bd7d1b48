//! The background loops of a process, and its name among the others that run such loops.

use std::time::Duration;

use admin::Check;
use anyhow::{Context, anyhow};
use events::ids::{ProcessId, RegionName};
use events::lease::Owner;
use futures_util::StreamExt;
use ledger::Ledger;
use shards::Membership;
use tokio::time::Instant;
use worker::{Failpoints, Link, Options, Workers};

use crate::process::Running;
use crate::sources::sources;

/// How long the loops may take to stop and to give their leases back.
const STOP_TIME_MAX: Duration = Duration::from_secs(15);

/// Variable with the point at which a test ends this process.
const FAILPOINT_ENV: &str = "PLANETSTORE_FAILPOINT";

/// Where Linux says the host's name.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Begins to run the loops of a process, of which there are none yet. `link`: the other processes, if others append to
/// the log.
pub(super) fn start(
    role: &str,
    region: &RegionName,
    ledger: &Ledger,
    link: Option<Link>,
) -> anyhow::Result<(Workers, Running)> {
    let (sources, owner) = (sources(), owner(role));
    let failpoints = match std::env::var(FAILPOINT_ENV) {
        Ok(text) if !text.is_empty() => text.parse().context(FAILPOINT_ENV)?,
        _ => Failpoints::none(),
    };
    let options = Options { region: region.clone(), owner, now: sources.now.clone(), link, failpoints };
    let workers = Workers::start(options, std::sync::Arc::new(ledger.clone()));
    let running = workers.clone();
    let running = Running::start("workers", STOP_TIME_MAX, async move |shutdown| {
        let outcome = tokio::select! {
            () = shutdown.requested() => Ok(()),
            how = running.broken() => Err(anyhow!("background work failed: {how}")),
        };
        running.stop().await;
        outcome
    });
    let running = running.checked(Observed(workers.clone()));
    Ok((workers, running))
}

/// Tells the loops how busy clients are, as gateways tell it: background work gives way to them.
pub(super) async fn hear_clients(
    workers: &Workers,
    client: &async_nats::Client,
    region: &RegionName,
    membership: Membership,
) -> anyhow::Result<Running> {
    let mut told = telemetry::collect(client, region).await.context("cannot subscribe to telemetry")?;
    let clients = workers.clients().clone();
    Ok(Running::droppable("clients' requests", async move {
        while let Some(aggregate) = told.next().await {
            let nodes = membership.nodes().iter().filter(|node| node.is_online()).count();
            clients.told(aggregate.under_way(), nodes, Instant::now());
        }
        // The connection has ended for good, which others notice.
        std::future::pending().await
    }))
}

/// A name for what this process owns, that no other has: the role, and the host for people.
pub(super) fn owner(role: &str) -> Owner {
    let sources = sources();
    let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let name = format!("{role} on {}", host.trim());
    Owner { process: ProcessId((sources.fresh)((sources.now)())), name }
}

/// How the loops are. A process serves its clients whatever they do.
struct Observed(Workers);

impl Check for Observed {
    fn missing(&self) -> Vec<String> {
        Vec::new()
    }

    fn observe(&self) {
        self.0.observe();
    }
}
