//! What the status says of a storage node.

use domain::row::{Condition, Duty, NodeRow, Presence};
use events::node::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shards::telemetry::Trouble;
use shards::{Admission, NodeView};

use super::filling::days_until_full;
use super::growth::Growth;
use crate::admission::node_refusal;

/// A node.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NodeStatus {
    /// Its name.
    pub node: String,
    /// The node's failure domain.
    pub zone: String,
    /// The state of the node, as this gateway observes it.
    pub state: NodeState,
    /// Bytes that the node can still store.
    pub free_bytes: u64,
    /// Bytes of its disk.
    pub total_bytes: u64,
    /// Bytes of shards on its disk.
    pub stored_bytes: u64,
    /// Shards that the node holds.
    pub shards: u64,
    /// Seconds since its last heartbeat.
    pub heard_seconds_ago: u64,
    /// The node's data folder; `null` if it reports none.
    #[serde(default)]
    pub folder: Option<String>,
    /// The node's recorded state on the log, such as `draining` or `failing (latency)`, if it is not simply online,
    /// serving and healthy. `state` is what this gateway observes.
    #[serde(default)]
    pub recorded: Vec<String>,
    /// The reason why the node is not accepted, receives no writes, or is accepted with a warning.
    #[serde(default)]
    pub why: Option<String>,
    /// The days until the node's disk is full at the present rate; `null` if it does not fill, or if it was observed
    /// for too short a time.
    #[serde(default)]
    pub days_until_full: Option<f64>,
}

/// The state of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "NodeStatusState")]
pub enum NodeState {
    /// The node serves reads and writes.
    Online,
    /// The node's disk failed; reads may still work.
    Failed,
    /// The node's disk has not completed a write for several seconds.
    Stalled,
    /// The node serves another data folder than the one that joined under its name, or is a second process with that
    /// name.
    Refused,
    /// The node's data folder has not joined yet.
    Undecided,
    /// The node sends no heartbeats.
    Offline,
}

impl NodeState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Online, Self::Failed, Self::Stalled, Self::Refused, Self::Undecided, Self::Offline];

    /// As metrics and people call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Failed => "failed",
            Self::Stalled => "stalled",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::Offline => "offline",
        }
    }

    /// The state of a node.
    pub fn of(node: &NodeView) -> Self {
        match (node.reachable, node.admission) {
            (false, _) => Self::Offline,
            (true, Admission::Refused { .. } | Admission::Double { .. } | Admission::Outdated { .. }) => Self::Refused,
            (true, Admission::Undecided) => Self::Undecided,
            (true, Admission::Accepted) if node.is_online() => Self::Online,
            (true, Admission::Accepted) if node.heartbeat.trouble == Some(Trouble::Stalled) => Self::Stalled,
            (true, Admission::Accepted) => Self::Failed,
        }
    }
}

/// What the log says of a node beside what is usual.
fn recorded(row: &NodeRow) -> Vec<String> {
    let duty = match row.duty.is {
        Duty::Serve => None,
        Duty::Drain => Some("draining"),
        Duty::Removed => Some("removed"),
    };
    let presence = match row.presence.is {
        Presence::Online => None,
        Presence::Offline { .. } => Some("offline"),
    };
    let condition = match row.condition.is {
        Condition::Healthy => None,
        Condition::Full => Some("full"),
        Condition::Failing(Failure::Errors) => Some("failing (errors)"),
        Condition::Failing(Failure::Latency) => Some("failing (latency)"),
    };
    [duty, presence, condition].into_iter().flatten().map(str::to_owned).collect()
}

/// A process that is accepted although it does not say how old its data folder is, which once was known.
fn is_ageless(node: &NodeView, row: Option<&NodeRow>) -> bool {
    node.heartbeat.age.is_none() && row.is_some_and(|row| row.starts > 0 || row.position > 0)
}

pub(super) fn node_status(
    node: &NodeView,
    row: Option<&NodeRow>,
    growth: &Growth,
    now: tokio::time::Instant,
) -> NodeStatus {
    let heartbeat = &node.heartbeat;
    let state = NodeState::of(node);
    let why = match state {
        NodeState::Stalled => Some("its disk has not answered a write for several seconds".to_owned()),
        NodeState::Offline => None,
        NodeState::Online | NodeState::Failed if is_ageless(node, row) => Some(
            "its data folder does not say how old it is, though it once did: an older copy of it would not be noticed"
                .to_owned(),
        ),
        _ => node_refusal(node),
    };
    NodeStatus {
        node: heartbeat.node.to_string(),
        zone: heartbeat.zone.clone(),
        state,
        free_bytes: heartbeat.free_bytes,
        total_bytes: heartbeat.total_bytes,
        stored_bytes: heartbeat.stored_bytes,
        shards: heartbeat.shards,
        heard_seconds_ago: now.saturating_duration_since(node.last_heartbeat).as_secs(),
        folder: heartbeat.folder.map(|folder| folder.to_string()),
        recorded: row.map(recorded).unwrap_or_default(),
        why,
        days_until_full: days_until_full(growth, now, heartbeat.node.as_str(), heartbeat.free_bytes),
    }
}
