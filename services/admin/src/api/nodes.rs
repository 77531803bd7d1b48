//! Storage nodes: how they are, and what operators want of them.

use std::collections::BTreeMap;

use domain::placement::NODES_MIN;
use domain::row::{self, Condition, Duty, NodeRow, NodeUsageRow};
use domain::{ChangeNode, NodeChange, View};
use events::ids::{FolderId, NodeId};
use events::node::Failure;
use jiff::Timestamp;
use ledger::Snapshot;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shards::telemetry::{DiskReport, Latency};
use shards::{Admission, NodeView};
use tokio::time::Instant;

use super::access::Caller;
use super::answer::Answer;
use super::asked::Asked;
use super::refusal::Refusal;

/// The path parameter that names a node.
const NODE: &str = "node";

/// A page of storage nodes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Nodes {
    pub(super) nodes: Vec<Node>,
    /// The name after which the next page begins; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<NodeId>,
}

/// A storage node that has joined.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Node {
    pub(super) name: NodeId,
    /// The failure domain: nodes of one zone may fail together.
    pub(super) zone: String,
    /// The data folder with which it joined.
    pub(super) folder: FolderId,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) joined: Timestamp,
    pub(super) presence: Presence,
    pub(super) duty: DutySince,
    pub(super) condition: ConditionSince,
    /// The shards that the log places on it.
    pub(super) placed: Placed,
    /// Shards that the node should have but that are known to be missing or damaged on it.
    pub(super) owed_shards: u64,
    /// The node's own report; absent while it sends no heartbeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reported: Option<Reported>,
}

/// The presence of a node, as the monitor recorded it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Presence {
    pub(super) state: PresenceState,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PresenceState {
    Online,
    Offline,
}

/// The duty of a node, which operators set.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DutySince {
    pub(super) state: DutyState,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DutyState {
    /// The node takes new shards.
    Serving,
    /// The node takes no new shards, and the shards that it has move to other nodes.
    Draining,
    /// The node was removed, and its shards are given up.
    Removed,
}

/// The condition of a node that sends heartbeats, as the monitor recorded it.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ConditionSince {
    pub(super) state: ConditionState,
    /// The reason why it is failing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cause: Option<Failure>,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(super) since: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ConditionState {
    Healthy,
    Full,
    Failing,
}

/// Shards and their bytes.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Placed {
    pub(super) shards: u64,
    pub(super) bytes: u64,
}

/// The report of a node about itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reported {
    pub(super) seconds_ago: u64,
    /// Bytes of its disk.
    pub(super) capacity_bytes: u64,
    /// Bytes that the node can still store.
    pub(super) free_bytes: u64,
    /// Bytes that shards take on its disk.
    pub(super) stored_bytes: u64,
    /// The number of shards on its disk, including those that the log does not name.
    pub(super) shards: u64,
    /// Reads and writes that failed since its start.
    pub(super) errors: u64,
    /// Shards that are known to be damaged or unreadable.
    pub(super) damaged_shards: u64,
    /// The latency of syncs that a request waited for; absent if there were none recently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sync: Option<LatencyMicros>,
    /// The latency of reads; absent if there were none recently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) read: Option<LatencyMicros>,
}

/// Microseconds.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LatencyMicros {
    pub(super) p50: u32,
    pub(super) p99: u32,
}

/// Whether to continue despite a safety check.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeForce {
    /// Continue although too few nodes would be left for writes. A removal then also gives up the shards that are
    /// placed on the node.
    #[serde(default)]
    pub(super) force: bool,
}

pub(super) async fn list(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let page = asked.page::<NodeId>()?;
    let snapshot = asked.read().await?;
    let owed = owed(&snapshot)?;
    let mut rows = snapshot.list_nodes()?;
    rows.retain(|(name, _)| page.after.as_ref().is_none_or(|after| name > after));
    let next = page.cut(&mut rows);
    let views = asked.admin.0.membership.nodes();
    let nodes = rows.into_iter().map(|(name, row)| node(&snapshot, &owed, &views, name, &row));
    Answer::of(&Nodes { nodes: nodes.collect::<Result<_, _>>()?, next })
}

pub(super) async fn get(asked: Asked, _: Caller) -> Result<Answer, Refusal> {
    let name: NodeId = asked.name(NODE)?;
    Answer::of(&find(&asked, name).await?)
}

pub(super) async fn drain(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NodeForce { force } = asked.json().await?;
    if !force {
        check_enough_left(&asked, "drain").await?;
    }
    change(&asked, &caller, NodeChange::Drain).await
}

pub(super) async fn resume(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    change(&asked, &caller, NodeChange::Resume).await
}

pub(super) async fn remove(mut asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let NodeForce { force: forced } = asked.json().await?;
    if !forced {
        check_enough_left(&asked, "remove").await?;
    }
    change(&asked, &caller, NodeChange::Remove { forced }).await
}

