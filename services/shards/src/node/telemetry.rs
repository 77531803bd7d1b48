//! Heartbeats of storage nodes and the messages about them, on core NATS. They are not facts and not on the log.

use std::time::Duration;

use events::ids::{NodeId, RegionName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How often a node sends its heartbeat.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// A node without a heartbeat for this long counts as offline.
pub const HEARTBEAT_SILENCE_MAX: Duration = Duration::from_secs(3);

/// The subject to which `node` sends its heartbeats.
pub fn heartbeat_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.telemetry.node.{node}")
}

/// The subject filter that matches the heartbeats of all nodes.
pub fn heartbeats_subject(region: &RegionName) -> String {
    format!("ps.{region}.telemetry.node.*")
}

/// The subject of roll calls. Any message on it asks every node for a heartbeat at once.
pub fn rollcall_subject(region: &RegionName) -> String {
    format!("ps.{region}.telemetry.rollcall")
}

/// A node's heartbeat, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The node's name.
    pub node: NodeId,
    /// The failure domain: nodes of one zone may fail together.
    pub zone: String,
    /// The boot id of the host: two processes with the same one share a host, perhaps in different containers.
    pub boot_id: Uuid,
    /// Free bytes for new shards.
    pub free_bytes: u64,
    /// Total bytes of the disk.
    pub total_bytes: u64,
    /// Bytes of all stored shards.
    pub stored_bytes: u64,
    /// Number of stored shards.
    pub shards: u64,
    /// Whether the node accepts writes.
    pub state: NodeState,
    /// The id of the node's process, drawn at its start and greater than those of earlier processes.
    pub incarnation: Uuid,
    /// The id of the data folder that the process serves; `None` from a release that did not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<Uuid>,
    /// The reason why the node accepts no writes, if it is more specific than the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// Whether a node accepts writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// The node accepts writes.
    Up,
    /// The node accepts no writes and returns what it can still read. Its disk has failed, or [`Heartbeat::trouble`]
    /// has the reason.
    Failed,
    /// A state that only a later release knows. The node gets no writes.
    #[serde(other)]
    Unknown,
}

/// The reason why a node accepts no writes. Releases that do not know it see [`NodeState::Failed`] beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// The disk has stalled: a write has waited for it too long. The node accepts writes again once the disk answers.
    Stalled,
    /// A gateway has refused the process: the log knows another data folder for the node's name.
    Refused,
    /// A reason that only a later release knows.
    #[serde(other)]
    Unknown,
}

/// A gateway's decision about a process that claims the name of a node: a message on the node's control subject, as
/// JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The process it is for; other processes ignore the message.
    pub incarnation: Uuid,
    /// The decision.
    pub verdict: Verdict,
}

/// The decision about a process that claims the name of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The process is the node.
    Accepted,
    /// The process is refused: the node's data folder is this one.
    Refused(Uuid),
    /// The process is refused: this older process serves the same folder, or a copy of it.
    Double(Uuid),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_is_this_json() {
        let json = r#"{"node":"n1","zone":"z","boot_id":"00000000-0000-0000-0000-000000000001","free_bytes":5,"total_bytes":9,"stored_bytes":4,"shards":2,"state":"up","incarnation":"00000000-0000-0000-0000-000000000002"}"#;
        let heartbeat: Heartbeat = serde_json::from_str(json).unwrap();
        assert_eq!(heartbeat.state, NodeState::Up);
        assert_eq!(serde_json::to_string(&heartbeat).unwrap(), json);
        let with = |more: &str| serde_json::from_str::<Heartbeat>(&json.replace(r#""state":"up""#, more)).unwrap();
        let (folder, stalled) = (Some(Uuid::from_u128(3)), Some(Trouble::Stalled));
        let said = with(r#""state":"failed","folder":"00000000-0000-0000-0000-000000000003","trouble":"stalled""#);
        assert_eq!((said.state, said.folder, said.trouble), (NodeState::Failed, folder, stalled));
        let later = with(r#""state":"dreaming","trouble":"nightmares","more":[1]"#);
        assert_eq!((later.state, later.trouble), (NodeState::Unknown, Some(Trouble::Unknown)));
    }

    #[test]
    fn a_ruling_is_this_json() {
        let json = r#"{"incarnation":"00000000-0000-0000-0000-000000000001","verdict":{"refused":"00000000-0000-0000-0000-000000000002"}}"#;
        let ruling: Ruling = serde_json::from_str(json).unwrap();
        assert_eq!(ruling.verdict, Verdict::Refused(Uuid::from_u128(2)));
        assert_eq!(serde_json::to_string(&ruling).unwrap(), json);
    }
}
