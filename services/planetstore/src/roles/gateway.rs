//! The gateway: its connections to the nodes, and S3 on its address.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use events::ids::RegionName;
use gateway::{Gateway, Options};
use health::Keeper;
use identity::{PieceSecrets, Sealers};
use ledger::Ledger;
use listener::Listener;
use shards::{Membership, NatsTransport, PendingWrites, ShardStore, ShortCircuit};
use tokio::sync::{mpsc, oneshot, watch};

use crate::cli::{GatewayArgs, S3Args};
use crate::commands::Verdict;
use crate::credentials::{FILE_ENV, PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::folder::{DataFolder, Paths};
use crate::nats::NatsEndpoint;
use crate::process::{Check, Running, Shutdown, raise_open_files};
use crate::signals::Stop;
use crate::sources::sources;
use crate::{master_key, meters, tls};

/// Nodes that must be online for a write, and so for being ready.
pub(crate) const NODES_MIN: usize = 3;

/// Connections that carry shards. One is read and written by one task, which a core's worth of bytes fills.
const DATA_CONNECTIONS: usize = 2;

/// Incidents that may wait to be noted; further ones are counted and dropped.
const INCIDENTS_WAITING_MAX: usize = 1_024;

/// How long requests under way are waited for, above their own bound.
const DRAIN_TIME_MAX: Duration = Duration::from_mins(1);

/// How long the end of all of it is waited for.
const STOP_TIME_MAX: Duration = Duration::from_secs(75);

/// `planetstore run gateway`: runs a gateway against NATS servers and nodes elsewhere. It makes no credentials: several
/// gateways must have the same.
pub(crate) async fn run(arguments: GatewayArgs) -> anyhow::Result<Verdict> {
    let stop = Stop::listen()?;
    raise_open_files();
    let endpoint = NatsEndpoint::external(&arguments.nats_url, &arguments.nats_login.access)?;
    let tls = tls::Source::find(&arguments.tls, false)?;
    let folder = DataFolder::create(&arguments.data.data)?;
    let file = folder.paths().credentials();
    let credentials = RootCredentials::find(&file)?.with_context(|| {
        format!(
            "there are no root credentials: set {USER_ENV} and {PASSWORD_ENV}, or {FILE_ENV} to the path of a file \
             with both, or put both into {}",
            file.display()
        )
    })?;
    let file = folder.paths().master_key();
    let master_keys = master_key::find(&file)?.ok_or_else(|| master_key::missing(&file))?;
    let doors = super::Doors::open(&arguments.s3).await?;
    let region = folder.settle_region(arguments.region)?;
    let log_replicas = arguments.nats_login.log_replicas;
    let external = Some(endpoint);
    let plan = super::Plan {
        folder,
        region,
        s3: arguments.s3,
        tls,
        credentials,
        master_keys,
        external,
        log_replicas,
        nodes: 0,
        local_shards: arguments.local_shards,
        lifecycle_day: None,
        integration: None,
    };
    super::serve(plan, doors, stop).await?;
    Ok(Verdict::Well)
}

/// Who is there: heartbeats, on a connection that no shards can hold up.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) membership: Membership,
    pub(super) telemetry: async_nats::Client,
}

impl Cluster {
    /// Begins to listen, after a roll call.
    pub(super) async fn join(endpoint: &NatsEndpoint, region: &RegionName) -> anyhow::Result<(Self, Running)> {
        let telemetry = endpoint.connect("gateway telemetry").await?;
        let membership = Membership::guarded();
        let follower = shards::follow_nodes(telemetry.clone(), region.clone(), membership.clone()).await;
        let follower = follower.context("cannot subscribe to the nodes")?;
        let running = Running::start("membership", STOP_TIME_MAX, async move |shutdown| {
            shutdown.requested().await;
            follower.abort();
            Ok(())
        });
        let cluster = Self { membership, telemetry };
        let running = running.checked(cluster.clone());
        Ok((cluster, running))
    }

    /// Waits until so many nodes are online, refused or have ended, for a time, and says if not all are online.
    pub(super) async fn wait_online(&self, nodes: usize, mut ends: watch::Receiver<usize>, time: Duration) {
        let mut changes = self.membership.changes();
        let online = || self.membership.candidates().len();
        let settled = async {
            while self.membership.settled() + *ends.borrow_and_update() < nodes {
                let changed = tokio::select! {
                    changed = changes.changed() => changed.is_ok(),
                    ended = ends.changed() => ended.is_ok(),
                };
                if !changed {
                    break;
                }
            }
        };
        // Whether it took too long or a node ended: what counts is how many there are.
        let _settled = tokio::time::timeout(time, settled).await;
        if online() < nodes {
            tracing::warn!(online = online(), expected = nodes, "continuing without all nodes");
        }
    }
}

