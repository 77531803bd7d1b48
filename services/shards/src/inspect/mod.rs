//! The condition of stored shards: `inspection` asks nodes for it, an [`Incident`] reports a shard that is missing or
//! damaged, `suspects` remembers such shards until health has recorded them.

mod incident;
mod inspection;
pub(crate) mod suspects;

pub use incident::{Incident, IncidentKind};
pub use inspection::{Condition, InspectedShard, Inspection};