/// Writes needs some nodes that take shards. The last of them are not sent away by mistake.
async fn check_enough_left(asked: &Asked, what: &str) -> Result<(), Refusal> {
    let name: NodeId = asked.name(NODE)?;
    let rows = asked.read().await?.list_nodes()?;
    let serves = |row: &NodeRow| row.duty.is == Duty::Serve;
    if !rows.iter().any(|(node, row)| *node == name && serves(row)) {
        return Ok(());
    }
    let left = rows.iter().filter(|(node, row)| *node != name && serves(row)).count();
    if left >= NODES_MIN {
        return Ok(());
    }
    Err(Refusal::conflict(format!(
        "without {name}, {left} nodes would take shards, and writes need {NODES_MIN}: add nodes first, or {what} it \
         with --force (`force` in the API) and do without writes"
    )))
}

async fn change(asked: &Asked, caller: &Caller, change: NodeChange) -> Result<Answer, Refusal> {
    let node: NodeId = asked.name(NODE)?;
    let row = asked.read().await?.node(&node)?.ok_or_else(|| no_such_node(&node))?;
    let command = ChangeNode { node: node.clone(), folder: row.folder, change };
    let committed = asked.commit(caller, command.into()).await?;
    Answer::changed(&find(asked, node).await?, committed.sequence)
}

fn no_such_node(node: &NodeId) -> Refusal {
    Refusal::not_found(format!("no storage node {node} has joined"))
}

async fn find(asked: &Asked, name: NodeId) -> Result<Node, Refusal> {
    let snapshot = asked.read().await?;
    let row = snapshot.node(&name)?.ok_or_else(|| no_such_node(&name))?;
    node(&snapshot, &owed(&snapshot)?, &asked.admin.0.membership.nodes(), name, &row)
}

/// Shards that each node is known to owe.
fn owed(snapshot: &Snapshot) -> Result<BTreeMap<NodeId, u64>, Refusal> {
    let counts = snapshot.debt()?.nodes.into_iter();
    Ok(counts.map(|(node, counts)| (node, counts.sum())).collect())
}

fn node(
    snapshot: &Snapshot,
    owed: &BTreeMap<NodeId, u64>,
    views: &[NodeView],
    name: NodeId,
    row: &NodeRow,
) -> Result<Node, Refusal> {
    let NodeUsageRow { shards, bytes } = snapshot.node_usage(&name)?;
    let is_it = |view: &&NodeView| {
        let is_accepted = view.reachable && view.admission == Admission::Accepted;
        is_accepted && view.heartbeat.node == name && view.heartbeat.folder == Some(row.folder.0)
    };
    let reported = views.iter().filter(is_it).max_by_key(|view| view.last_heartbeat).map(reported);
    Ok(Node {
        zone: row.zone.clone(),
        folder: row.folder,
        joined: row.joined,
        presence: presence(row),
        duty: duty(row),
        condition: condition(row),
        placed: Placed { shards, bytes },
        owed_shards: owed.get(&name).copied().unwrap_or_default(),
        reported,
        name,
    })
}

fn presence(row: &NodeRow) -> Presence {
    let state = match row.presence.is {
        row::Presence::Online => PresenceState::Online,
        row::Presence::Offline { .. } => PresenceState::Offline,
    };
    Presence { state, since: row.presence.time }
}

fn duty(row: &NodeRow) -> DutySince {
    let state = match row.duty.is {
        Duty::Serve => DutyState::Serving,
        Duty::Drain => DutyState::Draining,
        Duty::Removed => DutyState::Removed,
    };
    DutySince { state, since: row.duty.time }
}

fn condition(row: &NodeRow) -> ConditionSince {
    let (state, cause) = match row.condition.is {
        Condition::Healthy => (ConditionState::Healthy, None),
        Condition::Full => (ConditionState::Full, None),
        Condition::Failing(cause) => (ConditionState::Failing, Some(cause)),
    };
    ConditionSince { state, cause, since: row.condition.time }
}

fn reported(view: &NodeView) -> Reported {
    let said = &view.heartbeat;
    let DiskReport { read_errors, write_errors, damaged_shards, sync, read } = said.disk.unwrap_or_default();
    let micros = |latency: Latency| LatencyMicros { p50: latency.p50_us, p99: latency.p99_us };
    Reported {
        seconds_ago: Instant::now().saturating_duration_since(view.last_heartbeat).as_secs(),
        capacity_bytes: said.total_bytes,
        free_bytes: said.free_bytes,
        stored_bytes: said.stored_bytes,
        shards: said.shards,
        errors: read_errors.saturating_add(write_errors),
        damaged_shards,
        sync: sync.map(micros),
        read: read.map(micros),
    }
}
