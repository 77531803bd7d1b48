//! What can be done with nodes through the console: stop one, or let it in with another data folder.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::{ChangeNode, NodeChange, View};
use events::ids::{FolderId, NodeId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shards::{Admission, NodeView, StopError};

use super::routes::{answer, refuse};
use super::workers::commit;
use super::{ConsoleState, GatewayView};
use crate::admission::{accept_nodes, join_node};

/// The path that stops a node.
pub const NODE_STOP_PATH: &str = "/api/v1/nodes/{node}/stop";

/// The path that admits a node with its present data folder.
pub const NODE_INIT_PATH: &str = "/api/v1/nodes/{node}/init";

/// The path that confirms how many shards on a node of which the log says nothing are not needed.
pub const NODE_CONFIRM_STRAYS_PATH: &str = "/api/v1/nodes/{node}/confirm-strays";

/// A header that every changing request must have. A page of another site cannot make a browser send it without
/// permission, so it cannot use the login that the browser remembers.
pub const REQUEST_HEADER: &str = "x-planetstore-request";

/// A node that has stopped.
#[derive(Serialize, JsonSchema)]
pub(super) struct Stopped<'a> {
    node: &'a str,
    stopped: bool,
}

pub(super) async fn stop_node(
    State(state): State<Arc<ConsoleState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (gateway, node) = match asked(&state, &name, &headers) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let Err(error) = gateway.control.stop(&node).await else {
        tracing::info!(%node, "stopped a node");
        return answer(StatusCode::OK, &Stopped { node: node.as_str(), stopped: true });
    };
    let status = match error {
        StopError::NotRunning => StatusCode::NOT_FOUND,
        StopError::Unexpected => StatusCode::BAD_GATEWAY,
        StopError::Unanswered(_) => StatusCode::GATEWAY_TIMEOUT,
    };
    refuse(status, &error.to_string())
}

/// The gateway and the node of a changing request.
fn asked<'a>(
    state: &'a ConsoleState,
    name: &str,
    headers: &HeaderMap,
) -> Result<(&'a GatewayView, NodeId), Box<Response>> {
    if !headers.contains_key(REQUEST_HEADER) {
        return Err(Box::new(refuse(StatusCode::FORBIDDEN, "the header x-planetstore-request is required")));
    }
    let gateway = state.gateway().map_err(|(status, why)| Box::new(refuse(status, why)))?;
    match name.parse() {
        Ok(node) => Ok((gateway, node)),
        Err(error) => Err(Box::new(refuse(StatusCode::BAD_REQUEST, &format!("{error}")))),
    }
}

/// A node that was admitted.
#[derive(Serialize, JsonSchema)]
pub(super) struct Initialized<'a> {
    node: &'a str,
    /// The id of its data folder.
    folder: String,
    /// The id of the folder that was given up, if there was one.
    replaces: Option<String>,
}

/// Admits a node with its present data folder. Its previous folder is given up.
pub(super) async fn init_node(
    State(state): State<Arc<ConsoleState>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (gateway, node) = match asked(&state, &name, &headers) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let (view, replaces) = match candidate(gateway.membership.nodes(), &node) {
        Ok(found) => found,
        Err((status, why)) => return refuse(status, why),
    };
    let Some(folder) = view.heartbeat.folder else {
        return refuse(StatusCode::CONFLICT, "the node does not report its data folder: upgrade it");
    };
    if let Err(error) = join_node(&gateway.ledger, &view.heartbeat, folder, replaces).await {
        return refuse(StatusCode::CONFLICT, &format!("the node cannot be admitted: {error}"));
    }
    if let Err(error) = accept_nodes(&gateway.membership, &gateway.ledger.latest()) {
        tracing::warn!(%error, "cannot read the nodes that have joined");
    }
    tracing::warn!(%node, %folder, ?replaces, "admitted a node with another data folder");
    let replaces = replaces.map(|folder| folder.to_string());
    answer(StatusCode::OK, &Initialized { node: node.as_str(), folder: folder.to_string(), replaces })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Strays {
    shards: u64,
}

/// What was confirmed.
#[derive(Serialize, JsonSchema)]
pub(super) struct Confirmed<'a> {
    node: &'a str,
    shards: u64,
}

