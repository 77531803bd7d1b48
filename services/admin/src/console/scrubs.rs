//! The scrubs of nodes through the console: what they found, how far they are, and what operators tell them.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::row::Duty;
use events::ids::NodeId;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shards::NodeError;
use shards::protocol::{ScrubCommand, ScrubPass, ScrubPhase, ScrubStatus, Status};

use super::nodes::REQUEST_HEADER;
use super::routes::{answer, refuse};
use super::{ConsoleState, GatewayView};

/// The path of what the scrubs of nodes say of themselves; with `?node=`, of one.
pub const SCRUBS_PATH: &str = "/api/v1/scrubs";

/// The path that has scrubs begin a pass, rest, or go on; with `?node=`, that of one node.
pub const SCRUBS_CHANGE_PATH: &str = "/api/v1/scrubs/{change}";

/// Nodes that are asked at a time.
const NODES_AT_ONCE_MAX: usize = 16;

/// The scrubs of the storage nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScrubList {
    /// Each node, by name.
    #[schemars(with = "Vec<DescribedScrub>")]
    pub nodes: Vec<NodeScrub>,
}

/// What a node says of its scrub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeScrub {
    /// The name of the node.
    pub node: NodeId,
    /// What it answered.
    #[serde(flatten)]
    pub answer: ScrubAnswer,
}

/// The scrub of a node: either its state or the reason why that is not known.
#[derive(JsonSchema)]
#[schemars(rename = "NodeScrub")]
#[expect(dead_code, reason = "only its schema is used")]
struct DescribedScrub {
    /// The name of the node.
    node: NodeId,
    /// The state of its scrub.
    scrub: Option<ScrubReport>,
    /// The reason why the scrub's state is not known. The requested change may not have reached the node.
    failure: Option<String>,
}

/// What a node answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScrubAnswer {
    /// The state of its scrub.
    Scrub(ScrubReport),
    /// The reason why the scrub's state is not known. The requested change may not have reached the node.
    Failure(String),
}

/// The state of a node's scrub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScrubReport {
    /// The state.
    pub state: ScrubState,
    /// The pass in progress, if there is one.
    pub pass: Option<PassReport>,
    /// The last completed pass, if there was one.
    pub last: Option<PassReport>,
    /// The maximum number of bytes that it reads per second; 0 if it does not read.
    pub bytes_per_second: u64,
    /// Shards that the node holds.
    pub shards: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The number of shards that are known to be damaged or unreadable and were not replaced yet.
    pub damaged: u64,
}

/// The state of a scrub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScrubState {
    /// It reads.
    Running,
    /// The scrub waits until the next pass is due.
    Waiting,
    /// The scrub is paused until an operator resumes it.
    Paused,
}

/// A pass over all shards of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PassReport {
    /// The time at which it began, by the node's clock.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub begun: Timestamp,
    /// The time at which it ended, if it did.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ended: Option<Timestamp>,
    /// The number of shards that it read.
    pub shards: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The number of shards that were damaged or unreadable.
    pub damaged: u64,
}

/// What operators tell scrubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScrubChange {
    Start,
    Pause,
    Resume,
}

/// Which nodes are meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// One of them; without it, all that joined and were not removed.
    node: Option<NodeId>,
}

impl ScrubList {
    /// Whether every node answered.
    pub fn is_complete(&self) -> bool {
        self.nodes.iter().all(|node| matches!(node.answer, ScrubAnswer::Scrub(_)))
    }

    /// Shards that are known to be damaged.
    pub fn damaged(&self) -> u64 {
        let damaged = |node: &NodeScrub| match &node.answer {
            ScrubAnswer::Scrub(report) => report.damaged,
            ScrubAnswer::Failure(_) => 0,
        };
        self.nodes.iter().map(damaged).fold(0, u64::saturating_add)
    }
}

impl From<ScrubStatus> for ScrubReport {
    fn from(status: ScrubStatus) -> Self {
        let state = match status.phase {
            ScrubPhase::Running => ScrubState::Running,
            ScrubPhase::Waiting => ScrubState::Waiting,
            ScrubPhase::Paused => ScrubState::Paused,
        };
        let ScrubStatus { pass, last, bytes_per_second, shards, bytes, damaged, .. } = status;
        Self { state, pass: pass.map(Into::into), last: last.map(Into::into), bytes_per_second, shards, bytes, damaged }
    }
}

impl From<ScrubPass> for PassReport {
    fn from(pass: ScrubPass) -> Self {
        let ScrubPass { begun_ms, ended_ms, shards, bytes, damaged } = pass;
        Self { begun: time(begun_ms), ended: (ended_ms > 0).then(|| time(ended_ms)), shards, bytes, damaged }
    }
}

