//! A gateway until the process is asked to stop, and in `dev` the nodes and the nats-server beside it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use domain::lifecycle::Day;
use eventlog::JetStreamLog;
use eventlog::server::{Server, ServerState};
use events::ids::{NodeId, RegionName};
use identity::{MasterKey, Sealer};
use ledger::Ledger;
use listener::{Limits, Listener};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::author_key;
use crate::banner::Banner;
use crate::cli::S3Args;
use crate::console::{self, Console, GatewayView, Hosts, Subject};
use crate::credentials::RootCredentials;
use crate::folder::DataFolder;
use crate::listen;
use crate::nats::NatsEndpoint;
use crate::roles::{
    Admission, Cluster, Folders, GatewayRole, Keys, LifecycleRole, NODES_MIN, Releases, RunningNode, close_ledger,
    ledger_failed, node_names, open_ledger, open_log, start_server, stop_server, upgrade_region,
};
use crate::run_file::{RunFile, WrittenRunFile};
use crate::signals::Stop;
use crate::tls::{self, Tls};

/// How long the nodes of this process may take to be heard.
const OWN_NODES_TIME_MAX: Duration = Duration::from_secs(10);

/// How long nodes elsewhere may take to answer the roll call.
const OTHER_NODES_TIME_MAX: Duration = Duration::from_secs(2);

/// Both addresses, taken.
pub(super) struct Doors {
    pub(super) s3: TcpListener,
    pub(super) console: TcpListener,
}

impl Doors {
    pub(super) async fn open(arguments: &S3Args) -> anyhow::Result<Self> {
        let s3 = listen::bind(arguments.listen, "the S3 endpoint", "--listen").await?;
        let console = listen::bind(arguments.console, "the console", "--console").await?;
        Ok(Self { s3, console })
    }
}

/// What is to run.
pub(super) struct Plan {
    pub(super) folder: DataFolder,
    pub(super) region: RegionName,
    pub(super) s3: S3Args,
    /// Where the certificate is from; else no TLS is spoken.
    pub(super) tls: Option<tls::Source>,
    pub(super) credentials: RootCredentials,
    pub(super) master_key: MasterKey,
    /// A server of the user's own; else a private one is started.
    pub(super) external: Option<NatsEndpoint>,
    pub(super) log_replicas: u8,
    /// Nodes in this process.
    pub(super) nodes: u16,
    /// Folders of nodes in other processes of this host that the gateway may read itself.
    pub(super) local_shards: Vec<PathBuf>,
    /// How long a day is to the rules that are followed in this process, if any are.
    pub(super) lifecycle_day: Option<Day>,
}

impl Plan {
    fn node_folder(&self, name: &NodeId) -> PathBuf {
        self.folder.paths().nodes().join(name.as_str())
    }

    /// Folders of nodes that the gateway may read itself: those of this process's own nodes need no naming. One that
    /// could not be made has no node.
    fn local_shards(&self) -> anyhow::Result<Vec<PathBuf>> {
        let own =
            node_names(self.nodes)?.into_iter().map(|name| self.node_folder(&name)).filter(|folder| folder.is_dir());
        Ok(self.local_shards.iter().cloned().chain(own).collect())
    }
}

/// Runs a plan until it is asked to stop or cannot go on, and leaves nothing behind.
pub(super) async fn serve(plan: Plan, doors: Doors, stop: Stop) -> anyhow::Result<()> {
    let (s3, console, place) = open(&plan, doors)?;
    let names = plan.s3.console_hosts.console_host.iter().chain(&plan.s3.domain);
    let hosts = Hosts::new(place.console.ip(), names);
    let console = Console::start(console, hosts, Some(plan.credentials.clone()))?;
    let mut parts = Parts::default();
    let outcome = tokio::select! {
        biased;
        () = stop.requested() => Ok(()),
        error = run(&plan, s3, &place, &console, &mut parts) => Err(error),
    };
    console.stopping();
    parts.stop().await;
    console.stop().await;
    if outcome.is_ok() {
        tracing::info!("stopped");
    }
    outcome
}

/// Where this process is reached, and what it shows there.
struct Place {
    s3: SocketAddr,
    console: SocketAddr,
    tls: Option<Tls>,
}

