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
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use async_nats::connection::State;
use axum::Router;
use eventlog::JetStreamLog;
use eventlog::server::ServerState;
use events::ids::RegionName;
use gateway::{Admin, BasicLogins, Gateway};
use ledger::Ledger;
use listener::Listener;
use metrics_exporter_prometheus::PrometheusHandle;
use shards::{Membership, Settling};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::credentials::RootCredentials;
use crate::meters;

pub(crate) use admin::{Trust, admin};
pub(crate) use api::{NODE_INIT_PATH, NODE_STOP_PATH, REQUEST_HEADER};
pub(crate) use hosts::Hosts;
pub(crate) use limits::LIMITS;
pub(crate) use ready::Readiness;
pub(crate) use status::{Health, NodeState, Owed, OwedByNode, STATUS_PATH, Status, Stray};

/// What the console shows, once it is there.
pub(crate) enum Subject {
    /// A gateway, and what it stands on.
    Gateway(Box<GatewayView>),
    /// What follows lifecycle rules, alone.
    Lifecycle(LifecycleView),
    /// A storage node alone.
    Node(NodeView),
}

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
    pub(crate) settling: Settling,
    pub(crate) admin: Admin,
    pub(crate) admin_routes: Router,
    /// The private nats-server, if there is one.
    pub(crate) server: Option<watch::Receiver<ServerState>>,
}

/// What is to be seen of what follows lifecycle rules.
pub(crate) struct LifecycleView {
    pub(crate) log: Arc<JetStreamLog>,
    pub(crate) ledger: Ledger,
}

/// What is to be seen of a storage node.
pub(crate) struct NodeView {
    /// A connection like that of the node.
    pub(crate) client: async_nats::Client,
}

impl NodeView {
    fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }
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
    subject: OnceLock<Subject>,
    is_stopping: AtomicBool,
}

impl Console {
    /// Begins to answer.
    pub(crate) fn start(
        listener: Listener,
        hosts: Hosts,
        credentials: Option<RootCredentials>,
    ) -> anyhow::Result<Self> {
        let state = Arc::new(ConsoleState {
            started: Instant::now(),
            recorder: meters::install()?,
            credentials,
            hosts,
            basic: BasicLogins::new(),
            subject: OnceLock::new(),
            is_stopping: AtomicBool::new(false),
        });
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(listener.serve(routes::routes(Arc::clone(&state)), async {
            // Dropping the other end is a wish to stop as well.
            let _stopped = stopped.await;
        }));
        Ok(Self { state, stop, served })
    }

    /// From now on it shows this.
    pub(crate) fn show(&self, subject: Subject) {
        if self.state.subject.set(subject).is_err() {
            tracing::warn!("the console shows one process only");
        }
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
            tracing::warn!(%error, "the console's task");
        }
    }
}
