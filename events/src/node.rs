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

/// A node is heard again after it was offline.
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

/// A node is not heard any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Offline {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// How far the folder was written when the node was last heard, as its heartbeats count it. A folder that comes back
    /// with less is an old copy.
    pub position: u64,
    /// How often a process had begun to serve from the folder by then.
    pub starts: u64,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// An operator has a node emptied: it takes no new shards, and those it has move to other nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Draining {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
}

/// A node that was being emptied, or was removed, takes shards again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
}

/// An operator confirmed that shards on a node of which the log says nothing are not needed: the log is the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StraysConfirmed {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// The number of these shards. More of them have to be confirmed again.
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

/// A node answers, and not as it should.
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

/// An operator gave a node up. Whatever is placed on it still is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// The name of the node.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// Whether the operator said that it may be removed with shards on it. If not, there were none.
    pub forced: bool,
}
