//! The condition of stored shards: `inspection` asks nodes for it, an [`Incident`] reports a shard that is missing or
//! damaged, `suspects` remembers such shards until health has recorded them, `listing` asks single nodes what is on their
//! disks.

mod incident;
mod inspection;
mod listing;
pub(crate) mod suspects;

pub use incident::{Incident, IncidentKind};
pub use inspection::{Condition, InspectedShard, Inspection};
