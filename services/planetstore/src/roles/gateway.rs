//! The gateway role: its connections to the nodes, and the S3 endpoint.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use accesslog::Recorder;
use admin::{Acked, CacheFigures, Check, Figures};
use anyhow::Context;
use clap::Args;
use events::ids::RegionName;
use events::user::Limits;
use gateway::{Gateway, Options, RateLimits};
use identity::{PieceSecrets, Sealers};
use ledger::Ledger;
use listener::{Listener, TrustedProxies};
use settle::Keeper;
use shards::{AnyTransport, Membership, NatsTransport, OwnNodes, PendingWrites, ShardStore, ShortCircuit};
use tokio::sync::{mpsc, oneshot, watch};

use crate::commands::Verdict;
use crate::credentials::{FILE_ENV, PASSWORD_ENV, RootCredentials, USER_ENV};
use crate::dedup::Scope;
use crate::folder::{DataArgs, DataFolder, Paths};
use crate::nats::{NatsEndpoint, NatsLoginArgs, NatsUrl};
use crate::ownership::DefaultOwnership;
use crate::process::{ConsoleAccessArgs, Running, Shutdown, raise_open_files};
use crate::signals::Stop;
use crate::sources::sources;
use crate::tls::TlsArgs;
use crate::units::ByteSize;
use crate::{master_key, tls};

#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
    #[command(flatten)]
    pub(crate) s3: S3Args,
    #[command(flatten)]
    pub(crate) tls: TlsArgs,
    /// Name of the region; stored in the data folder at the first start [default: `us-east-1`]
    #[arg(long, env = "PLANETSTORE_REGION", value_name = "NAME")]
    pub(crate) region: Option<RegionName>,
    /// URL of your NATS server, or of each server of its cluster, separated by commas
    #[arg(long, env = "PLANETSTORE_NATS_URL", value_name = "URL")]
    pub(crate) nats_url: NatsUrl,
    #[command(flatten)]
    pub(crate) nats_login: NatsLoginArgs,
    /// Data folder of storage nodes on this host, whose shards the gateway reads directly; repeatable, separated by
    /// colons in the variable. Without it, all bytes come over NATS
    #[arg(long, env = "PLANETSTORE_LOCAL_SHARDS", value_delimiter = ':', value_name = "DIR")]
    pub(crate) local_shards: Vec<PathBuf>,
}

/// The gateway's settings, in whichever process it runs.
#[derive(Debug, Args)]
pub(crate) struct S3Args {
    /// Address of the S3 endpoint
    #[arg(long, env = "PLANETSTORE_LISTEN", default_value = "127.0.0.1:9000", value_name = "ADDR")]
    pub(crate) listen: SocketAddr,
    /// Address of the console: health, metrics, status and the admin API
    #[arg(long, env = "PLANETSTORE_CONSOLE", default_value = "127.0.0.1:9001", value_name = "ADDR")]
    pub(crate) console: SocketAddr,
    #[command(flatten)]
    pub(crate) console_access: ConsoleAccessArgs,
    /// URL at which clients reach the S3 endpoint, for the lines to paste and the presigned URLs of the console
    /// [default: the host of the console, with the port of the S3 endpoint]
    #[arg(long, env = "PLANETSTORE_S3_URL", value_name = "URL", value_parser = endpoint_url)]
    pub(crate) s3_url: Option<String>,
    /// Domain for virtual-hosted buckets: the bucket is the label before it; repeatable
    #[arg(long, env = "PLANETSTORE_DOMAINS", default_value = "localhost", value_delimiter = ',', value_name = "NAME")]
    pub(crate) domain: Vec<String>,
    /// Memory for the cache of hot contents
    #[arg(long, env = "PLANETSTORE_CACHE_BYTES", default_value = "128MiB", value_name = "BYTES")]
    pub(crate) cache_bytes: ByteSize,
    /// Object ownership of buckets that are created without one
    #[arg(long, env = "PLANETSTORE_DEFAULT_OBJECT_OWNERSHIP", value_enum, value_name = "OWNERSHIP",
          default_value_t = DefaultOwnership::BucketOwnerEnforced)]
    pub(crate) default_object_ownership: DefaultOwnership,
    /// Scope of deduplication: the stored contents in which the bytes of an upload are looked up
    #[arg(long, env = "PLANETSTORE_DEDUP_SCOPE", value_enum, value_name = "SCOPE", default_value_t = Scope::Region)]
    pub(crate) dedup_scope: Scope,
    /// Maximum bytes of the records of refused requests, failed logins and reads of buckets for which reads are
    /// recorded; the oldest records are removed first. 0 records none
    #[arg(long, env = "PLANETSTORE_ACCESS_LOG_BYTES", default_value = "256MiB", value_name = "BYTES")]
    pub(crate) access_log_bytes: ByteSize,
    /// Days for which those records are kept
    #[arg(long, env = "PLANETSTORE_ACCESS_LOG_DAYS", default_value_t = 30, value_name = "DAYS",
          value_parser = clap::value_parser!(u16).range(1..=3_650))]
    pub(crate) access_log_days: u16,
    /// Record in each event the address that its request came from. Events are never deleted, and addresses are
    /// personal data
    #[arg(long, env = "PLANETSTORE_AUDIT_ADDRESSES")]
    pub(crate) audit_addresses: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// Seconds after which a client that does not read its response is disconnected
    #[arg(long, env = "PLANETSTORE_STALL_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub(crate) stall_seconds: u16,
}

