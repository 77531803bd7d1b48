//! Object lock: retention and legal holds, which protect versions from being deleted.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ObjectKey, VersionId};
use crate::replication::ReplicaOf;

/// The retention mode of a version.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-retention-modes>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetentionMode {
    /// Users with the right to bypass governance may delete the version or shorten its retention.
    Governance,
    /// Nobody may delete the version or shorten its retention, not even root.
    Compliance,
}

/// The retention of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Retention {
    /// The retention mode.
    pub mode: RetentionMode,
    /// The end of the retention.
    #[schemars(with = "String")]
    pub until: Timestamp,
}

/// A legal hold, which protects a version until it is lifted, independent of retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegalHold {
    /// The version is held.
    On,
    /// The version is not held.
    Off,
}

/// The object lock of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Lock {
    /// The retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// The legal hold, if it was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_hold: Option<LegalHold>,
}

/// What the retention of a version came of. In every region the changes of all regions give the same one, whatever the
/// order in which they arrive (ADR 44): of two states the later reset counts, and of one reset the latest end. An end in
/// compliance mode is never lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RetentionState {
    /// When the retention was last changed other than by making it stricter or longer; absent if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub reset: Option<Timestamp>,
    /// The latest end in governance mode that was set since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub governance: Option<Timestamp>,
    /// The latest end in compliance mode that was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub compliance: Option<Timestamp>,
}

impl RetentionState {
    /// The state of a version whose retention was never changed.
    pub fn of(retention: Option<Retention>) -> Self {
        let end = |mode| retention.filter(|retention| retention.mode == mode).map(|retention| retention.until);
        Self { reset: None, governance: end(RetentionMode::Governance), compliance: end(RetentionMode::Compliance) }
    }

    /// The retention: in compliance mode if that had not ended at the last reset.
    pub fn retention(self) -> Option<Retention> {
        match self.compliance.filter(|until| self.reset.is_none_or(|reset| *until > reset)) {
            Some(until) => {
                let until = self.governance.map_or(until, |governance| governance.max(until));
                Some(Retention { mode: RetentionMode::Compliance, until })
            }
            None => self.governance.map(|until| Retention { mode: RetentionMode::Governance, until }),
        }
    }

    /// The state after a change in this region at a time that is later than the last reset.
    #[must_use]
    pub fn changed(self, to: Option<Retention>, at: Timestamp) -> Self {
        let new = Self::of(to);
        let stricter = Self { reset: self.reset, ..self.merged(Self { reset: self.reset, ..new }) };
        if to.is_some() && stricter.retention() == to {
            return stricter;
        }
        Self { reset: Some(at), governance: new.governance, compliance: self.compliance.max(new.compliance) }
    }

    /// What this state and that of another region give.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let (reset, governance) = (self.reset, self.governance).max((other.reset, other.governance));
        Self { reset, governance, compliance: self.compliance.max(other.compliance) }
    }
}

/// The default retention period of a bucket, which starts when an object is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A number of days of 24 hours.
    Days(u32),
    /// A number of years of 365 days.
    Years(u32),
}

impl Period {
    /// The length of the period in days.
    pub const fn days(self) -> u32 {
        match self {
            Self::Days(days) => days,
            Self::Years(years) => years.saturating_mul(365),
        }
    }
}

/// The default retention of a bucket, used for requests that specify none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct DefaultRetention {
    /// The retention mode.
    pub mode: RetentionMode,
    /// The retention period.
    pub period: Period,
}

/// Object lock was enabled for a bucket, which cannot be undone, or its default retention was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BucketChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The new default retention.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_retention: Option<DefaultRetention>,
}

/// The retention of a version was set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetentionChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id.
    pub version_id: VersionId,
    /// Whether this is the null version.
    pub null_version: bool,
    /// The new setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Governance mode was bypassed to shorten or remove the retention.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub governance_bypassed: bool,
    /// Where the change was made; absent if it was made in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<ReplicaOf>>,
}

/// The legal hold of a version was set or lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegalHoldChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id.
    pub version_id: VersionId,
    /// Whether this is the null version.
    pub null_version: bool,
    /// The new setting.
    pub legal_hold: LegalHold,
    /// Where the change was made; absent if it was made in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<ReplicaOf>>,
}
