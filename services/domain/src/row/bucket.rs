use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::bucket::{LogKeyFormat, Logging, Versioning};
use events::encryption::DefaultEncryption;
use events::ids::{BucketName, UserId};
use events::lifecycle::{Rule, TransitionMinimum};
use events::lock::DefaultRetention;
use events::quota::Quota;
use events::tags::Tags;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BucketReplicationRow, NotificationRow, field};

/// A bucket's identity: the sequence of the event that created it. A later bucket of the same name has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BucketId(pub u64);

/// A bucket, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRow {
    /// The identity of the bucket.
    pub id: BucketId,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The user who owns it.
    pub owner: UserId,
    /// The versioning state.
    pub versioning: Versioning,
    /// Whether the request that created the bucket named the region.
    pub location_named: bool,
    /// The event that last changed its [`BucketAccessRow`]; 0 if there is none.
    pub access: u64,
    /// The event that last changed its [`BucketSettingsRow`]; 0 if there is none.
    pub settings: u64,
}

/// The access settings of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BucketAccessRow {
    /// The bucket policy, a JSON document.
    pub policy: Option<String>,
    /// The ACL; without one only the owner has access.
    pub acl: Option<Acl>,
    /// The public access block.
    pub public_access_block: Option<PublicAccessBlock>,
    /// The object ownership, if it was set.
    pub ownership: Option<ObjectOwnership>,
    /// Whether the object ownership was removed: the default still applies but is not shown.
    pub ownership_removed: bool,
}

/// Further settings of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BucketSettingsRow {
    /// The tags.
    pub tags: Option<Tags>,
    /// The CORS rules.
    #[serde(
        serialize_with = "field::rules::serialize::<_, field::cors::RuleRow, _>",
        deserialize_with = "field::rules::deserialize::<_, field::cors::RuleRow, _>"
    )]
    pub cors: Option<Vec<events::cors::Rule>>,
    /// The object lock configuration; `None` if object lock is not enabled.
    pub object_lock: Option<ObjectLockRow>,
    /// The default encryption.
    #[serde(with = "field::encryption::by_default")]
    pub encryption: Option<DefaultEncryption>,
    /// The lifecycle rules.
    #[serde(
        serialize_with = "field::rules::serialize::<_, field::lifecycle::RuleRow, _>",
        deserialize_with = "field::rules::deserialize::<_, field::lifecycle::RuleRow, _>"
    )]
    pub lifecycle: Option<Vec<Rule>>,
    /// The default minimum object size for transitions between storage classes.
    pub transition_minimum: TransitionMinimum,
    /// Which events are sent to which targets.
    pub notifications: Vec<NotificationRow>,
    /// Whether reads are recorded, and what their owner said of the records.
    pub logging: Option<LoggingRow>,
    /// Which versions are replicated, to where, and how far that is.
    pub replication: Option<BucketReplicationRow>,
}

/// Reads of a bucket are recorded. The fields are those of [`Logging`].
#[expect(missing_docs, reason = "the fields are those of the fact")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggingRow {
    pub target_bucket: BucketName,
    pub target_prefix: String,
    pub key_format: Option<LogKeyFormat>,
}

impl From<&Logging> for LoggingRow {
    fn from(logging: &Logging) -> Self {
        let Logging { target_bucket, target_prefix, key_format } = logging.clone();
        Self { target_bucket, target_prefix, key_format }
    }
}

impl LoggingRow {
    /// The setting as the fact has it.
    pub fn logging(&self) -> Logging {
        let Self { target_bucket, target_prefix, key_format } = self.clone();
        Logging { target_bucket, target_prefix, key_format }
    }
}

/// The object lock configuration of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectLockRow {
    /// The default retention.
    pub default_retention: Option<DefaultRetention>,
}

/// The usage and the quota of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsageRow {
    /// Versions; delete markers do not count.
    pub objects: u64,
    /// Bytes, as clients count them.
    pub bytes: u64,
    /// Keys that have a current object.
    pub current: u64,
    /// Bytes of the contents that were uploaded to this bucket and that something refers to, each counted once, as nodes
    /// store them. A part of an upload in progress refers to its content, too (ADR 29).
    pub stored_bytes: u64,
    /// Bytes of the parts of uploads in progress. They count against the quota of bytes.
    pub parts_bytes: u64,
    /// The quota.
    #[serde(with = "field::quota")]
    pub quota: Quota,
    /// A warning about its bytes was given, and the cause still holds.
    pub warned_of_bytes: bool,
    /// A warning about its versions was given, and the cause still holds.
    pub warned_of_objects: bool,
}

/// A deleted bucket that had more uploads in progress than one fact ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedBucketRow {
    /// The name it had.
    pub name: BucketName,
}
