use events::ids::{ObjectKey, RegionName, VersionId};
use events::lock::RetentionState;
use events::replica::{ObjectState, State};
use events::replication::{Changes, Configuration, Destination};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BucketId, VersionRow, field};

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
        #[serde(with = "field::replication::destinations")]
        pending: Vec<Destination>,
        /// The destinations that refused it.
        #[serde(with = "field::replication::destinations")]
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

/// When the metadata of a version was last changed. The fields are those of [`Changes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangesRow {
    /// The tags.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub tags: Option<Timestamp>,
    /// The legal hold.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub legal_hold: Option<Timestamp>,
    /// What the retention came of.
    #[serde(with = "field::retention_state")]
    pub retention: Option<RetentionState>,
}

impl ChangesRow {
    /// The same as facts and other regions have it.
    pub fn changes(self) -> Changes {
        Changes { tags: self.tags, legal_hold: self.legal_hold, retention: self.retention }
    }
}

impl From<Changes> for ChangesRow {
    fn from(changes: Changes) -> Self {
        Self { tags: changes.tags, legal_hold: changes.legal_hold, retention: changes.retention }
    }
}

/// A version that was deleted for good, and is not taken from another region again, however late it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedRow {
    /// The version. Of null versions, that and all with lesser ids.
    pub version: VersionId,
    /// The event that deleted it.
    pub sequence: u64,
}

/// Under which name a version that was deleted is known. They are forgotten in the order of their deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovedNameRow {
    /// The bucket.
    pub bucket: BucketId,
    /// The key.
    pub key: ObjectKey,
    /// The version, or [`NULL_REMOVED`].
    pub version: VersionId,
    /// When it was deleted here.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub at: Timestamp,
}

/// The name of the null versions of a key that were deleted. No version has this id.
pub const NULL_REMOVED: VersionId = VersionId::MIN;

/// The replication of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketReplicationRow {
    /// The configuration.
    #[serde(with = "field::replication::configuration")]
    pub configuration: Configuration,
    /// The event that set it.
    pub since: u64,
    /// Up to which sequence of the log each destination has all that it is to have.
    #[serde(with = "field::replication::progress")]
    pub progress: Vec<(Destination, u64)>,
    /// The destinations that the bucket is being compared with, and how far.
    #[serde(with = "field::replication::resyncs")]
    pub resyncs: Vec<(Destination, ResyncRow)>,
}

/// How far a bucket was compared with a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResyncRow {
    /// The event that asked for it.
    pub asked: u64,
    /// The last version that was compared.
    pub up_to: Option<(ObjectKey, VersionId)>,
    /// Whether only versions are compared that are still to be replicated there. A destination that is new may have been one
    /// before.
    pub only_pending: bool,
}

impl VersionRow {
    /// What regions compare of a version.
    pub fn replica_state(&self) -> State<'_> {
        let object = self.object.as_ref().map(|object| ObjectState {
            size: object.size,
            etag: object.etag,
            tags: &object.attributes.tags,
            lock: object.lock,
            changes: object.changes.changes(),
        });
        State { null_version: self.null, object }
    }
}
