//! Facts about contents: the bytes of objects, independent of the objects that refer to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ContentId, NodeId};

/// The set of faulty shards of a content changed. It replaces the previous set; with no faults the content is whole
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthChanged {
    /// The bucket to which the content was uploaded. It may have been deleted since.
    pub bucket: BucketName,
    /// The content.
    pub content: ContentId,
    /// All shards that are known to be missing or damaged, ordered by index.
    pub faults: Vec<ShardFault>,
}

/// A missing or damaged shard of a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardFault {
    /// The index of the shard, 0 to 5.
    pub shard: u8,
    /// The node that should hold the shard.
    pub node: NodeId,
    /// The kind of fault.
    pub fault: Fault,
}

/// The fault of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The write was acknowledged without this shard, and its node has not reported it since.
    Unwritten,
    /// The node does not have the shard.
    Missing,
    /// The bytes of the shard do not match their checksum.
    Damaged,
    /// The node's disk does not return the bytes of the shard.
    Unreadable,
}
