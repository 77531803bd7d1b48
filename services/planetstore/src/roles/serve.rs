//! Runs a gateway until the process is asked to stop, and in `dev` also the nodes and the nats-server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::admin::{Admin, Console, GatewayView, Hosts, Site, reseal};
use ::gateway::LIMITS;
use anyhow::Context;
use domain::lifecycle::Day;
use eventlog::JetStreamLog;
use events::ids::{NodeId, RegionName};
use identity::{MasterKeys, Sealers};
use ledger::Ledger;
use listener::{Limits, Listener};
use shards::NodeControl;
use tokio::net::TcpListener;
use tokio::sync::watch;
use worker::{NatsTelemetry, Workers};

use super::admin::{self, Trust};
use super::gateway::{Cluster, Folders, Keys, NODES_MIN, S3Args};
use super::log::{Releases, Writers, open_ledger, open_log, run_ledger, upgrade_region};
use super::node::node_names;
use super::second_region::SecondRegion;
use super::server::{run_server, start_server};
use super::{
    access_log, admission, consumers, gateway, gc, health, lifecycle, linked, notary, notify, repair, replicator,
    second_region, telling, workers,
};
use crate::banner::Banner;
use crate::credentials::RootCredentials;
use crate::folder::DataFolder;
use crate::nats::NatsEndpoint;
use crate::process::{Process, Running};
use crate::run_file::RunFile;
use crate::signals::Stop;
use crate::sources::sources;
use crate::tls::{self, Tls};
use crate::{author_key, listen, master_key};

/// How long to wait for the nodes of this process. They scan their disks first, and a gateway that does not wait cannot
/// read the shards there.
const OWN_NODES_TIME_MAX: Duration = Duration::from_secs(30);

/// How long external nodes may take to answer the roll call.
const OTHER_NODES_TIME_MAX: Duration = Duration::from_secs(2);

/// The two bound addresses.
pub(crate) struct Doors {
    pub(crate) s3: TcpListener,
    pub(crate) console: TcpListener,
}

impl Doors {
    pub(crate) async fn open(arguments: &S3Args) -> anyhow::Result<Self> {
        let s3 = listen::bind(arguments.listen, "the S3 endpoint", "--listen").await?;
        let console = listen::bind(arguments.console, "the console", "--console").await?;
        Ok(Self { s3, console })
    }
}

/// The configuration of what to run.
pub(crate) struct Plan {
    pub(crate) folder: DataFolder,
    pub(crate) region: RegionName,
    pub(crate) s3: S3Args,
    /// The source of the certificate; without one there is no TLS.
    pub(crate) tls: Option<tls::Source>,
    pub(crate) credentials: RootCredentials,
    pub(crate) master_keys: MasterKeys,
    /// An external NATS server; without one a private server is started.
    pub(crate) external: Option<NatsEndpoint>,
    pub(crate) log_replicas: u8,
    /// The number of nodes in this process.
    pub(crate) nodes: u16,
    /// Folders of nodes in other processes of this host that the gateway may read directly.
    pub(crate) local_shards: Vec<PathBuf>,
    /// The length of a day for the lifecycle rules that this process applies, if it applies any.
    pub(crate) lifecycle_day: Option<Day>,
    /// How contents are repaired in this process, if they are.
    pub(crate) repair: Option<::repair::Options>,
    /// How this process gives space back, if it does.
    pub(crate) gc: Option<::gc::Options>,
    /// How this process signs the log, if it does, and who signs for it.
    pub(crate) notary: Option<(::notary::Options, Arc<dyn ::notary::Signer>)>,
    /// Whether this process watches the nodes.
    pub(crate) health: bool,
    /// How targets of events are reached, if this process sends events.
    pub(crate) targets: Option<notify::TargetArgs>,
    /// How other regions are reached, if this process replicates to them.
    pub(crate) links: Option<replicator::LinkArgs>,
    /// The file for the login of an integration, if there is to be one.
    pub(crate) integration: Option<PathBuf>,
    /// The second region, if this process starts one beside its own.
    pub(crate) second_region: Option<SecondRegion>,
}

impl Plan {
    fn node_folder(&self, name: &NodeId) -> PathBuf {
        self.folder.paths().nodes().join(name.as_str())
    }

    /// Folders of nodes that the gateway may read directly, including those of this process's own nodes. If a folder
    /// could not be created, it has no node.
    fn local_shards(&self) -> anyhow::Result<Vec<PathBuf>> {
        let own =
            node_names(self.nodes)?.into_iter().map(|name| self.node_folder(&name)).filter(|folder| folder.is_dir());
        Ok(self.local_shards.iter().cloned().chain(own).collect())
    }
}

