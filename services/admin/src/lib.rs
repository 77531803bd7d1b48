//! Administration: the admin API, the console that serves it, and the admission of nodes.
//!
//! Input: HTTP requests of operators and their programs, heartbeats of nodes, snapshots of the state. Output: JSON
//! documents, metrics, and commands to the ledger that change users and rights, nodes and quotas.
//!
//! This crate serves no S3, applies no rules of buckets, and knows only what it is given of a gateway.
//!
//! # Layout
//! - `api`: users, keys, groups, policies and quotas over HTTP, with a file per noun
//! - `console`: health, readiness, metrics, status and the API on one address; `meters`: the metrics of the process
//! - `admission`: lets nodes in; `reseal`: seals secrets again with a new master key
//! - `telemetry`: the telemetry of all processes, joined

mod admission;
mod api;
mod console;
mod meters;
mod reseal;
mod telemetry;

pub use admission::{admit_nodes, follow_admissions};
pub use api::{
    Admin, AdminError, AdminOptions, BasicLogin, BasicLogins, HeldMasterKey, Judgement, MasterKeyMismatch,
    ObjectService, Site, WorkerReports, admin_routes, object_routes, openapi,
};
pub use console::{
    AUDIT_SHARDS_PATH, Acked, AuditLine, CacheFigures, Check, Console, DiskStatus, Figures, GatewayView, Health, Hosts,
    LIMITS, LedgerStatus, LogStatus, NODE_CONFIRM_STRAYS_PATH, NODE_INIT_PATH, NODE_STOP_PATH, NodeScrub, NodeState,
    NodeStatus, Owed, OwedByNode, OwedContent, PassReport, Quarantined, REQUEST_HEADER, Readiness, Redundancy,
    SCRUBS_CHANGE_PATH, SCRUBS_PATH, STATUS_PATH, ScrubAnswer, ScrubList, ScrubReport, ScrubState, Status, Stored,
    Stray, WORKER_PATH, WORKERS_PATH, WorkerList,
};
pub use meters::{MetersError, observe_ledger, observe_nodes, observe_server};
pub use reseal::reseal;
