use events::ids::{FolderId, NodeId};
use events::node::Failure;
use serde::{Deserialize, Serialize};

/// Let a node join with its data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Say of a node that joined what it is, or what is wanted of it. Nothing happens where it is so already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeNode {
    /// The name of the node.
    pub node: NodeId,
    /// The data folder that is meant. Nothing is said of another one that joined meanwhile.
    pub folder: FolderId,
    /// What is to be said.
    pub change: NodeChange,
}

/// What is to be said of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeChange {
    /// It is heard again.
    Online,
    /// It is not heard any more.
    Offline {
        /// How far its segments were written when it was last heard.
        position: u64,
        /// How often a process had begun to serve from the folder by then.
        starts: u64,
    },
    /// It is to take no new shards, and those it has are to move.
    Drain,
    /// It is to take shards again.
    Resume,
    /// Its disk is full.
    Full,
    /// It does not serve as it should.
    Failing(Failure),
    /// It serves as it should.
    Recovered,
    /// So many shards on it of which the log says nothing are not needed.
    ConfirmStrays {
        /// Their number.
        shards: u64,
    },
    /// It is given up.
    Remove {
        /// Also if shards are placed on it.
        forced: bool,
    },
}

impl From<ChangeNode> for super::Command {
    fn from(change: ChangeNode) -> Self {
        Self::ChangeNode(Box::new(change))
    }
}
