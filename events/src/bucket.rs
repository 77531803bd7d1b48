//! Facts about buckets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Acl, ObjectOwnership, PublicAccessBlock};
use crate::cors;
use crate::encryption::DefaultEncryption;
use crate::ids::{BucketName, RegionName, UserId};
use crate::lifecycle;
use crate::notification;
use crate::tags::Tags;

/// The versioning state of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Versioning {
    /// Versioning was never enabled: each key has one version, the null version.
    #[default]
    Unversioned,
    /// Every write creates a version with its own id.
    Enabled,
    /// Writes replace the null version; older versions stay.
    Suspended,
}

/// A bucket was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The bucket.
    pub bucket: BucketName,
    /// The user who owns the bucket.
    pub owner: UserId,
    /// The ACL, unless it is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// The object ownership, if the request specified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<ObjectOwnership>,
    /// Object lock is enabled, and with it versioning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub object_lock: bool,
    /// The location constraint, if the request specified it; always this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<RegionName>,
    /// The bucket's initial tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// An empty bucket was deleted, along with the multipart uploads that were still in progress in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The bucket.
    pub bucket: BucketName,
}

/// The versioning of a bucket was enabled or suspended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersioningChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new setting.
    pub versioning: Versioning,
}

/// The policy of a bucket was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The JSON document as the client sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// The ACL of a bucket was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AclChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new ACL.
    pub acl: Acl,
}

/// The public access block of a bucket was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicAccessChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_access_block: Option<PublicAccessBlock>,
}

/// The object ownership of a bucket was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnershipChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<ObjectOwnership>,
}

/// The tags of a bucket were set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagsChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
}

/// The CORS configuration of a bucket was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CorsChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new rules, in the order in which they are evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<cors::Rule>>,
}

/// The default encryption of a bucket was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EncryptionChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<DefaultEncryption>,
}

/// The lifecycle rules of a bucket were set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LifecycleChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<lifecycle::Rule>>,
    /// The default minimum object size for transitions between storage classes.
    #[serde(default, skip_serializing_if = "lifecycle::TransitionMinimum::is_default")]
    pub transition_minimum: lifecycle::TransitionMinimum,
}

/// The recording of a bucket's reads was enabled or disabled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoggingChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new setting; absent if reads are not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logging: Option<Logging>,
}

/// The recording of a bucket's reads, outside of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Logging {
    /// The bucket that the owner named for the records.
    pub target_bucket: BucketName,
    /// The prefix of the keys that the owner specified for the records.
    pub target_prefix: String,
    /// The format of these keys after the prefix, if the owner specified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_format: Option<LogKeyFormat>,
}

/// The format of the keys of records after their prefix, as S3 names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogKeyFormat {
    /// `SimplePrefix`.
    Simple,
    /// `PartitionedPrefix` by the times of events.
    ByEventTime,
    /// `PartitionedPrefix` by the times of delivery.
    ByDeliveryTime,
}

/// The notification configuration of a bucket was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotificationsChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new rules; empty if nothing is sent.
    pub rules: Vec<notification::Rule>,
}
