//! The gateway: its connections to the nodes, and S3 on its address.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use events::ids::RegionName;
use gateway::{Gateway, Options};
use health::Keeper;
use identity::Sealer;
use ledger::Ledger;
use listener::Listener;
use shards::{Membership, NatsTransport, Settling, ShardStore, ShortCircuit};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use crate::cli::S3Args;
use crate::credentials::RootCredentials;
use crate::folder::Paths;
use crate::nats::NatsEndpoint;
use crate::sources::sources;

/// Nodes that must be online for a write, and so for being ready.
pub(crate) const NODES_MIN: usize = 3;

/// Connections that carry shards. One is read and written by one task, which a core's worth of bytes fills.
const DATA_CONNECTIONS: usize = 2;

/// Incidents that may wait to be noted; further ones are counted and dropped.
const INCIDENTS_WAITING_MAX: usize = 1_024;

/// How long the end of the gateway is waited for, above its own bound on requests under way.
const GATEWAY_STOP_TIME_MAX: Duration = Duration::from_mins(1);

/// Who is there: heartbeats, on a connection that no shards can hold up.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) membership: Membership,
    pub(crate) telemetry: async_nats::Client,
    follower: JoinHandle<()>,
}

impl Cluster {
    /// Begins to listen, after a roll call.
    pub(crate) async fn join(endpoint: &NatsEndpoint, region: &RegionName) -> anyhow::Result<Self> {
        let telemetry = endpoint.connect("gateway telemetry").await?;
        let membership = Membership::guarded();
        let follower = shards::follow_nodes(telemetry.clone(), region.clone(), membership.clone()).await;
        Ok(Self { membership, telemetry, follower: follower.context("the nodes cannot be listened to")? })
    }

    /// Waits until so many nodes are online, refused or have ended, for a time, and says if not all are online.
    pub(crate) async fn wait_online(&self, nodes: usize, mut ends: watch::Receiver<usize>, time: Duration) {
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
            tracing::warn!(online = online(), expected = nodes, "going on without all nodes");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// What a gateway knows callers by.
pub(crate) struct Keys<'a> {
    pub(crate) root: &'a RootCredentials,
    pub(crate) sealer: Arc<Sealer>,
}

/// Where a gateway finds what.
pub(crate) struct Folders<'a> {
    /// What is its own.
    pub(crate) own: &'a Paths,
    /// Folders of storage nodes on this host that it may read itself.
    pub(crate) shards: &'a [PathBuf],
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

/// A gateway that serves.
pub(crate) struct GatewayRole {
    pub(crate) gateway: Gateway,
    pub(crate) settling: Settling,
    keeper: Keeper,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl GatewayRole {
    /// Begins to serve S3. What does not fit in memory goes to its folder meanwhile.
    pub(crate) async fn start(
        s3: &S3Args,
        region: &RegionName,
        keys: Keys<'_>,
        endpoint: &NatsEndpoint,
        (ledger, cluster): (Ledger, &Cluster),
        folders: Folders<'_>,
        listener: Listener,
    ) -> anyhow::Result<Self> {
        let mut clients = Vec::with_capacity(DATA_CONNECTIONS);
        for number in 1..=DATA_CONNECTIONS {
            clients.push(endpoint.connect(&format!("gateway data {number}")).await?);
        }
        let transport = NatsTransport::new(clients, region.clone(), cluster.membership.clone())?;
        let (incidents, found) = mpsc::channel(INCIDENTS_WAITING_MAX);
        let store = ShardStore::new(transport, cluster.membership.clone(), folders.short_circuit()?, incidents);
        let settling = store.settling().clone();
        let keeper = Keeper::start(folders.own.settled(), ledger.clone(), store.clone(), found);
        let options = Options {
            region: region.clone(),
            domains: s3.domain.clone(),
            credentials: gateway::Credentials {
                access_key: keys.root.user.clone(),
                secret_key: keys.root.password.clone(),
            },
            sealer: keys.sealer,
            default_ownership: s3.default_object_ownership.into(),
            limits: s3.limits.rate_limits(),
            cache_bytes: s3.cache_bytes.0,
            spill: Some(folders.own.folder().to_owned()),
            sources: sources(),
            random: |bytes| getrandom::fill(bytes).is_ok(),
        };
        let gateway = Gateway::new(options, ledger, store);
        let (stop, stopped) = oneshot::channel();
        let shutdown = async {
            // Dropping the other end is a wish to stop as well.
            let _stopped = stopped.await;
        };
        let served = tokio::spawn(gateway::serve(gateway.clone(), listener, shutdown));
        Ok(Self { gateway, settling, keeper, stop, served })
    }

    /// Waits until it ends without being asked to.
    pub(crate) async fn ended(&mut self) -> anyhow::Error {
        tokio::select! {
            served = &mut self.served => match served {
                Ok(()) => anyhow::anyhow!("the gateway has ended"),
                Err(error) => anyhow::Error::new(error).context("the gateway's task"),
            },
            reason = self.keeper.ended() => anyhow::anyhow!("nobody notes what is owed any more: {reason}"),
        }
    }

    /// What is known of what it acked.
    pub(crate) fn health(&self) -> watch::Receiver<health::Figures> {
        self.keeper.figures()
    }

    /// Takes no more connections, and waits for the requests under way.
    pub(crate) async fn stop(self) {
        // It may have ended already.
        let _told = self.stop.send(());
        let abort = self.served.abort_handle();
        if !abort.is_finished() && tokio::time::timeout(GATEWAY_STOP_TIME_MAX, self.served).await.is_err() {
            tracing::warn!("the gateway does not stop in time");
            abort.abort();
        }
        self.keeper.stop().await;
    }
}
