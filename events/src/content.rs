//! Facts about contents: what objects' bytes are, apart from the objects.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ContentId, NodeId};

/// It became known which shards of a content are not what its placement says. It holds until the next such fact of
/// the same content; with no faults the content is whole again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthChanged {
    /// The bucket that the content was uploaded to. It may be gone by now.
    pub bucket: BucketName,
    /// The content.
    pub content: ContentId,
    /// Every shard that is known not to be there, or not to be right, in order of the shards.
    pub faults: Vec<ShardFault>,
}

/// A shard that is not what its content's placement says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardFault {
    /// Its index, 0 to 5.
    pub shard: u8,
    /// The node that should have it.
    pub node: NodeId,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The write was acked without it, and its node has not shown it since.
    Unwritten,
    /// Its node does not have it.
    Missing,
    /// Its bytes do not match their checksum.
    Damaged,
    /// Its node's disk does not return its bytes.
    Unreadable,
}
