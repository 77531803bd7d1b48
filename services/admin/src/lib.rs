//! Administration: the admin API, the console that serves it, and the admission of nodes.
//!
//! Input: HTTP requests of operators and their programs, heartbeats of nodes, snapshots of the state. Output: JSON
//! documents, metrics, and commands to the ledger that change who may do what, which nodes there are, and how much a
//! bucket may hold.
//!
//! This crate serves no S3, follows no rule of a bucket, and knows of a gateway only what it is shown.
//!
//! # Layout
//! - `api`: users, keys, groups, policies and quotas over HTTP, with a file per noun
//! - `console`: health, readiness, metrics, status and the API on one address; `meters`: the metrics of the process
//! - `admission`: lets nodes in; `reseal`: seals secrets again with a new master key

mod admission;
mod api;
mod console;
mod meters;
mod reseal;

pub use admission::admit_nodes;
pub use api::{
    Admin, AdminError, AdminOptions, BasicLogin, BasicLogins, HeldMasterKey, MasterKeyMismatch, admin_routes, openapi,
};
pub use console::{
    Acked, CacheFigures, Check, Console, Figures, GatewayView, Health, Hosts, LIMITS, LedgerStatus, LogStatus,
    NODE_INIT_PATH, NODE_STOP_PATH, NodeState, NodeStatus, Owed, OwedByNode, OwedContent, Quarantined, REQUEST_HEADER,
    Readiness, STATUS_PATH, Status, Stored, Stray,
};
pub use meters::{MetersError, observe_ledger, observe_nodes, observe_server};
pub use reseal::reseal;
