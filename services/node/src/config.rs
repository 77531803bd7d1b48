use std::path::PathBuf;

use events::ids::{NodeId, RegionName};
use shards::OwnNodes;

use crate::disk::{RESERVE_BYTES, ScrubSettings};

/// The configuration of a node.
#[derive(Debug, Clone)]
pub struct Config {
    /// The region of the node.
    pub region: RegionName,
    /// The name of the node; a data folder belongs to one name for good.
    pub node: NodeId,
    /// The failure domain: nodes of one zone may fail together.
    pub zone: String,
    /// The data folder; created if it does not exist.
    pub folder: PathBuf,
    /// Free bytes of the disk below which nothing new is stored.
    pub reserve_bytes: u64,
    /// How everything is read again and again to find what has rotted.
    pub scrub: ScrubSettings,
    /// Where gateways of the same process find the node, so that their requests need not go over NATS.
    pub own_nodes: OwnNodes,
}

impl Config {
    /// A node with the usual reserve of free space and the usual scrub.
    pub fn new(region: RegionName, node: NodeId, zone: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self {
            region,
            node,
            zone: zone.into(),
            folder: folder.into(),
            reserve_bytes: RESERVE_BYTES,
            scrub: ScrubSettings::default(),
            own_nodes: OwnNodes::default(),
        }
    }
}