/// A URL of a scheme and a host, with nothing behind it.
fn endpoint_url(text: &str) -> Result<String, String> {
    let wrong = || format!("{text:?} is not of the form http://HOST:PORT or https://HOST:PORT");
    let uri: http::Uri = text.parse().map_err(|_| wrong())?;
    let is_endpoint = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.host().is_some_and(|host| !host.is_empty())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none()
        && !text.contains('@');
    if is_endpoint { Ok(text.trim_end_matches('/').to_owned()) } else { Err(wrong()) }
}

/// The heading of the flags of [`LimitArgs`]. A heading for the whole struct would also apply to the flags after it.
const RATE_LIMITS: &str = "Rate limits";

/// Rate limits. A limit that is not given does not exist.
#[derive(Debug, Clone, Args)]
pub(crate) struct LimitArgs {
    /// Requests per second of all clients together
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) requests_per_second: Option<u32>,
    /// Bytes per second of all clients together, in and out; at least 64KiB
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) bytes_per_second: Option<ByteSize>,
    /// Requests per second of each user who has no limit of their own
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_USER_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) user_requests_per_second: Option<u32>,
    /// Bytes per second of each user who has no limit of their own; at least 64KiB
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_USER_BYTES_PER_SECOND", value_name = "BYTES")]
    pub(crate) user_bytes_per_second: Option<ByteSize>,
    /// Requests per second from each address, counted before authentication
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_ADDRESS_REQUESTS_PER_SECOND", value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) address_requests_per_second: Option<u32>,
    /// Failed authentications per second from each address that get a detailed response; further ones get none
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_ADDRESS_FAILURES_PER_SECOND", value_name = "N",
          default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) address_failures_per_second: u32,
    /// Proxies whose `X-Forwarded-For` is trusted: comma-separated addresses and networks
    #[arg(long, help_heading = RATE_LIMITS, env = "PLANETSTORE_TRUSTED_PROXIES", value_name = "LIST")]
    pub(crate) trusted_proxies: Option<TrustedProxies>,
}

impl LimitArgs {
    /// The limits in the gateway's form.
    pub(crate) fn rate_limits(&self) -> RateLimits {
        let limits = |requests_per_second, bytes: Option<ByteSize>| Limits {
            requests_per_second,
            bytes_per_second: bytes.map(|bytes| bytes.0),
        };
        RateLimits {
            total: limits(self.requests_per_second, self.bytes_per_second),
            per_user: limits(self.user_requests_per_second, self.user_bytes_per_second),
            requests_per_second_per_address: self.address_requests_per_second,
            failures_per_second_per_address: Some(self.address_failures_per_second),
            trusted_proxies: self.trusted_proxies.clone().unwrap_or_default(),
        }
    }
}

/// The number of online nodes that a write needs, and therefore readiness.
pub(crate) const NODES_MIN: usize = 3;

/// The number of connections that carry shards. Each is read and written by one task, which takes one core when busy.
const DATA_CONNECTIONS: usize = 2;

/// Incidents that may wait to be recorded; further ones are counted and dropped.
const INCIDENTS_WAITING_MAX: usize = 1_024;

/// How long to wait for requests in flight, beyond their own limit.
const DRAIN_TIME_MAX: Duration = Duration::from_mins(1);

/// How long to wait for the end of the whole role.
const STOP_TIME_MAX: Duration = Duration::from_secs(75);

/// `planetstore run gateway`: runs a gateway with external NATS servers and nodes. It generates no credentials, because
/// several gateways must have the same.
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
        repair: None,
        gc: None,
        notary: None,
        health: false,
        targets: None,
        links: None,
        integration: None,
        second_region: None,
    };
    super::serve(plan, doors, stop).await?;
    Ok(Verdict::Well)
}

