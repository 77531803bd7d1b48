//! Reports of shards that are missing or damaged.

use events::ids::{BucketName, Generation, Layout, NodeId, Sha256Digest};

/// A shard that is missing or damaged. The receiver records it, so that the content can be repaired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The bucket in whose folder the shard belongs.
    pub bucket: BucketName,
    /// SHA-256 of the content; `None` if a write reports the incident before it knows the hash.
    pub sha256: Option<Sha256Digest>,
    /// The generation of the content. Its event may not be on the log yet, or may never be.
    pub generation: Generation,
    /// The layout of the content.
    pub layout: Layout,
    /// The index of the shard.
    pub shard: u8,
    /// The generation of the shard that was requested. A shard that was written anew has another one.
    pub shard_generation: Generation,
    /// The node on which the placement puts the shard.
    pub node: NodeId,
    /// The kind of the fault.
    pub kind: IncidentKind,
}

/// The kind of a fault of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IncidentKind {
    /// The write was acknowledged without the shard, and then the shard failed.
    Unwritten,
    /// The node does not have the shard, or not all of its pieces.
    Missing,
    /// The bytes of the shard do not match their checksum or tag.
    Damaged,
    /// The disk of the node cannot read the shard.
    Unreadable,
}

impl IncidentKind {
    /// The kind as a metrics label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unwritten => "unwritten",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Unreadable => "unreadable",
        }
    }
}
