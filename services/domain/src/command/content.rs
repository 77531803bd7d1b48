use events::content::{ContentPlaced, ReclaimCause};
use events::ids::{BucketName, ContentId, RegionName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Command;

/// Have shards read where they were written anew. Those of which something else holds by now are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlaceShards {
    /// The bucket to which the contents were uploaded.
    pub bucket: BucketName,
    /// The contents, each once, with their shards.
    pub contents: Vec<ContentPlaced>,
    /// The sequence of the event up to which facts about nodes were known when the new nodes were chosen.
    pub chosen_at: u64,
}

/// End contents that nothing refers to. Those that something refers to, or did later, are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReclaimContents {
    /// The bucket to which they were uploaded.
    pub bucket: BucketName,
    /// The contents.
    pub contents: Vec<ContentId>,
    /// The sequence of the last event that may have taken their last references.
    pub up_to: u64,
    /// The reason.
    pub cause: ReclaimCause,
}

/// Let no event name what was uploaded before a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveHorizon {
    /// The region.
    pub region: RegionName,
    /// The moment.
    pub before: Timestamp,
    /// The longest time that an upload may take from now on, in seconds.
    pub upload_seconds: u32,
}

impl From<PlaceShards> for Command {
    fn from(place: PlaceShards) -> Self {
        Self::PlaceShards(Box::new(place))
    }
}

impl From<ReclaimContents> for Command {
    fn from(reclaim: ReclaimContents) -> Self {
        Self::ReclaimContents(Box::new(reclaim))
    }
}

impl From<MoveHorizon> for Command {
    fn from(horizon: MoveHorizon) -> Self {
        Self::MoveHorizon(Box::new(horizon))
    }
}
