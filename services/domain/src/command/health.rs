use events::content::Fault;
use events::ids::{ContentId, Generation, NodeId};
use serde::{Deserialize, Serialize};

/// Record the state in which some shards of a content were found. What is known of other shards still holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NoteHealth {
    /// The content.
    pub content: ContentId,
    /// The findings.
    pub findings: Vec<Finding>,
}

/// The state in which a shard was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The index of the shard.
    pub shard: u8,
    /// The node that was asked.
    pub node: NodeId,
    /// The generation of the shard that it was asked for. A shard that was written anew since is another one.
    pub generation: Generation,
    /// The fault; `None` if the shard is healthy.
    pub fault: Option<Fault>,
}
