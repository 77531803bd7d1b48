//! The console address: pages, health, readiness, metrics, status, what operators tell nodes and workers, and the admin
//! API.
//!
//! Health, readiness and the schemas of events need no login and contain nothing secret. Metrics need a login from another machine. Everything
//! under `/api` needs the root credentials or a session token. All except health and readiness answer only under names
//! of this machine (see `hosts`), and nothing answers what a browser sends for a page of another origin (see `origins`).
//! `pages` are what a browser shows; everything that they do, they do with the API.

mod audit;
mod auth;
mod basis;
mod described;
mod filling;
mod forward;
mod growth;
mod hosts;
mod limits;
mod node_status;
mod nodes;
mod origins;
mod pages;
mod ready;
mod redundancy;
mod routes;
mod schemas;
mod scrubs;
mod status;
mod workers;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use eventlog::JetStreamLog;
use events::ids::RegionName;
use identity::{Credentials, Secret};
use ledger::{Ledger, Sources};
use listener::Listener;
use metrics_exporter_prometheus::PrometheusHandle;
use shards::{Membership, NodeControl, ShardStore};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;
use worker::Workers;

use crate::api::{Admin, BasicLogins};
use crate::meters::{self, MetersError};

pub use audit::{AUDIT_SHARDS_PATH, AuditLine};
pub(crate) use described::{Described, described};
use growth::Growth;

pub use hosts::Hosts;
pub use limits::LIMITS;
pub use node_status::{NodeState, NodeStatus};
pub use nodes::{NODE_CONFIRM_STRAYS_PATH, NODE_INIT_PATH, NODE_STOP_PATH, REQUEST_HEADER};
pub use ready::Readiness;
pub use redundancy::Redundancy;
pub use scrubs::{
    NodeScrub, PassReport, SCRUBS_CHANGE_PATH, SCRUBS_PATH, ScrubAnswer, ScrubList, ScrubReport, ScrubState,
};
pub use status::{
    CacheFigures, DiskStatus, Health, LedgerStatus, LogStatus, Owed, OwedByNode, OwedContent, Quarantined, STATUS_PATH,
    Status, Stored, Stray,
};
pub use workers::{WORKER_PATH, WORKERS_PATH, WorkerList};

/// How a part of a process is. The console asks for it whenever it is asked.
pub trait Check: Send + Sync {
    /// The reasons why requests should not be sent to this process; empty if it is ready.
    fn missing(&self) -> Vec<String>;

    /// Sets the gauges that are looked up, not counted.
    fn observe(&self) {}
}

/// What a gateway counts. The console asks for it whenever it is asked.
pub trait Figures: Send + Sync {
    /// How its cache fares.
    fn cache(&self) -> CacheFigures;

    /// The health of the contents that it acknowledged.
    fn acked(&self) -> Acked;
}

/// What is known of what a gateway acked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acked {
    /// Contents whose last shards are under way, or so lately owed that it is no fact yet.
    pub settling: usize,
    /// The log's sequence up to which all is settled: there, or among what is owed.
    pub settled_sequence: u64,
    /// What was acked before the gateway's start is still being looked at.
    pub is_scanning: bool,
}

/// The parts of a gateway that the console shows.
pub struct GatewayView {
    /// The region it serves.
    pub region: RegionName,
    /// The log it appends to.
    pub log: Arc<JetStreamLog>,
    /// Its ledger.
    pub ledger: Ledger,
    /// Where it reads and writes shards.
    pub store: ShardStore,
    /// Where time comes from.
    pub sources: Sources,
    /// The background workers of its process, and those that it hears of.
    pub workers: Workers,
    /// The nodes it hears.
    pub membership: Membership,
    /// The connection for messages to nodes.
    pub control: NodeControl,
    /// Its data folder.
    pub folder: PathBuf,
    /// What it counts.
    pub figures: Box<dyn Figures>,
    /// The admin API, which knows who may see what.
    pub admin: Admin,
    /// Its routes.
    pub admin_routes: Router,
}

