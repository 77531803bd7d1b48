//! Heartbeats of storage nodes and the messages about them, on core NATS. They are not facts and not on the log.

use std::time::Duration;

use events::ids::{BucketName, NodeId, RegionName};
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

/// The subject on which `node` publishes the damage that it finds.
pub fn damage_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.telemetry.damage.{node}")
}

/// The subjects of the damage that all nodes find.
pub fn damages_subject(region: &RegionName) -> String {
    format!("ps.{region}.telemetry.damage.*")
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
    /// How its disk does; nothing from a version that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<DiskReport>,
    /// How old its data folder is; nothing if the folder cannot say, or from a version that did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<FolderAge>,
    /// The call of the roll that this answers, if it answers one that has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
}

/// How old a data folder is, in what a process does to it. A copy of the folder from before has less of one of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderAge {
    /// How often a process began to serve from it.
    pub starts: u64,
    /// How often it was noted that something was written to it.
    pub position: u64,
}

impl FolderAge {
    /// Whether a folder of this age is a copy of one that became older than that.
    pub fn is_before(self, known: Self) -> bool {
        self.starts < known.starts || self.position < known.position
    }

    /// The greater of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self { starts: self.starts.max(other.starts), position: self.position.max(other.position) }
    }
}

/// How a node's disk does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiskReport {
    /// Shards that the disk could not read since the node's start, each counted once.
    pub read_errors: u64,
    /// Writes and syncs that failed since the node's start, but for lack of room.
    pub write_errors: u64,
    /// Shards that are known to be damaged or unreadable.
    pub damaged_shards: u64,
    /// How long the syncs of the last seconds took that somebody waited for, if there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<Latency>,
    /// The latency of reads; absent if there were none recently.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<Latency>,
}

/// How long operations took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50_us: u32,
    /// All but one in a hundred took no longer.
    pub p99_us: u32,
}

/// Something wrong that a node found with a shard, as JSON. It may be lost: the node lists what it knows, and whoever
/// acts on it looks first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageFound {
    /// Who found it.
    pub node: NodeId,
    /// On which data folder.
    pub folder: Uuid,
    /// The shard.
    pub shard: Uuid,
    /// The bucket whose folder holds, or held, its file; nothing for a record in a segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketName>,
    /// What is wrong.
    pub kind: DamageKind,
}

/// What is wrong with a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DamageKind {
    /// Its bytes are not those that were written.
    Damaged,
    /// The disk does not return them.
    Unreadable,
    /// Its file is gone, and the node did not drop it.
    Missing,
    /// Something that only a later version knows.
    #[serde(other)]
    Unknown,
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
    /// The process is refused: its data folder is a copy from before, and the folder itself had become this old.
    Outdated(FolderAge),
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
    fn how_the_disk_does_is_this_json() {
        let json = r#"{"read_errors":1,"write_errors":2,"damaged_shards":3,"sync":{"p50_us":40,"p99_us":50}}"#;
        let report: DiskReport = serde_json::from_str(json).unwrap();
        let latency = Latency { p50_us: 40, p99_us: 50 };
        let said = DiskReport { read_errors: 1, write_errors: 2, damaged_shards: 3, sync: Some(latency), read: None };
        assert_eq!(report, said);
        assert_eq!(serde_json::to_string(&report).unwrap(), json);
        assert_eq!(serde_json::from_str::<DiskReport>(r#"{"more":[1]}"#).unwrap(), DiskReport::default());
    }

    #[test]
    fn an_age_and_a_call_are_this_json() {
        let json = r#"{"node":"n1","zone":"z","boot_id":"00000000-0000-0000-0000-000000000001","free_bytes":5,"total_bytes":9,"stored_bytes":4,"shards":2,"state":"up","incarnation":"00000000-0000-0000-0000-000000000002","age":{"starts":3,"position":70},"call":"one.7"}"#;
        let heartbeat: Heartbeat = serde_json::from_str(json).unwrap();
        assert_eq!(heartbeat.age, Some(FolderAge { starts: 3, position: 70 }));
        assert_eq!(heartbeat.call.as_deref(), Some("one.7"));
        assert_eq!(serde_json::to_string(&heartbeat).unwrap(), json);
    }

    #[test]
    fn a_copy_from_before_has_less_of_something() {
        let known = FolderAge { starts: 3, position: 70 };
        for (starts, position, is_before) in
            [(3, 70, false), (4, 70, false), (4, 71, false), (3, 69, true), (2, 70, true), (9, 69, true)]
        {
            assert_eq!(FolderAge { starts, position }.is_before(known), is_before, "{starts} {position}");
        }
    }

    #[test]
    fn damage_that_was_found_is_this_json() {
        let json = r#"{"node":"n1","folder":"00000000-0000-0000-0000-000000000001","shard":"00000000-0000-0000-0000-000000000002","bucket":"photos","kind":"missing"}"#;
        let found: DamageFound = serde_json::from_str(json).unwrap();
        assert_eq!((found.kind, found.bucket.as_ref().map(BucketName::as_str)), (DamageKind::Missing, Some("photos")));
        assert_eq!(serde_json::to_string(&found).unwrap(), json);
        let later = json.replace("missing", "cursed").replace(r#","bucket":"photos""#, "");
        let found: DamageFound = serde_json::from_str(&later).unwrap();
        assert_eq!((found.kind, found.bucket), (DamageKind::Unknown, None));
    }

    #[test]
    fn a_ruling_is_this_json() {
        let json = r#"{"incarnation":"00000000-0000-0000-0000-000000000001","verdict":{"refused":"00000000-0000-0000-0000-000000000002"}}"#;
        let ruling: Ruling = serde_json::from_str(json).unwrap();
        assert_eq!(ruling.verdict, Verdict::Refused(Uuid::from_u128(2)));
        assert_eq!(serde_json::to_string(&ruling).unwrap(), json);
    }
}