impl Check for Cluster {
    fn missing(&self) -> Vec<String> {
        let online = self.membership.candidates().len();
        if online < NODES_MIN {
            return vec![format!("nodes: {online} online; writes need {NODES_MIN}")];
        }
        Vec::new()
    }

    fn observe(&self) {
        meters::observe_nodes(&self.membership.nodes());
    }
}

/// What a gateway knows callers and pieces by.
pub(super) struct Keys<'a> {
    pub(super) root: &'a RootCredentials,
    pub(super) sealers: Arc<Sealers>,
    pub(super) pieces: PieceSecrets,
}

/// Where a gateway finds what.
pub(super) struct Folders<'a> {
    /// What is its own.
    pub(super) own: &'a Paths,
    /// Folders of storage nodes on this host that it may read itself.
    pub(super) shards: &'a [PathBuf],
}

impl Folders<'_> {
    fn short_circuit(&self) -> anyhow::Result<Option<ShortCircuit>> {
        if self.shards.is_empty() {
            return Ok(None);
        }
        match shards::host::boot_id() {
            Ok(host) => Ok(Some(ShortCircuit::new(host, self.shards).context("a folder of --local-shards")?)),
            Err(error) => {
                tracing::warn!(%error, "no boot id: nodes of this host are read over NATS");
                Ok(None)
            }
        }
    }
}

/// A gateway that serves, as the console shows it.
pub(super) struct Serving {
    pub(super) gateway: Gateway,
    pub(super) pending_writes: PendingWrites,
    /// What is known of what it acked.
    pub(super) health: watch::Receiver<health::Figures>,
}

/// Begins to serve S3. What does not fit in memory goes to its folder meanwhile.
pub(super) async fn start(
    s3: &S3Args,
    region: &RegionName,
    keys: Keys<'_>,
    endpoint: &NatsEndpoint,
    (ledger, cluster): (Ledger, &Cluster),
    folders: Folders<'_>,
    listener: Listener,
) -> anyhow::Result<(Serving, Running)> {
    let mut clients = Vec::with_capacity(DATA_CONNECTIONS);
    for number in 1..=DATA_CONNECTIONS {
        clients.push(endpoint.connect(&format!("gateway data {number}")).await?);
    }
    let transport = NatsTransport::new(clients, region.clone(), cluster.membership.clone())?;
    let (incidents, found) = mpsc::channel(INCIDENTS_WAITING_MAX);
    let (membership, short) = (cluster.membership.clone(), folders.short_circuit()?);
    let store = ShardStore::new(transport, membership, short, keys.pieces, incidents);
    let pending_writes = store.pending_writes().clone();
    let keeper = Keeper::start(folders.own.settled(), ledger.clone(), store.clone(), found);
    let options = Options {
        region: region.clone(),
        domains: s3.domain.clone(),
        credentials: gateway::Credentials {
            access_key: keys.root.user.clone(),
            secret_key: keys.root.password.clone(),
        },
        sealers: keys.sealers,
        default_ownership: s3.default_object_ownership.into(),
        limits: s3.limits.rate_limits(),
        cache_bytes: s3.cache_bytes.0,
        spill: Some(folders.own.folder().to_owned()),
        sources: sources(),
        random: |bytes| getrandom::fill(bytes).is_ok(),
    };
    let gateway = Gateway::new(options, ledger, store);
    let serving = Serving { gateway: gateway.clone(), pending_writes, health: keeper.figures() };
    let running = Running::start("gateway", STOP_TIME_MAX, move |shutdown| serve(gateway, listener, keeper, shutdown));
    Ok((serving, running))
}

/// Serves until it is asked to stop; then it takes no more connections, and waits for the requests under way.
async fn serve(gateway: Gateway, listener: Listener, mut keeper: Keeper, shutdown: Shutdown) -> anyhow::Result<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    let requested = async {
        // Dropping the other end is the wish to stop.
        let _stopped = stopped.await;
    };
    let served = gateway::serve(gateway, listener, requested);
    tokio::pin!(served);
    let outcome = tokio::select! {
        () = shutdown.requested() => Ok(()),
        () = &mut served => return Err(anyhow::anyhow!("the gateway has ended")),
        reason = keeper.ended() => Err(anyhow::anyhow!("owed shards are no longer recorded: {reason}")),
    };
    drop(stop);
    if tokio::time::timeout(DRAIN_TIME_MAX, served).await.is_err() {
        tracing::warn!("disconnected requests that took too long to end");
    }
    keeper.stop().await;
    outcome
}