/// The membership of nodes: heartbeats, on a connection that shards cannot delay.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) membership: Membership,
    pub(super) telemetry: async_nats::Client,
    /// The nodes that this process serves.
    pub(super) own_nodes: OwnNodes,
}

impl Cluster {
    /// Starts to listen, after a roll call.
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
        let cluster = Self { membership, telemetry, own_nodes: OwnNodes::default() };
        let running = running.checked(cluster.clone());
        Ok((cluster, running))
    }

    /// Waits until the given number of nodes are online, refused or have ended, for a limited time. Logs if not all are
    /// online.
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
        // The number of nodes decides, whether the time ran out or a node ended.
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
        admin::observe_nodes(&self.membership.nodes());
    }
}

/// The keys with which a gateway authenticates callers and tags pieces.
pub(super) struct Keys<'a> {
    pub(super) root: &'a RootCredentials,
    pub(super) sealers: Arc<Sealers>,
    pub(super) pieces: PieceSecrets,
    /// Where refused requests are recorded.
    pub(super) recorder: Option<Recorder>,
}

/// The folders that a gateway uses.
pub(super) struct Folders<'a> {
    /// Its own folder.
    pub(super) own: &'a Paths,
    /// Folders of storage nodes on this host that it may read directly.
    pub(super) shards: &'a [PathBuf],
}

impl Folders<'_> {
    pub(super) fn short_circuit(&self) -> anyhow::Result<Option<ShortCircuit>> {
        if self.shards.is_empty() {
            return Ok(None);
        }
        match shards::host::boot_id() {
            Ok(host) => Ok(Some(ShortCircuit::new(host, self.shards).context("a folder of --local-shards")?)),
            Err(error) => {
                tracing::warn!(%error, "the system has no boot id: nodes of this host are read over NATS");
                Ok(None)
            }
        }
    }
}

/// A serving gateway, as the console shows it.
pub(super) struct Serving {
    pub(super) gateway: Gateway,
    pub(super) store: ShardStore,
    pub(super) pending_writes: PendingWrites,
    /// The health of the contents that it acknowledged.
    pub(super) health: watch::Receiver<settle::Figures>,
}

impl Figures for Serving {
    fn cache(&self) -> CacheFigures {
        let gateway::CacheFigures { hits, misses, bytes, entries } = self.gateway.cache_figures();
        CacheFigures { hits, misses, bytes, entries }
    }

    fn acked(&self) -> Acked {
        let settle::Figures { settled_sequence, is_scanning } = *self.health.borrow();
        Acked { settling: self.pending_writes.count(), settled_sequence, is_scanning }
    }
}

/// Starts to serve S3. Bodies that do not fit in memory are written to its folder.
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
    let transport = AnyTransport::new(transport.with_own_nodes(cluster.own_nodes.clone()));
    let (incidents, found) = mpsc::channel(INCIDENTS_WAITING_MAX);
    let (membership, short) = (cluster.membership.clone(), folders.short_circuit()?);
    let store = ShardStore::new(transport, membership, short, keys.pieces, incidents);
    let pending_writes = store.pending_writes().clone();
    let keeper = Keeper::start(folders.own.settled(), ledger.clone(), store.clone(), found);
    let options = Options {
        region: region.clone(),
        domains: s3.domain.clone(),
        credentials: keys.root.credentials(),
        sealers: keys.sealers,
        default_ownership: s3.default_object_ownership.into(),
        dedup_scope: s3.dedup_scope.into(),
        limits: s3.limits.rate_limits(),
        records_addresses: s3.audit_addresses,
        recorder: keys.recorder,
        cache_bytes: s3.cache_bytes.0,
        spill: Some(folders.own.folder().to_owned()),
        sources: sources(),
        random: |bytes| getrandom::fill(bytes).is_ok(),
    };
    let gateway = Gateway::new(options, ledger, store.clone());
    let serving = Serving { gateway: gateway.clone(), store, pending_writes, health: keeper.figures() };
    let running = Running::start("gateway", STOP_TIME_MAX, move |shutdown| serve(gateway, listener, keeper, shutdown));
    Ok((serving, running))
}

/// Serves until it is asked to stop. Then it accepts no more connections, and waits for the requests in flight.
async fn serve(gateway: Gateway, listener: Listener, mut keeper: Keeper, shutdown: Shutdown) -> anyhow::Result<()> {
    let (stop, stopped) = oneshot::channel::<()>();
    let requested = async {
        // Dropping the other end is a request to stop.
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
