//! How each role is started, and what is waited for when it stops.

mod admission;
mod gateway;
mod lifecycle;
mod log;
mod node;
mod server;

pub(crate) use admission::{Admission, accept_nodes, join_node, node_refusal};
pub(crate) use gateway::{Cluster, Folders, GatewayRole, Keys, NODES_MIN};
pub(crate) use lifecycle::LifecycleRole;
pub(crate) use log::{Releases, TooOld, close_ledger, ledger_failed, open_ledger, open_log, upgrade_region};
pub(crate) use node::{RunningNode, node_names};
pub(crate) use server::{start_server, stop_server};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process have as many open files as the system allows it: shards are files, clients are sockets.
pub(crate) fn raise_open_files() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::warn!(%error, ?current, "the limit of open files could not be raised");
    }
}