/// Runs a plan until it is asked to stop or fails, and stops everything.
pub(crate) async fn serve(plan: Plan, doors: Doors, stop: Stop) -> anyhow::Result<()> {
    let (s3, console, endpoints) = open(&plan, doors)?;
    let names = plan.s3.console_access.console_host.iter().chain(&plan.s3.domain);
    let hosts = Hosts::new(endpoints.console.ip(), names);
    let token = plan.s3.console_access.metrics_token()?;
    let console = Console::start(console, hosts, Some(plan.credentials.credentials()), token)?;
    Process::run(Some(console), stop, async |process| start(&plan, s3, &endpoints, process).await).await
}

/// The addresses of this process, and what its console shows.
struct Endpoints {
    s3: SocketAddr,
    console: SocketAddr,
    tls: Option<Tls>,
}

/// Turns the sockets into listeners.
fn open(plan: &Plan, doors: Doors) -> anyhow::Result<(Listener, Listener, Endpoints)> {
    let (s3, console) = (listen::address(&doors.s3)?, listen::address(&doors.console)?);
    let tls = match &plan.tls {
        Some(source) => Some(Tls::start(source, plan.folder.paths(), &[s3, console], &plan.s3.domain)?),
        None => None,
    };
    let limits = Limits { stall_time_max: Duration::from_secs(plan.s3.stall_seconds.into()), ..LIMITS };
    let listeners = [("s3", doors.s3, limits), ("console", doors.console, ::admin::LIMITS)];
    let [s3_listener, console_listener] = listeners.map(|(name, socket, limits)| {
        let listener = Listener::new(name, socket, limits);
        match &tls {
            Some(tls) => listener.with_tls(&tls.certificates),
            None => listener,
        }
    });
    Ok((s3_listener, console_listener, Endpoints { s3, console, tls }))
}

async fn start(plan: &Plan, s3: Listener, endpoints: &Endpoints, process: &mut Process) -> anyhow::Result<()> {
    let endpoint = if let Some(endpoint) = &plan.external {
        endpoint.clone()
    } else {
        let (server, endpoint) =
            start_server(&plan.folder, Some(consumers::issuer(&plan.master_keys)?.public())).await?;
        process.add(run_server(server));
        endpoint
    };
    let (cluster, membership) = Cluster::join(&endpoint, &plan.region).await?;
    process.add(membership);
    telling::tell_logs(process, cluster.telemetry.clone(), &plan.region, "gateway", plan.folder.paths().folder());
    let (log, ledger) = start_nodes_and_ledger(plan, &endpoint, &cluster, process).await?;

    let workers = start_workers(plan, &cluster, &ledger, process).await?;

    let sealers = Arc::new(Sealers::new(&plan.master_keys)?);
    let (root, proxies) = (&plan.credentials, plan.s3.limits.rate_limits().trusted_proxies);
    let (masters, site) = (&plan.master_keys, site(plan, endpoints));
    let access_log = access_log::start(&plan.s3, &endpoint, &plan.region, plan.log_replicas, process).await?;
    let recorder = access_log.as_ref().map(|log| log.recorder.clone());
    let records_addresses = plan.s3.audit_addresses;
    let trust = Trust { root, masters, sealers: Arc::clone(&sealers), proxies, access_log, records_addresses, site };
    let of_log = (Arc::clone(&log), ledger.clone());
    let consumers = consumers::start(&endpoint, &plan.region, &plan.master_keys, of_log, process).await?;
    let (nodes, of_workers) = (cluster.membership.clone(), workers.clone());
    let admin = admin::open(&plan.region, trust, ledger.clone(), nodes, consumers, of_workers).await?;
    let pieces = master_key::piece_secrets(plan.master_keys.iter());
    let keys = Keys { root, sealers: Arc::clone(&sealers), pieces, recorder };
    let shards = plan.local_shards()?;
    let (state, folders) = ((ledger.clone(), &cluster), Folders { own: plan.folder.paths(), shards: &shards });
    let (serving, running) = gateway::start(&plan.s3, &plan.region, keys, &endpoint, state, folders, s3).await?;
    process.add(running);
    if plan.health {
        let (nodes, telemetry) = (cluster.membership.clone(), cluster.telemetry.clone());
        process.add(health::watch(telemetry, &plan.region, ledger.clone(), nodes, &workers).await?);
    }
    if let Some(targets) = &plan.targets {
        let (at, keys) = ((&endpoint, &plan.region), Arc::clone(&sealers));
        workers.add(notify::worker(targets, at, keys, ledger.clone()).await?)?;
    }
    process.add(start_resealing(ledger.clone(), sealers));
    let objects = Arc::new(super::objects::OfGateway(serving.gateway.clone()));
    process.add(start_telemetry(plan, &cluster, ledger.clone(), &admin).await?);
    if let Some(console) = process.console() {
        console.show(GatewayView {
            region: plan.region.clone(),
            log,
            ledger: ledger.clone(),
            store: serving.store.clone(),
            sources: sources(),
            workers: workers.clone(),
            membership: cluster.membership.clone(),
            control: NodeControl::new(cluster.telemetry.clone(), plan.region.clone()),
            folder: plan.folder.paths().folder().to_owned(),
            figures: Box::new(serving),
            admin_routes: ::admin::admin_routes(&admin).merge(::admin::object_routes(&admin, objects)),
            admin,
        });
    }
    start_upkeep(plan, &endpoint, (&cluster, ledger, &workers), &shards, process).await?;
    process.add(announce(plan, endpoints)?);
    if let Some(second) = &plan.second_region {
        process.add(second_region::start(second.clone()).await?);
        if endpoints.tls.is_none() {
            let own = (plan.region.to_string(), plan.folder.paths().folder());
            process.add(linked::start(own, second.place()));
        }
    }
    Ok(())
}