/// The console of a process. It answers from the beginning, so that a long start can be watched.
pub struct Console {
    state: Arc<ConsoleState>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

pub(crate) struct ConsoleState {
    started: Instant,
    recorder: PrometheusHandle,
    /// Without them, nothing under `/api` is answered.
    credentials: Option<Credentials>,
    /// By which a collector on another machine reads the metrics.
    metrics_token: Option<Secret>,
    hosts: Hosts,
    /// Counts logins until the admin API exists.
    basic: BasicLogins,
    /// The checks that decide whether the process is ready.
    checks: Mutex<Vec<Arc<dyn Check>>>,
    /// The gateway of this process, once it serves.
    gateway: OnceLock<Box<GatewayView>>,
    /// Held by the audit that is under way.
    audits: Arc<Semaphore>,
    /// How fast the log and the disks fill.
    growth: Growth,
    /// The task that follows that.
    following: Mutex<Option<JoinHandle<()>>>,
    is_started: AtomicBool,
    is_stopping: AtomicBool,
}

impl Console {
    /// Begins to answer, and to record the metrics of the process. Whoever has the token may read those from anywhere.
    ///
    /// # Errors
    /// If the metrics are recorded already: a process has one console.
    pub fn start(
        listener: Listener,
        hosts: Hosts,
        credentials: Option<Credentials>,
        metrics_token: Option<Secret>,
    ) -> Result<Self, MetersError> {
        let state = Arc::new(ConsoleState::new(meters::install()?, hosts, credentials, metrics_token));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(listener.serve(routes::routes(Arc::clone(&state)), async {
            // Dropping the other end is a request to stop as well.
            let _stopped = stopped.await;
        }));
        Ok(Self { state, stop, served })
    }

    /// Adds a check.
    pub fn check(&self, check: Arc<dyn Check>) {
        self.state.checks().push(check);
    }

    /// Shows this gateway, and its admin API, from now on.
    pub fn show(&self, gateway: GatewayView) {
        if self.state.gateway.set(Box::new(gateway)).is_err() {
            tracing::warn!("the console can show only one gateway");
            return;
        }
        let state = Arc::clone(&self.state);
        let following = tokio::spawn(async move { filling::follow_growth(&state).await });
        *self.state.following() = Some(following);
    }

    /// Marks the start as complete.
    pub fn started(&self) {
        self.state.is_started.store(true, Ordering::Relaxed);
    }

    /// The process is no longer ready from now on.
    pub fn stopping(&self) {
        self.state.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Stops answering.
    pub async fn stop(self) {
        // It may have ended already.
        let _told = self.stop.send(());
        if let Some(following) = self.state.following().take() {
            following.abort();
        }
        if let Err(error) = self.served.await {
            tracing::warn!(%error, "the console's task failed");
        }
    }
}

impl ConsoleState {
    fn new(
        recorder: PrometheusHandle,
        hosts: Hosts,
        credentials: Option<Credentials>,
        metrics_token: Option<Secret>,
    ) -> Self {
        Self {
            started: Instant::now(),
            recorder,
            credentials,
            metrics_token,
            hosts,
            basic: BasicLogins::new(),
            checks: Mutex::default(),
            gateway: OnceLock::new(),
            audits: Arc::new(Semaphore::new(1)),
            growth: Growth::default(),
            following: Mutex::default(),
            is_started: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
        }
    }

    #[cfg(test)]
    fn for_tests() -> Self {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        Self::new(recorder, Hosts::new(std::net::Ipv4Addr::LOCALHOST.into(), []), None, None)
    }

    fn following(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.following.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn checks(&self) -> MutexGuard<'_, Vec<Arc<dyn Check>>> {
        // A check that panicked leaves the list as it was.
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gateway of this process, or the error to answer if there is none.
    fn gateway(&self) -> Result<&GatewayView, (StatusCode, &'static str)> {
        match self.gateway.get() {
            Some(gateway) => Ok(gateway),
            None if self.is_started.load(Ordering::Relaxed) => {
                Err((StatusCode::NOT_FOUND, "this process is not a gateway: send the request to one"))
            }
            None => Err((StatusCode::SERVICE_UNAVAILABLE, "the process is still starting")),
        }
    }
}