/// Makes listeners of the sockets.
fn open(plan: &Plan, doors: Doors) -> anyhow::Result<(Listener, Listener, Place)> {
    let (s3, console) = (listen::address(&doors.s3)?, listen::address(&doors.console)?);
    let tls = match &plan.tls {
        Some(source) => Some(Tls::start(source, plan.folder.paths(), &[s3, console], &plan.s3.domain)?),
        None => None,
    };
    let limits = Limits { stall_time_max: Duration::from_secs(plan.s3.stall_seconds.into()), ..gateway::LIMITS };
    let listeners = [("s3", doors.s3, limits), ("console", doors.console, console::LIMITS)];
    let [s3_listener, console_listener] = listeners.map(|(name, socket, limits)| {
        let listener = Listener::new(name, socket, limits);
        match &tls {
            Some(tls) => listener.with_tls(&tls.certificates),
            None => listener,
        }
    });
    Ok((s3_listener, console_listener, Place { s3, console, tls }))
}

/// What was started so far, for stopping it in the reverse order.
#[derive(Default)]
struct Parts {
    server: Option<Server>,
    cluster: Option<Cluster>,
    admission: Option<Admission>,
    nodes: Vec<RunningNode>,
    ledger: Option<Ledger>,
    gateway: Option<GatewayRole>,
    lifecycle: Option<LifecycleRole>,
    run_file: Option<WrittenRunFile>,
}

impl Parts {
    async fn stop(mut self) {
        self.run_file = None;
        self.lifecycle = None;
        self.admission = None;
        if let Some(gateway) = self.gateway {
            gateway.stop().await;
        }
        let nodes: Vec<_> = self.nodes.into_iter().map(|node| tokio::spawn(node.stop())).collect();
        for node in nodes {
            if let Err(error) = node.await {
                tracing::warn!(%error, "stopping a node");
            }
        }
        if let Some(ledger) = &self.ledger {
            close_ledger(ledger).await;
        }
        drop(self.cluster);
        stop_server(self.server).await;
    }
}

/// Starts everything and waits for the first thing that ends without being asked to.
async fn run(plan: &Plan, s3: Listener, place: &Place, console: &Console, parts: &mut Parts) -> anyhow::Error {
    match Box::pin(start(plan, s3, place, console, parts)).await {
        Ok(()) => broken(parts).await,
        Err(error) => error,
    }
}

async fn start(plan: &Plan, s3: Listener, place: &Place, console: &Console, parts: &mut Parts) -> anyhow::Result<()> {
    let endpoint = if let Some(endpoint) = &plan.external {
        endpoint.clone()
    } else {
        let (server, endpoint) = start_server(&plan.folder).await?;
        parts.server = Some(server);
        endpoint
    };
    let cluster = parts.cluster.insert(Cluster::join(&endpoint, &plan.region).await?);
    let (ends, ended) = watch::channel(0);
    let (nodes, state) = tokio::join!(start_nodes(plan, &endpoint, &ends), open_state(plan, &endpoint));
    parts.nodes = nodes?;
    let (log, ledger) = state?;
    parts.ledger = Some(ledger.clone());
    let (members, control) = (cluster.membership.clone(), cluster.telemetry.clone());
    parts.admission = Some(Admission::start(plan.region.clone(), ledger.clone(), members, control));
    let (expected, time) = match plan.nodes {
        0 => (NODES_MIN, OTHER_NODES_TIME_MAX),
        own => (usize::from(own), OWN_NODES_TIME_MAX),
    };
    cluster.wait_online(expected, ended, time).await;

    let sealer = Arc::new(Sealer::new(&plan.master_key)?);
    let (root, proxies) = (&plan.credentials, plan.s3.limits.rate_limits().trusted_proxies);
    let trust = console::Trust { root, master: &plan.master_key, sealer: Arc::clone(&sealer), proxies };
    let admin = console::admin(&plan.region, trust, ledger.clone()).await?;
    let keys = Keys { root, sealer };
    let shards = plan.local_shards()?;
    let (state, folders) = ((ledger.clone(), &*cluster), Folders { own: plan.folder.paths(), shards: &shards });
    let role = GatewayRole::start(&plan.s3, &plan.region, keys, &endpoint, state, folders, s3).await?;
    console.show(Subject::Gateway(Box::new(GatewayView {
        region: plan.region.clone(),
        log,
        ledger: ledger.clone(),
        membership: cluster.membership.clone(),
        telemetry: cluster.telemetry.clone(),
        gateway: role.gateway.clone(),
        health: role.health(),
        settling: role.settling.clone(),
        admin_routes: gateway::admin_routes(&admin),
        admin,
        server: parts.server.as_ref().map(Server::state),
    })));
    parts.gateway = Some(role);
    parts.lifecycle = plan.lifecycle_day.map(|day| LifecycleRole::start(day, ledger));
    parts.run_file = Some(announce(plan, place)?);
    Ok(())
}

