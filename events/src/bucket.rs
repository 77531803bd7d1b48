//! Facts about buckets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::BucketName;

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
    /// The access key of who made it.
    pub owner: String,
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
