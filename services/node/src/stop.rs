//! The request to stop a node.

use events::ids::{NodeId, RegionName};

/// The payload that asks a node to stop.
pub const STOP: &[u8] = b"stop";

/// The reply to [`STOP`], once the node accepts no more requests and has answered all accepted ones.
pub const STOPPED: &[u8] = b"stopped";

/// The control subject of a node, on which it receives [`STOP`] and rulings.
pub fn control_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.control.{node}")
}
