//! What storage nodes say about themselves, on core NATS: chatter, not facts.

use std::time::Duration;

use events::ids::{NodeId, RegionName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How often a node sends its heartbeat.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// Silence after which a node counts as offline.
pub const HEARTBEAT_SILENCE_MAX: Duration = Duration::from_secs(3);

/// Where `node` sends its heartbeats.
pub fn heartbeat_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.telemetry.node.{node}")
}

/// Where all nodes' heartbeats are heard.
pub fn heartbeats_subject(region: &RegionName) -> String {
    format!("ps.{region}.telemetry.node.*")
}

/// A message here, whatever is in it, asks every node for a heartbeat at once.
pub fn rollcall_subject(region: &RegionName) -> String {
    format!("ps.{region}.telemetry.rollcall")
}

/// A node's heartbeat, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Who.
    pub node: NodeId,
    /// Where: nodes of one zone may fail together.
    pub zone: String,
    /// Which start of which host: two processes with the same boot id share a host (or its containers).
    pub boot_id: Uuid,
    /// Bytes that can still be stored.
    pub free_bytes: u64,
    /// Bytes of the disk.
    pub total_bytes: u64,
    /// Bytes that shards take.
    pub stored_bytes: u64,
    /// How many shards are stored.
    pub shards: u64,
    /// Whether it takes writes.
    pub state: NodeState,
    /// Which start of the node; a new one each time its process starts, and greater than those before.
    pub incarnation: Uuid,
    /// Which data folder it serves from; nothing from a version that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<Uuid>,
    /// Why it takes no writes, if it can say more than its state does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// Whether a node takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It does.
    Up,
    /// It does not, and what it returns is what still can be read: its disk failed, or [`Heartbeat::trouble`] says
    /// what it is.
    Failed,
    /// A state that only a later version knows. Such a node is left alone with writes.
    #[serde(other)]
    Unknown,
}

/// Why a node takes no writes. Versions that do not know it see [`NodeState::Failed`] beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// A write has waited for its disk for too long. It takes writes again once the disk answers.
    Stalled,
    /// A gateway has told it that another folder is known for its name.
    Refused,
    /// Something that only a later version knows.
    #[serde(other)]
    Unknown,
}

/// What a gateway tells a process that claims the name of a node, on the node's control subject, as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Which process; others ignore it.
    pub incarnation: Uuid,
    /// What is held of it.
    pub verdict: Verdict,
}

/// What a gateway holds of a process that claims the name of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is the node.
    Accepted,
    /// The node's folder is this other one.
    Refused(Uuid),
    /// This older process serves from the same folder, or from a copy of it.
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
