//! The console address: health, readiness, metrics, status, stopping a node, and the admin API.
//!
//! Health and readiness need no login and hold nothing secret, metrics need one from another machine; all under `/api`
//! needs the root credentials or the token of a session. All but health and readiness are answered only
//! under names of this machine: see `hosts`.

mod admin;
mod api;
mod auth;
mod hosts;
mod limits;
mod ready;
mod routes;
mod status;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::http::StatusCode;
use eventlog::JetStreamLog;
use events::ids::RegionName;
use gateway::{Admin, BasicLogins, Gateway};
use ledger::Ledger;
use listener::Listener;
use metrics_exporter_prometheus::PrometheusHandle;
use shards::{Membership, PendingWrites};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::credentials::RootCredentials;
use crate::meters;
use crate::process::Check;

pub(crate) use admin::{Trust, admin};
pub(crate) use api::{NODE_INIT_PATH, NODE_STOP_PATH, REQUEST_HEADER};
pub(crate) use hosts::Hosts;
pub(crate) use limits::LIMITS;
pub(crate) use ready::Readiness;
pub(crate) use status::{Health, NodeState, Owed, OwedByNode, STATUS_PATH, Status, Stray};

/// What is to be seen of a gateway.
pub(crate) struct GatewayView {
    pub(crate) region: RegionName,
    pub(crate) log: Arc<JetStreamLog>,
    pub(crate) ledger: Ledger,
    pub(crate) membership: Membership,
    /// For messages to nodes.
    pub(crate) telemetry: async_nats::Client,
    pub(crate) gateway: Gateway,
    /// What is known of what it acked.
    pub(crate) health: watch::Receiver<health::Figures>,
    pub(crate) pending_writes: PendingWrites,
    pub(crate) admin: Admin,
    pub(crate) admin_routes: Router,
}

/// The console of a process. It answers from the first moment, so that a start that takes long can be watched.
pub(crate) struct Console {
    state: Arc<ConsoleState>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

pub(crate) struct ConsoleState {
    started: Instant,
    recorder: PrometheusHandle,
    /// Without them nothing under `/api` is answered.
    credentials: Option<RootCredentials>,
    hosts: Hosts,
    /// Counts logins while there is no admin API that does.
    basic: BasicLogins,
    /// Asked whether requests should be sent here.
    checks: Mutex<Vec<Arc<dyn Check>>>,
    /// The gateway of this process, once it serves, if it is to have one.
    gateway: OnceLock<Box<GatewayView>>,
    is_started: AtomicBool,
    is_stopping: AtomicBool,
}

impl Console {
    /// Begins to answer.
    pub(crate) fn start(
        listener: Listener,
        hosts: Hosts,
        credentials: Option<RootCredentials>,
    ) -> anyhow::Result<Self> {
        let state = Arc::new(ConsoleState::new(meters::install()?, hosts, credentials));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(listener.serve(routes::routes(Arc::clone(&state)), async {
            // Dropping the other end is a wish to stop as well.
            let _stopped = stopped.await;
        }));
        Ok(Self { state, stop, served })
    }

    /// From now on it asks this too how it is.
    pub(crate) fn check(&self, check: Arc<dyn Check>) {
        self.state.checks().push(check);
    }

    /// From now on it shows this gateway, and its admin API.
    pub(crate) fn show(&self, gateway: GatewayView) {
        if self.state.gateway.set(Box::new(gateway)).is_err() {
            tracing::warn!("the console shows one gateway only");
        }
    }

    /// The start is through.
    pub(crate) fn started(&self) {
        self.state.is_started.store(true, Ordering::Relaxed);
    }

    /// From now on the process is not ready any more.
    pub(crate) fn stopping(&self) {
        self.state.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Stops to answer.
    pub(crate) async fn stop(self) {
        // It may have ended already.
        let _told = self.stop.send(());
        if let Err(error) = self.served.await {
            tracing::warn!(%error, "the console's task failed");
        }
    }
}

impl ConsoleState {
    fn new(recorder: PrometheusHandle, hosts: Hosts, credentials: Option<RootCredentials>) -> Self {
        Self {
            started: Instant::now(),
            recorder,
            credentials,
            hosts,
            basic: BasicLogins::new(),
            checks: Mutex::default(),
            gateway: OnceLock::new(),
            is_started: AtomicBool::new(false),
            is_stopping: AtomicBool::new(false),
        }
    }

    #[cfg(test)]
    fn for_tests() -> Self {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        Self::new(recorder, Hosts::new(std::net::Ipv4Addr::LOCALHOST.into(), []), None)
    }

    fn checks(&self) -> MutexGuard<'_, Vec<Arc<dyn Check>>> {
        // A check that panicked leaves the list as it was.
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The gateway of this process, or why there is none.
    fn gateway(&self) -> Result<&GatewayView, (StatusCode, &'static str)> {
        match self.gateway.get() {
            Some(gateway) => Ok(gateway),
            None if self.is_started.load(Ordering::Relaxed) => {
                Err((StatusCode::NOT_FOUND, "this process is no gateway: ask one"))
            }
            None => Err((StatusCode::SERVICE_UNAVAILABLE, "the process is still starting")),
        }
    }
}