/// A node's time. One that is no time is the last there is.
fn time(unix_ms: u64) -> Timestamp {
    i64::try_from(unix_ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX)
}

pub(super) async fn list(State(state): State<Arc<ConsoleState>>, Query(which): Query<Which>) -> Response {
    match state.gateway() {
        Ok(gateway) => tell(gateway, which, ScrubCommand::Status).await,
        Err((status, why)) => refuse(status, why),
    }
}

pub(super) async fn change(
    State(state): State<Arc<ConsoleState>>,
    Path(change): Path<ScrubChange>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Response {
    if !headers.contains_key(REQUEST_HEADER) {
        return refuse(StatusCode::FORBIDDEN, "the header x-planetstore-request is required");
    }
    let gateway = match state.gateway() {
        Ok(gateway) => gateway,
        Err((status, why)) => return refuse(status, why),
    };
    let command = match change {
        ScrubChange::Start => ScrubCommand::Start,
        ScrubChange::Pause => ScrubCommand::Pause,
        ScrubChange::Resume => ScrubCommand::Resume,
    };
    tracing::info!(?change, node = ?which.node, "changing scrubs");
    tell(gateway, which, command).await
}

/// Tells the scrubs of nodes something, and answers with what they say then.
async fn tell(gateway: &GatewayView, Which { node }: Which, command: ScrubCommand) -> Response {
    let rows = match gateway.ledger.latest().list_nodes() {
        Ok(rows) => rows,
        Err(error) => return refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("the state cannot be read: {error}")),
    };
    let is_meant = |name: &NodeId, duty| match &node {
        Some(node) => name == node,
        None => duty != Duty::Removed,
    };
    let meant: Vec<NodeId> =
        rows.into_iter().filter(|(name, row)| is_meant(name, row.duty.is)).map(|(name, _)| name).collect();
    if meant.is_empty() && node.is_some() {
        return refuse(StatusCode::NOT_FOUND, "no node of this name has joined");
    }
    let ask = |node: NodeId| async move {
        let answer = match gateway.store.scrub(&node, command).await {
            Ok(status) => ScrubAnswer::Scrub(status.into()),
            Err(error) => ScrubAnswer::Failure(failure(&error)),
        };
        NodeScrub { node, answer }
    };
    let nodes = stream::iter(meant).map(ask).buffered(NODES_AT_ONCE_MAX).collect().await;
    answer(StatusCode::OK, &ScrubList { nodes })
}

fn failure(error: &NodeError) -> String {
    match error {
        NodeError::Refused(Status::Malformed) => "the node is of a release without a scrub: upgrade it".to_owned(),
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_nodes_say_is_told_as_json_and_read_again() {
        let last = ScrubPass { begun_ms: 1_000, ended_ms: 2_500, shards: 7, bytes: 70, damaged: 2 };
        let status = ScrubStatus {
            phase: ScrubPhase::Running,
            pass: Some(ScrubPass { begun_ms: u64::MAX, ended_ms: 0, shards: 3, bytes: 30, damaged: 1 }),
            last: Some(last),
            cursor: Uuid::nil(),
            bytes_per_second: 9,
            shards: 8,
            bytes: 80,
            damaged: 1,
        };
        let node = |number: u8, answer| NodeScrub { node: format!("node-{number}").parse().unwrap(), answer };
        let heard = ScrubList { nodes: vec![node(1, ScrubAnswer::Scrub(status.into()))] };
        assert!(heard.is_complete());
        let old = failure(&NodeError::Refused(Status::Malformed));
        let list = ScrubList { nodes: [heard.nodes, vec![node(2, ScrubAnswer::Failure(old))]].concat() };
        assert_eq!((list.is_complete(), list.damaged()), (false, 1));
        let told = json!({ "nodes": [
            { "node": "node-1", "scrub": {
                "state": "running",
                "pass": { "begun": Timestamp::MAX, "ended": null, "shards": 3, "bytes": 30, "damaged": 1 },
                "last": { "begun": "1970-01-01T00:00:01Z", "ended": "1970-01-01T00:00:02.5Z", "shards": 7, "bytes": 70,
                    "damaged": 2 },
                "bytes_per_second": 9, "shards": 8, "bytes": 80, "damaged": 1 } },
            { "node": "node-2", "failure": "the node is of a release without a scrub: upgrade it" },
        ] });
        assert_eq!(serde_json::to_value(&list).unwrap(), told);
        assert_eq!(serde_json::from_value::<ScrubList>(told).unwrap(), list);
    }
}
