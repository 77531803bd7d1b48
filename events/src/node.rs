//! Facts about storage nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{FolderId, NodeId};

/// A node joined with a data folder: from now on that folder is the node, and a process that serves from another one
/// under the same name is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Joined {
    /// Its name.
    pub node: NodeId,
    /// Its data folder.
    pub folder: FolderId,
    /// What it shares power or a rack with: nodes of one zone may fail together.
    pub zone: String,
    /// The folder it had before, given up with all shards in it; absent when the name is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<FolderId>,
}
