use events::ids::{BucketName, Generation, Layout, NodeId, Sha256Digest};

/// A shard is not where, or not what, its content's placement says. Whoever listens owes the content a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The bucket in whose folder the shard belongs.
    pub bucket: BucketName,
    /// The content's hash, where the shard was asked for; a write need not know it.
    pub sha256: Option<Sha256Digest>,
    /// The content's generation. Its event may not be in the log yet, nor ever come.
    pub generation: Generation,
    /// How the content is cut.
    pub layout: Layout,
    /// Which shard.
    pub shard: u8,
    /// Where it should be.
    pub node: NodeId,
    /// What is wrong.
    pub kind: IncidentKind,
}

/// What is wrong with a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IncidentKind {
    /// The write was acked without it, and then it failed.
    Unwritten,
    /// Its node does not have it, or not all of it.
    Missing,
    /// Its bytes do not match their checksum.
    Damaged,
    /// Its node's disk cannot read it.
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
