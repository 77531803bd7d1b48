//! The role that brings every content back to all its shards.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Args;
use events::Author;
use events::ids::RegionName;
use futures_util::StreamExt;
use identity::PieceSecrets;
use ledger::Ledger;
use repair::{DamagedShard, Hints, Rebalance, Repair, Scan};
use shards::telemetry::{DamageFound, damage_subject, damages_subject};
use shards::{AnyTransport, NatsTransport, ShardStore};
use tokio::sync::mpsc;
use worker::Workers;

use super::gateway::{Cluster, Folders};
use super::service::{Service, ServiceArgs};
use crate::commands::Verdict;
use crate::nats::NatsEndpoint;
use crate::piece_secrets;
use crate::process::{Process, Running};
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
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) times: RepairTimeArgs,
    /// Data folder of storage nodes on this host, whose shards are read directly; repeatable, separated by colons in the
    /// variable. Without it, all bytes come over NATS
    #[arg(long, env = "PLANETSTORE_LOCAL_SHARDS", value_delimiter = ':', value_name = "DIR")]
    pub(crate) local_shards: Vec<PathBuf>,
}

/// When repair begins, and how often the nodes are looked through.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RepairTimeArgs {
    /// Time after which the shards of an offline storage node are written to other nodes
    #[arg(long, env = "PLANETSTORE_REPAIR_AFTER", default_value = "10m", value_name = "TIME")]
    pub(crate) repair_after: TimeSpan,
    /// Time between two comparisons of all shards on the nodes with the log
    #[arg(long, env = "PLANETSTORE_SCAN_INTERVAL", default_value = "1d", value_name = "TIME")]
    pub(crate) scan_interval: TimeSpan,
}

impl RepairTimeArgs {
    /// The options of the workers.
    pub(crate) fn options(self) -> anyhow::Result<repair::Options> {
        let (repair_after, scan_interval) = (self.repair_after.0, self.scan_interval.0);
        ensure!(scan_interval >= Duration::from_secs(1), "--scan-interval must be at least 1s");
        Ok(repair::Options { repair_after, scan_interval, sources: sources() })
    }
}

/// `planetstore run repair`: keeps all contents whole, with a ledger of its own, against NATS servers elsewhere.
pub(crate) async fn run(arguments: RepairArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let service = Service::open("repair", Author::Maintenance, &arguments.service)?;
    let secrets = piece_secrets::find(service.folder.paths(), &service.keyring)?;
    let options = arguments.times.options()?;
    let begin = async |process: &mut Process| {
        let (cluster, ledger, workers) = service.join(process).await?;
        let folders = Folders { own: service.folder.paths(), shards: &arguments.local_shards };
        let at = (&service.endpoint, &service.region);
        process.add(start(options, at, &cluster, secrets, folders, ledger, &workers).await?);
        Ok(())
    };
    service.run(&arguments.service, stop, begin).await?;
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
    let transport = transport.with_own_nodes(cluster.own_nodes.clone());
    let (sender, incidents) = mpsc::channel(HINTS_MAX);
    let store = ShardStore::new(AnyTransport::new(transport), membership, folders.short_circuit()?, secrets, sender);
    let (sender, damaged) = mpsc::channel(HINTS_MAX);
    let repair = Repair::new(options.clone(), ledger.clone(), store.clone());
    let counted = repair.counted();
    workers.add(repair)?;
    workers.add(Rebalance::new(options.clone(), ledger.clone(), store.clone(), counted))?;
    workers.add(Scan::new(options, ledger, store, Hints { incidents, damaged }))?;
    let heard = cluster.telemetry.subscribe(damages_subject(region)).await;
    let heard = heard.context("cannot subscribe to reports of damage")?;
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
