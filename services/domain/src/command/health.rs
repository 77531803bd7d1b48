use events::content::Fault;
use events::ids::{ContentId, NodeId};

/// Note what some shards of a content were found to be. What is not said of others still holds.
#[derive(Debug, Clone)]
pub struct NoteHealth {
    /// The content.
    pub content: ContentId,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// What a shard was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which shard.
    pub shard: u8,
    /// The node that was asked.
    pub node: NodeId,
    /// What is wrong; nothing if the shard is what it should be.
    pub fault: Option<Fault>,
}
