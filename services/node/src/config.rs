use std::path::PathBuf;

use events::ids::{NodeId, RegionName};

use crate::disk::RESERVE_BYTES;

/// Who a node is and where it keeps its shards.
#[derive(Debug, Clone)]
pub struct Config {
    /// The region it serves.
    pub region: RegionName,
    /// Its name; a data folder belongs to one name for good.
    pub node: NodeId,
    /// What it shares power or a rack with: nodes of one zone may fail together.
    pub zone: String,
    /// Its data folder, made if it is missing.
    pub folder: PathBuf,
    /// Free bytes of the disk below which nothing new is stored.
    pub reserve_bytes: u64,
}

impl Config {
    /// A node with the usual reserve of free space.
    pub fn new(region: RegionName, node: NodeId, zone: impl Into<String>, folder: impl Into<PathBuf>) -> Self {
        Self { region, node, zone: zone.into(), folder: folder.into(), reserve_bytes: RESERVE_BYTES }
    }
}
