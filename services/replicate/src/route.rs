//! A bucket and one of its destinations.

use std::sync::Arc;

use domain::row::{BucketId, ResyncRow};
use events::ids::BucketName;
use events::replication::{Configuration, Destination};

/// What names a route. A later bucket of the same name is another one.
pub(crate) type RouteId = (BucketId, Destination);

/// A bucket and one of its destinations, as the state has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
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

impl Route {
    pub(crate) fn id(&self) -> RouteId {
        (self.bucket, self.destination.clone())
    }
}