/// Starts the loops that keep contents and the log in order, as far as they are to run in this process.
async fn start_upkeep(
    plan: &Plan,
    endpoint: &NatsEndpoint,
    (cluster, ledger, workers): (&Cluster, Ledger, &Workers),
    shards: &[PathBuf],
    process: &mut Process,
) -> anyhow::Result<()> {
    if let Some(options) = &plan.repair {
        let secrets = master_key::piece_secrets(plan.master_keys.iter());
        let folders = Folders { own: plan.folder.paths(), shards };
        let (at, ledger) = ((endpoint, &plan.region), ledger.clone());
        process.add(repair::start(options.clone(), at, cluster, secrets, folders, ledger, workers).await?);
    }
    if let Some(links) = &plan.links {
        let keys = (Arc::new(Sealers::new(&plan.master_keys)?), master_key::piece_secrets(plan.master_keys.iter()));
        let folders = Folders { own: plan.folder.paths(), shards };
        let (at, ledger) = ((endpoint, &plan.region), ledger.clone());
        process.add(replicator::start(links, at, cluster, keys, folders, ledger, workers).await?);
    }
    if let Some(options) = &plan.gc {
        workers.add(gc::worker(options.clone(), endpoint, cluster, ledger.clone()).await?)?;
    }
    if let Some((options, signer)) = &plan.notary {
        workers.add(notary::worker(options.clone(), ledger.clone(), Arc::clone(signer)))?;
    }
    if let Some(day) = plan.lifecycle_day {
        workers.add(lifecycle::worker(day, ledger))?;
    }
    Ok(())
}

/// What people may know of the gateway of this process.
fn site(plan: &Plan, endpoints: &Endpoints) -> Site {
    let limits = plan.s3.limits.rate_limits();
    Site {
        s3: endpoints.s3,
        s3_url: plan.s3.s3_url.clone(),
        is_tls: endpoints.tls.is_some(),
        total: limits.total,
        per_user: limits.per_user,
    }
}

/// Starts the background loops. A process with a private nats-server is the only one that appends to the log.
async fn start_workers(
    plan: &Plan,
    cluster: &Cluster,
    ledger: &Ledger,
    process: &mut Process,
) -> anyhow::Result<Workers> {
    let link = match &plan.external {
        Some(_) => Some(NatsTelemetry::link(cluster.telemetry.clone(), plan.region.clone()).await?),
        None => None,
    };
    let role = if plan.external.is_some() { "gateway" } else { "dev" };
    let (workers, running) = workers::start(role, &plan.region, ledger, link)?;
    process.add(running);
    let membership = cluster.membership.clone();
    process.add(workers::hear_clients(&workers, &cluster.telemetry, &plan.region, membership).await?);
    Ok(workers)
}