/// Says where everything is, to programs and to people.
fn announce(plan: &Plan, place: &Place) -> anyhow::Result<WrittenRunFile> {
    let (s3, console, tls) = (place.s3, place.console, place.tls.as_ref());
    let certificate = tls.map(|tls| tls.certificate.clone());
    let version = env!("CARGO_PKG_VERSION").into();
    let run = RunFile { pid: std::process::id(), version, s3, console, tls: certificate };
    let written = run.write(plan.folder.paths().run_file())?;
    let banner = Banner { s3, console, tls, region: &plan.region, credentials: &plan.credentials };
    print!("{banner}");
    std::io::Write::flush(&mut std::io::stdout()).context("cannot write to stdout")?;
    Ok(written)
}

/// Starts this process's nodes. One that cannot start is like one that is lost: the others go on.
async fn start_nodes(
    plan: &Plan,
    endpoint: &NatsEndpoint,
    ends: &watch::Sender<usize>,
) -> anyhow::Result<Vec<RunningNode>> {
    let mut running = Vec::new();
    for name in node_names(plan.nodes)? {
        let folder = plan.node_folder(&name);
        let zone = name.to_string();
        let config = node::Config::new(plan.region.clone(), name, zone, folder);
        running.push(RunningNode::start(config, endpoint, ends.clone()).await?);
    }
    Ok(running)
}

async fn open_state(plan: &Plan, endpoint: &NatsEndpoint) -> anyhow::Result<(Arc<JetStreamLog>, Ledger)> {
    let log = open_log(endpoint, "gateway log", &plan.region, plan.log_replicas).await?;
    let sole_writer = plan.external.is_none();
    let (paths, keyring) = (plan.folder.paths(), author_key::of_gateway(&plan.master_key));
    let ledger = open_ledger(paths, &plan.region, sole_writer, Releases::Here, keyring, Arc::clone(&log)).await;
    let ledger = ledger.context("the ledger")?;
    // Whoever is alone, or first, asks nobody which facts may be written. Others wait for an operator to say so.
    if sole_writer || ledger.progress().borrow().cursor.sequence == 0 {
        upgrade_region(&ledger, &plan.region).await;
    }
    Ok((log, ledger))
}

/// Waits for something without which the process is of no use.
async fn broken(parts: &mut Parts) -> anyhow::Error {
    let server = parts.server.as_ref().map(Server::state);
    let progress = parts.ledger.as_ref().map(Ledger::progress);
    let gateway = async {
        match &mut parts.gateway {
            Some(gateway) => gateway.ended().await,
            None => std::future::pending().await,
        }
    };
    let lifecycle = async {
        match &mut parts.lifecycle {
            Some(lifecycle) => lifecycle.ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        error = gateway => error,
        error = lifecycle => error,
        reason = server_failed(server) => anyhow!("nats-server cannot be kept alive: {reason}"),
        error = failed(progress) => error,
    }
}

async fn server_failed(state: Option<watch::Receiver<ServerState>>) -> String {
    let Some(mut state) = state else { return std::future::pending().await };
    let failed = state.wait_for(|state| matches!(state, ServerState::Failed { .. })).await;
    match failed.as_deref() {
        Ok(ServerState::Failed { reason }) => reason.clone(),
        _ => "its supervisor has ended".into(),
    }
}

async fn failed(progress: Option<watch::Receiver<ledger::Progress>>) -> anyhow::Error {
    match progress {
        Some(progress) => ledger_failed(progress).await,
        None => std::future::pending().await,
    }
}
