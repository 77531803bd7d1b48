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
    /// Which start of the node; a new one each time its process starts.
    pub incarnation: Uuid,
}

/// Whether a node takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It does.
    Up,
    /// Its disk failed: it does not, and what it returns is what still can be read.
    Failed,
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
    }
}