/// Starts the nodes of this process, opens the ledger meanwhile, and waits until the nodes are online.
async fn start_nodes_and_ledger(
    plan: &Plan,
    endpoint: &NatsEndpoint,
    cluster: &Cluster,
    process: &mut Process,
) -> anyhow::Result<(Arc<JetStreamLog>, Ledger)> {
    let (ends, ended) = watch::channel(0);
    let (nodes, state) = tokio::join!(start_nodes(plan, endpoint, cluster, ends), open_state(plan, endpoint));
    if let Ok((log, ledger)) = &state {
        process.add(run_ledger(Arc::clone(log), ledger.clone()));
    }
    process.add(nodes?);
    let (log, ledger) = state?;
    let control = NodeControl::new(cluster.telemetry.clone(), plan.region.clone());
    process.add(admission::start(ledger.clone(), cluster.membership.clone(), control));
    let (expected, time) = match plan.nodes {
        0 => (NODES_MIN, OTHER_NODES_TIME_MAX),
        own => (usize::from(own), OWN_NODES_TIME_MAX),
    };
    cluster.wait_online(expected, ended, time).await;
    Ok((log, ledger))
}

/// Starts to seal secrets of former master keys again with the one in use. Its work is on the log.
fn start_resealing(ledger: Ledger, sealers: Arc<Sealers>) -> Running {
    Running::droppable("resealing", async {
        reseal(ledger, sealers, |bytes| getrandom::fill(bytes).is_ok()).await;
        // It ends with the ledger, which is also a part of this process and reports why it ended.
        std::future::pending().await
    })
}

/// Starts to tell what this process serves, and to join what all gateways tell. Nothing rests on either.
async fn start_telemetry(plan: &Plan, cluster: &Cluster, ledger: Ledger, admin: &Admin) -> anyhow::Result<Running> {
    let client = cluster.telemetry.clone();
    let heard = telemetry::collect(&client, &plan.region).await.context("cannot subscribe to telemetry")?;
    let joined = admin.follow_telemetry(ledger, heard, plan.folder.paths().telemetry());
    let lines = telemetry::collect_logs(&client, &plan.region).await.context("cannot subscribe to log lines")?;
    let lines = admin.follow_logs(lines);
    telemetry::recall(&client, &plan.region).await;
    let now = sources().now;
    let told = telemetry::publish(telemetry::meter(), client, plan.region.clone(), move || now());
    Ok(Running::droppable("telemetry", async move {
        let ((), (), ()) = tokio::join!(told, joined, lines);
        std::future::pending().await
    }))
}

/// Announces the addresses to programs and to people. Programs can read them until the process stops.
fn announce(plan: &Plan, endpoints: &Endpoints) -> anyhow::Result<Running> {
    let (s3, console, tls) = (endpoints.s3, endpoints.console, endpoints.tls.as_ref());
    let certificate = tls.map(|tls| tls.certificate.clone());
    let version = env!("CARGO_PKG_VERSION").into();
    let run = RunFile { pid: std::process::id(), version, s3, console, tls: certificate };
    let written = run.write(plan.folder.paths().run_file())?;
    let banner = Banner { s3, console, tls, region: &plan.region, credentials: &plan.credentials };
    print!("{banner}");
    std::io::Write::flush(&mut std::io::stdout()).context("cannot write to stdout")?;
    Ok(Running::droppable("run file", async {
        let _kept = written;
        std::future::pending().await
    }))
}

async fn start_nodes(
    plan: &Plan,
    endpoint: &NatsEndpoint,
    cluster: &Cluster,
    ends: watch::Sender<usize>,
) -> anyhow::Result<Running> {
    let config = |name: NodeId| {
        let (folder, zone) = (plan.node_folder(&name), name.to_string());
        let config = ::node::Config::new(plan.region.clone(), name, zone, folder);
        ::node::Config { own_nodes: cluster.own_nodes.clone(), ..config }
    };
    let configs = node_names(plan.nodes)?.into_iter().map(config).collect();
    super::node::start_all(configs, endpoint, ends).await
}

async fn open_state(plan: &Plan, endpoint: &NatsEndpoint) -> anyhow::Result<(Arc<JetStreamLog>, Ledger)> {
    let log = open_log(endpoint, "gateway log", &plan.region, plan.log_replicas).await?;
    if let Some(file) = &plan.integration {
        super::integration::hand_over(endpoint, &plan.region, file).await?;
    }
    let sole_writer = plan.external.is_none();
    let (paths, keyring) = (plan.folder.paths(), author_key::of_gateway(&plan.master_keys));
    let writers = if sole_writer { Writers::Alone } else { Writers::Several("gateway") };
    let ledger = open_ledger(paths, &plan.region, writers, Releases::Here, keyring, Arc::clone(&log)).await;
    let ledger = ledger.context("the ledger")?;
    // The only or first writer may allow all facts by itself. Otherwise an operator has to.
    if sole_writer || ledger.progress().borrow().cursor.sequence == 0 {
        upgrade_region(&ledger, &plan.region).await;
    }
    Ok((log, ledger))
}
