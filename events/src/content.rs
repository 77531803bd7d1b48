//! Facts about contents: the bytes of objects, independent of the objects that refer to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ContentId, Generation, NodeId};
use crate::lease::Term;

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
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
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

/// Shards of contents were rewritten, each under its own generation. From here on, reads use the new shards,
/// and the former ones are not needed any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Placed {
    /// The bucket to which the contents were uploaded. It may have been deleted since.
    pub bucket: BucketName,
    /// The contents, each once.
    pub contents: Vec<ContentPlaced>,
    /// The sequence of the event up to which facts about nodes were known when the new nodes were chosen.
    pub chosen_at: u64,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// The shards of a content that were rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContentPlaced {
    /// The content.
    pub content: ContentId,
    /// The shards, each once.
    pub shards: Vec<ShardPlaced>,
}

/// A shard that was rewritten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardPlaced {
    /// The index of the shard, 0 to 5.
    pub shard: u8,
    /// Its former location.
    pub from: ShardPlace,
    /// Its new location. The generation names only this shard.
    pub to: ShardPlace,
    /// The reason.
    pub cause: PlaceCause,
}

/// The location and the name of a shard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ShardPlace {
    /// The node.
    pub node: NodeId,
    /// The generation that the shard was written under.
    pub generation: Generation,
}

/// The reason why a shard was rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceCause {
    /// The shard was missing or damaged.
    Fault,
    /// Its node is gone, or gave up the data folder that the shard was in.
    NodeLost,
    /// Its node is being drained.
    NodeDraining,
    /// Its node held more shards of the content than it had to.
    Spread,
    /// Its node was fuller than the other one.
    Balance,
}

/// Contents that nothing referred to any more were reclaimed. From here on, no event names them or any of their shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reclaimed {
    /// The bucket to which they were uploaded. It may have been deleted since.
    pub bucket: BucketName,
    /// The contents, each once.
    pub contents: Vec<ContentId>,
    /// A sequence by which their last references were removed: none was removed later.
    pub up_to: u64,
    /// The reason.
    pub cause: ReclaimCause,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// The reason why contents were reclaimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReclaimCause {
    /// Nothing had referred to them for the grace period.
    Unreferenced,
}
