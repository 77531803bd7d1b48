use events::ids::RegionName;
use events::replication::{Configuration, Destination};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What replication has to do with a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicationRow {
    /// It was created in this region, which another one has.
    Replica {
        /// The region that it was created in.
        region: RegionName,
    },
    /// Rules of its bucket replicate it.
    Source {
        /// To where it is still to be replicated.
        pending: Vec<Destination>,
        /// The destinations that refused it.
        failed: Vec<Destination>,
    },
}

impl ReplicationRow {
    /// The status as S3 shows it.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Replica { .. } => "REPLICA",
            Self::Source { failed, .. } if !failed.is_empty() => "FAILED",
            Self::Source { pending, .. } if !pending.is_empty() => "PENDING",
            Self::Source { .. } => "COMPLETED",
        }
    }
}

/// When the metadata of a version was last changed, by the clock of the region that changed it. A change here counts as
/// later than all that were here, whatever the clocks say: so of the changes in all regions the latest one is the same
/// everywhere (ADR 44). `None`: not since the version was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangesRow {
    /// The tags.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub tags: Option<Timestamp>,
    /// The ACL.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub acl: Option<Timestamp>,
    /// The retention.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub retention: Option<Timestamp>,
    /// The legal hold.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub legal_hold: Option<Timestamp>,
}

/// The replication of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketReplicationRow {
    /// The configuration.
    pub configuration: Configuration,
    /// The event that set it.
    pub since: u64,
    /// Up to which sequence of the log each destination has all that it is to have.
    pub progress: Vec<(Destination, u64)>,
}
