//! The role that brings every content back to all its shards.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use events::Author;
use events::ids::RegionName;
use futures_util::StreamExt;
use identity::PieceSecrets;
use ledger::Ledger;
use repair::{DamagedShard, Hints, Repair, Scan};
use shards::telemetry::{DamageFound, damage_subject, damages_subject};
use shards::{AnyTransport, NatsTransport, ShardStore};
use tokio::sync::mpsc;
use worker::{NatsTelemetry, Workers};

use super::gateway::{Cluster, Folders};
use super::log::{Releases, open_ledger, open_log, run_ledger};
use super::{admission, workers};
use crate::author_key;
use crate::commands::Verdict;
use crate::folder::{DataArgs, DataFolder};
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::piece_secrets;
use crate::process::{ConsoleHosts, Process, Running, open_console, raise_open_files};
use crate::signals::Stop;
use crate::sources::sources;
use crate::units::TimeSpan;

/// Connections that carry shards.
const DATA_CONNECTIONS: usize = 2;

/// Incidents, and damaged shards, that may wait for a look. The scan finds what is dropped.
const HINTS_MAX: usize = 1_024;

#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    #[command(flatten)]
    pub(crate) times: RepairTimeArgs,
    /// Data folder of storage nodes on this host, whose shards are read directly; repeatable, separated by colons in the
    /// variable. Without it, all bytes come over NATS
    #[arg(long, env = "PLANETSTORE_LOCAL_SHARDS", value_delimiter = ':', value_name = "DIR")]
    pub(crate) local_shards: Vec<PathBuf>,
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

/// When repair begins, and how often the nodes are looked through.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RepairTimeArgs {
    /// Time after which the shards of a storage node that is offline are written elsewhere
    #[arg(long, env = "PLANETSTORE_REPAIR_AFTER", default_value = "10m", value_name = "TIME")]
    pub(crate) repair_after: TimeSpan,
    /// Time from one comparison of all shards on the nodes with the log to the next
    #[arg(long, env = "PLANETSTORE_SCAN_INTERVAL", default_value = "1d", value_name = "TIME")]
    pub(crate) scan_interval: TimeSpan,
}

impl RepairTimeArgs {
    /// The options of the workers.
    pub(crate) fn options(self) -> anyhow::Result<repair::Options> {
        let (repair_after, scan_interval) = (self.repair_after.0, self.scan_interval.0);
        ensure!(scan_interval >= Duration::from_secs(1), "--scan-interval is at least 1s");
        Ok(repair::Options { repair_after, scan_interval, sources: sources() })
    }
}

/// `planetstore run repair`: keeps all contents whole, with a ledger of its own, against NATS servers elsewhere.
pub(crate) async fn run(arguments: RepairArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let keyring = author_key::of_author(Author::Maintenance, folder.paths())?;
    let secrets = piece_secrets::find(folder.paths(), &keyring)?;
    let region = folder.settle_region(arguments.region)?;
    let options = arguments.times.options()?;
    let console = open_console(arguments.console, &arguments.console_hosts.console_host).await?;
    let start = async |process: &mut Process| {
        let (cluster, membership) = Cluster::join(&endpoint, &region).await?;
        process.add(membership);
        let log = open_log(&endpoint, "repair log", &region, arguments.nats_login.log_replicas).await?;
        let ledger =
            open_ledger(folder.paths(), &region, false, Releases::Elsewhere, keyring, Arc::clone(&log)).await?;
        process.add(run_ledger(log, ledger.clone()));
        process.add(admission::follow(ledger.clone(), cluster.membership.clone()));
        let link = NatsTelemetry::link(cluster.telemetry.clone(), region.clone()).await?;
        let (workers, running) = workers::start("repair", &region, &ledger, Some(link))?;
        process.add(running);
        let folders = Folders { own: folder.paths(), shards: &arguments.local_shards };
        process.add(start(options, (&endpoint, &region), &cluster, secrets, folders, ledger, &workers).await?);
        Ok(())
    };
    Process::run(console, stop, start).await?;
    Ok(Verdict::Well)
}

/// Adds the workers, with connections of their own to the nodes: what they carry holds up no client.
pub(super) async fn start(
    options: repair::Options,
    (endpoint, region): (&NatsEndpoint, &RegionName),
    cluster: &Cluster,
    secrets: PieceSecrets,
    folders: Folders<'_>,
    ledger: Ledger,
    workers: &Workers,
) -> anyhow::Result<Running> {
    let mut clients = Vec::with_capacity(DATA_CONNECTIONS);
    for number in 1..=DATA_CONNECTIONS {
        clients.push(endpoint.connect(&format!("repair data {number}")).await?);
    }
    let membership = cluster.membership.clone();
    let transport = NatsTransport::new(clients, region.clone(), membership.clone())?;
    let (sender, incidents) = mpsc::channel(HINTS_MAX);
    let store = ShardStore::new(AnyTransport::new(transport), membership, folders.short_circuit()?, secrets, sender);
    let (sender, damaged) = mpsc::channel(HINTS_MAX);
    workers.add(Repair::new(options.clone(), ledger.clone(), store.clone()))?;
    workers.add(Scan::new(options, ledger, store, Hints { incidents, damaged }))?;
    let heard = cluster.telemetry.subscribe(damages_subject(region)).await;
    let heard = heard.context("cannot subscribe to what nodes find damaged")?;
    Ok(hear(region.clone(), heard, sender))
}

/// Hands on what nodes say of their shards. A node speaks for itself alone: the server lets it publish on its subject only.
fn hear(region: RegionName, mut heard: async_nats::Subscriber, damaged: mpsc::Sender<DamagedShard>) -> Running {
    Running::droppable("damage", async move {
        while let Some(message) = heard.next().await {
            let Ok(found) = serde_json::from_slice::<DamageFound>(&message.payload) else { continue };
            if message.subject.as_str() != damage_subject(&region, &found.node) {
                continue;
            }
            // If too many wait, the scan finds it.
            let _dropped = damaged.try_send(DamagedShard { node: found.node, shard: found.shard });
        }
        Ok(())
    })
}
