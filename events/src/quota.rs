//! Facts about the quotas of buckets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::BucketName;

/// The usage, in percent of a quota, at which a warning is recorded.
pub const WARNING_PERCENT: u64 = 80;

/// The quota of a bucket, which counts all versions. An absent value is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// The maximum number of bytes, as seen by clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The maximum number of versions; delete markers do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
}

/// The resource that a quota limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// The bytes in the bucket.
    Bytes,
    /// The versions in the bucket.
    Objects,
}

impl Resource {
    /// The unit for messages.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Objects => "objects",
        }
    }
}

/// The quota of a bucket was set or removed. Existing objects stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The bucket.
    pub bucket: BucketName,
    /// The new quota.
    pub quota: Quota,
}

/// The usage of a bucket reached 80 % of its quota. This is recorded once, until the usage falls below that again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdReached {
    /// The bucket.
    pub bucket: BucketName,
    /// The resource.
    pub resource: Resource,
    /// The present usage.
    pub used: u64,
    /// The quota.
    pub limit: u64,
}
