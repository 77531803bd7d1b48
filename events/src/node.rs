//! Facts about storage nodes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{FolderId, NodeId};

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
