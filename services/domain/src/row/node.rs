use events::ids::FolderId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A storage node, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRow {
    /// The data folder that is the node.
    pub folder: FolderId,
    /// The failure domain at the time of joining.
    pub zone: String,
    /// The time at which the folder joined.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub joined: Timestamp,
    /// The event with which it joined.
    pub sequence: u64,
}
