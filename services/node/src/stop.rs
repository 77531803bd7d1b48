use events::ids::{NodeId, RegionName};

/// The payload that asks a node to stop.
pub const STOP: &[u8] = b"stop";

/// The answer, once the node takes no more requests and all it took are answered.
pub const STOPPED: &[u8] = b"stopped";

/// The subject on which a node is told to stop.
pub fn control_subject(region: &RegionName, node: &NodeId) -> String {
    format!("ps.{region}.control.{node}")
}
