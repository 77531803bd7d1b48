use events::ids::{BucketName, ObjectKey, VersionId};
use events::lock::{LegalHold, Retention};
use serde::{Deserialize, Serialize};

use super::Command;

/// Retain a version of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetRetention {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version that was checked before.
    pub version: VersionId,
    /// The new setting.
    pub retention: Option<Retention>,
    /// Whether the caller may bypass governance and requests it.
    pub bypass_governance: bool,
}

/// Set or lift the legal hold of a version.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetLegalHold {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version that was checked before.
    pub version: VersionId,
    /// The new setting.
    pub legal_hold: LegalHold,
}

impl From<SetRetention> for Command {
    fn from(set: SetRetention) -> Self {
        Self::SetRetention(Box::new(set))
    }
}

impl From<SetLegalHold> for Command {
    fn from(set: SetLegalHold) -> Self {
        Self::SetLegalHold(Box::new(set))
    }
}
