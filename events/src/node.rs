//! Facts about storage nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{FolderId, NodeId};
use crate::lease::Term;

/// A storage node joined with a data folder. Processes that use the same name with another data folder are refused from
/// now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Joined {
    /// The name of the node.
    pub node: NodeId,
    /// The id of the node's data folder.
    pub folder: FolderId,
    /// The failure domain, such as a rack: nodes of one zone may fail together.
    pub zone: String,
    /// The node's previous data folder, which is given up with all its shards; absent if the name is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<FolderId>,
}

/// A node that was offline sends heartbeats again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Online {
    /// The name of the node.
    pub node: NodeId,
    /// The data folder it serves from.
    pub folder: FolderId,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// A node sends no heartbeats any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offline {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// The position up to which the folder was written, from the node's last heartbeat. A folder that returns with a
    /// lower position is an old copy.
    pub position: u64,
    /// The number of times that a process had started to serve from the folder by then.
    pub starts: u64,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// An operator began to drain a node: it takes no new shards, and its shards move to other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draining {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
}

/// A node that was being drained, or was removed, takes shards again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
}

/// An operator confirmed that shards on a node that the log does not name are not needed, because this log is the right
/// one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StraysConfirmed {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// The number of these shards. If there are more, they have to be confirmed again.
    pub shards: u64,
}

/// The disk of a node is full: it takes no new shards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Full {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// A node answers, but with errors or too slowly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failing {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// What is wrong.
    pub cause: Failure,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// The failure of a node that still answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Its disk reports errors.
    Errors,
    /// It takes much longer than its peers.
    Latency,
}

/// A node that was full or failing is neither any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recovered {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// An operator removed a node. Shards that are still placed on it are lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// Whether the operator allowed the removal with shards placed on the node. If not, there were none.
    pub forced: bool,
}
