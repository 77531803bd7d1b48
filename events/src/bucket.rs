//! Facts about buckets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{Acl, ObjectOwnership, PublicAccessBlock};
use crate::cors;
use crate::encryption::DefaultEncryption;
use crate::ids::{BucketName, RegionName, UserId};
use crate::lifecycle;
use crate::tags::Tags;

/// Whether a bucket keeps what is overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Versioning {
    /// Never asked for: one version a key, the null one.
    #[default]
    Unversioned,
    /// Every write makes a version with an id of its own.
    Enabled,
    /// Writes replace the null version; versions made before stay.
    Suspended,
}

/// A bucket was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The bucket.
    pub bucket: BucketName,
    /// The user who owns it.
    pub owner: UserId,
    /// Its ACL, if it is not the private one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// Who owns what is stored in it, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<ObjectOwnership>,
    /// Versions in it may be locked, so it keeps versions from the start.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub object_lock: bool,
    /// The region it was to be made in, if that was said: this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<RegionName>,
    /// What it carries from the start.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// An empty bucket was removed, and with it the uploads that were still open in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The bucket.
    pub bucket: BucketName,
}

/// A bucket's versioning was switched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VersioningChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// What holds from now on.
    pub versioning: Versioning,
}

/// A bucket has another policy, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The JSON document, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

/// A bucket has another ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AclChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// What it grants.
    pub acl: Acl,
}

/// What keeps a bucket from becoming public changed, or is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicAccessChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// What holds from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_access_block: Option<PublicAccessBlock>,
}

/// Who owns what others store in a bucket changed, or is left to the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnershipChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// What holds from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ownership: Option<ObjectOwnership>,
}

/// A bucket has other tags, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagsChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// What it carries from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
}

/// Which pages of other origins may use a bucket changed, or is not said any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CorsChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The rules from now on, in the order in which they are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<cors::Rule>>,
}

/// What a bucket encrypts new objects with changed, or is nothing again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EncryptionChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// What holds from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<DefaultEncryption>,
}

/// A bucket ends what is in it by other rules, or by none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LifecycleChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The rules that hold from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<lifecycle::Rule>>,
    /// What is too small to move between storage classes, where a rule does not say.
    #[serde(default, skip_serializing_if = "lifecycle::TransitionMinimum::is_default")]
    pub transition_minimum: lifecycle::TransitionMinimum,
}
