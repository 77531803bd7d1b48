//! A bucket and one of its destinations.

use std::sync::Arc;

use domain::row::{BucketId, ResyncRow};
use events::ids::BucketName;
use events::replication::{Configuration, Destination};

/// What names a lane. A later bucket of the same name is another one.
pub(crate) type LaneId = (BucketId, Destination);

/// A bucket and one of its destinations, as the state has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) bucket: BucketId,
    pub(crate) name: BucketName,
    pub(crate) destination: Destination,
    pub(crate) configuration: Arc<Configuration>,
    /// The event that set the configuration.
    pub(crate) since: u64,
    /// The sequence up to which the log says that all is there.
    pub(crate) up_to: u64,
    /// The comparison with the destination that was asked for, and how far it is.
    pub(crate) resync: Option<ResyncRow>,
}

impl Lane {
    pub(crate) fn id(&self) -> LaneId {
        (self.bucket, self.destination.clone())
    }
}
