//! Object lock: what keeps a version from being deleted or changed before its time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ObjectKey, VersionId};

/// How firmly a version is retained.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetentionMode {
    /// Whoever has the right to bypass it may delete the version, or retain it less.
    Governance,
    /// Nobody may, not even root.
    Compliance,
}

/// Until when a version is retained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Retention {
    /// How firmly.
    pub mode: RetentionMode,
    /// Until this moment.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// Whether a version is held until somebody says otherwise, whatever its retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegalHold {
    /// It is.
    On,
    /// It is not, or no longer.
    Off,
}

/// What locks a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Lock {
    /// Its retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Its legal hold, if that was ever said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_hold: Option<LegalHold>,
}

/// For how long a bucket retains what is stored in it, from the moment it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// So many days of 24 hours.
    Days(u32),
    /// So many years of 365 days.
    Years(u32),
}

impl Period {
    /// Its length in days.
    pub const fn days(self) -> u32 {
        match self {
            Self::Days(days) => days,
            Self::Years(years) => years.saturating_mul(365),
        }
    }
}

/// How a bucket retains what is stored in it with no word about retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DefaultRetention {
    /// How firmly.
    pub mode: RetentionMode,
    /// For how long.
    pub period: Period,
}

/// Versions in a bucket may be locked from now on, and never stop being so; and what is the default for new ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BucketChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// How it retains what is stored in it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_retention: Option<DefaultRetention>,
}

/// A version of an object is retained longer, otherwise, or not at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionChanged {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its version id.
    pub version_id: VersionId,
    /// It is the null version.
    pub null_version: bool,
    /// What holds from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Governance was bypassed: what was retained is now retained less.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub governance_bypassed: bool,
}

/// A version of an object is held, or no longer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegalHoldChanged {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its version id.
    pub version_id: VersionId,
    /// It is the null version.
    pub null_version: bool,
    /// What holds from now on.
    pub legal_hold: LegalHold,
}