/// Confirms that shards on a node of which the log says nothing are not needed.
pub(super) async fn confirm_strays(
    State(state): State<Arc<ConsoleState>>,
    Path(name): Path<String>,
    Query(Strays { shards }): Query<Strays>,
    headers: HeaderMap,
) -> Response {
    let (gateway, node) = match asked(&state, &name, &headers) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let row = match gateway.ledger.latest().node(&node) {
        Ok(Some(row)) => row,
        Ok(None) => return refuse(StatusCode::NOT_FOUND, "no node of this name has joined"),
        Err(error) => return refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the state cannot be read: {error}")),
    };
    let change = NodeChange::ConfirmStrays { shards };
    let change = ChangeNode { node: node.clone(), folder: row.folder, change };
    match commit(gateway, change.into()).await {
        Ok(()) => {
            tracing::warn!(%node, shards, "an operator confirmed shards that the log does not name");
            answer(StatusCode::OK, &Confirmed { node: node.as_str(), shards })
        }
        Err(error) => refuse(StatusCode::CONFLICT, &format!("this cannot be confirmed: {error}")),
    }
}

/// The only process that waits to be admitted under a name, and the folder it would replace.
fn candidate(
    processes: Vec<NodeView>,
    node: &NodeId,
) -> Result<(NodeView, Option<FolderId>), (StatusCode, &'static str)> {
    let mut heard = processes.into_iter().filter(|view| view.reachable && view.heartbeat.node == *node);
    let Some(first) = heard.next() else {
        return Err((StatusCode::NOT_FOUND, "no node of this name is running"));
    };
    if heard.next().is_some() {
        return Err((StatusCode::CONFLICT, "several processes run under this name: stop all but the one to admit"));
    }
    match first.admission {
        Admission::Refused { known } => Ok((first, Some(FolderId(known)))),
        Admission::Undecided => Ok((first, None)),
        Admission::Outdated { .. } => Err((
            StatusCode::CONFLICT,
            "the node serves an older copy of its data folder: bring the newer one back, or empty the folder and start \
             the node again, and then admit it",
        )),
        Admission::Accepted | Admission::Double { .. } => {
            Err((StatusCode::CONFLICT, "the node serves the data folder that has joined"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shards::telemetry::Heartbeat;
    use shards::{Joined, Membership};
    use testkit::nodes::heartbeat;
    use tokio::time::Instant;
    use uuid::Uuid;

    #[test]
    fn only_a_single_process_that_waits_is_let_in() {
        let (node, now) = ("n1".parse::<NodeId>().unwrap(), Instant::now());
        let membership = Membership::guarded();
        let process = |incarnation, folder| Heartbeat {
            incarnation: Uuid::from_u128(incarnation),
            folder: Some(Uuid::from_u128(folder)),
            ..heartbeat(&node)
        };
        let found = || candidate(membership.nodes(), &node).map(|(view, replaces)| (view.heartbeat.folder, replaces));
        let status = || found().unwrap_err().0;
        assert_eq!(status(), StatusCode::NOT_FOUND);
        membership.observe(process(1, 7), now);
        assert_eq!(found(), Ok((Some(Uuid::from_u128(7)), None)));
        let folders = |id| Joined { folders: [(node.clone(), Uuid::from_u128(id))].into(), ..Joined::default() };
        membership.accept(folders(7));
        assert_eq!(status(), StatusCode::CONFLICT);
        membership.accept(folders(6));
        assert_eq!(found(), Ok((Some(Uuid::from_u128(7)), Some(FolderId(Uuid::from_u128(6))))));
        membership.observe(process(2, 6), now);
        assert_eq!(status(), StatusCode::CONFLICT);
    }
}
