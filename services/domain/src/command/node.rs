use events::ids::{FolderId, NodeId};

/// Let a node join with its data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinNode {
    /// The name of the node.
    pub node: NodeId,
    /// The data folder it serves from.
    pub folder: FolderId,
    /// The failure domain of the node.
    pub zone: String,
    /// The folder that is replaced and given up, if there was one.
    pub replaces: Option<FolderId>,
}

impl From<JoinNode> for super::Command {
    fn from(join: JoinNode) -> Self {
        Self::JoinNode(Box::new(join))
    }
}
