//! Facts about how much a bucket may hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::BucketName;

/// How full, in percent of a quota, a bucket is when a warning goes out.
pub const WARNING_PERCENT: u64 = 80;

/// How much a bucket may hold, all versions counted. What is absent is not limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Bytes, as clients count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Versions; delete markers do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
}

/// What a quota limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Bytes.
    Bytes,
    /// Versions.
    Objects,
}

impl Resource {
    /// What it is counted in, for messages.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Objects => "objects",
        }
    }
}

/// A bucket may hold more or less than before. What it holds already stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The bucket.
    pub bucket: BucketName,
    /// How much.
    pub quota: Quota,
}

/// A bucket came to hold [`WARNING_PERCENT`] of its quota or more. It is said once, until it holds less again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdReached {
    /// The bucket.
    pub bucket: BucketName,
    /// Of what.
    pub resource: Resource,
    /// How much it holds.
    pub used: u64,
    /// How much it may hold.
    pub limit: u64,
}
