//! The role that sends versions of buckets to other regions.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use events::Author;
use events::ids::RegionName;
use identity::{PieceSecrets, Sealers};
use ledger::Ledger;
use replicate::Replicator;
use shards::{AnyTransport, NatsTransport, ShardStore};
use tokio::sync::mpsc;
use worker::Workers;

use super::gateway::{Cluster, Folders};
use super::service::{Service, ServiceArgs};
use crate::commands::Verdict;
use crate::nats::NatsEndpoint;
use crate::process::{Process, Running};
use crate::signals::Stop;
use crate::sources::sources;
use crate::{master_key, trust};

/// Damaged and missing shards that may wait to be looked at. The scan of repair finds what is dropped.
const INCIDENTS_MAX: usize = 64;

#[derive(Debug, Args)]
pub(crate) struct ReplicatorArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    #[command(flatten)]
    pub(crate) links: LinkArgs,
    /// Data folder of storage nodes on this host, whose shards are read directly; repeatable, separated by colons in the
    /// variable. Without it, all bytes come over NATS
    #[arg(long, env = "PLANETSTORE_LOCAL_SHARDS", value_delimiter = ':', value_name = "DIR")]
    pub(crate) local_shards: Vec<PathBuf>,
}

/// How other regions are reached.
#[derive(Debug, Clone, Args)]
pub(crate) struct LinkArgs {
    /// PEM file of certificate authorities to trust for links to other regions, besides those that the system trusts
    #[arg(long, env = "PLANETSTORE_LINK_CA", value_name = "FILE")]
    pub(crate) link_ca: Option<PathBuf>,
}

/// `planetstore run replicator`: replicates with a ledger of its own, against NATS servers elsewhere. It needs the master
/// keys, which open the keys of links and of encrypted objects.
pub(crate) async fn run(arguments: ReplicatorArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    let service = Service::open("replicator", Author::Maintenance, &arguments.service)?;
    let file = service.folder.paths().master_key();
    let master_keys = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let keys = Arc::new(Sealers::new(&master_keys)?);
    let begin = async |process: &mut Process| {
        let (cluster, ledger, workers) = service.join(process).await?;
        let folders = Folders { own: service.folder.paths(), shards: &arguments.local_shards };
        let keys = (Arc::clone(&keys), master_key::piece_secrets(master_keys.iter()));
        let at = (&service.endpoint, &service.region);
        process.add(start(&arguments.links, at, &cluster, keys, folders, ledger, &workers).await?);
        tracing::info!("replicating to other regions");
        Ok(())
    };
    service.run(&arguments.service, stop, begin).await?;
    Ok(Verdict::Well)
}

/// Adds the worker, with a connection of its own to the nodes: what it carries holds up no client.
pub(super) async fn start(
    links: &LinkArgs,
    (endpoint, region): (&NatsEndpoint, &RegionName),
    cluster: &Cluster,
    (keys, secrets): (Arc<Sealers>, PieceSecrets),
    folders: Folders<'_>,
    ledger: Ledger,
    workers: &Workers,
) -> anyhow::Result<Running> {
    let clients = vec![endpoint.connect("replication data").await?];
    let membership = cluster.membership.clone();
    let transport = NatsTransport::new(clients, region.clone(), membership.clone())?;
    let transport = transport.with_own_nodes(cluster.own_nodes.clone());
    let (sender, mut incidents) = mpsc::channel(INCIDENTS_MAX);
    let store = ShardStore::new(AnyTransport::new(transport), membership, folders.short_circuit()?, secrets, sender);
    let options = replicate::Options {
        region: region.clone(),
        tls: trust::everybody(links.link_ca.as_deref())?,
        keys,
        store,
        sources: sources(),
        random: |bytes| getrandom::fill(bytes).is_ok(),
    };
    workers.add(Replicator::new(options, ledger))?;
    // The nodes' own checks and the scan of repair find the same.
    Ok(Running::droppable("replication incidents", async move {
        while incidents.recv().await.is_some() {}
        std::future::pending().await
    }))
}
