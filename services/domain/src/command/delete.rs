use events::ids::{BucketName, ObjectKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, ETags};
use crate::view::VersionName;

/// Delete an object, or one version of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version to delete; `None` for a plain delete.
    pub version: Option<VersionName>,
    /// The precondition on the deleted version.
    pub precondition: DeletePrecondition,
    /// Whether the caller may bypass governance and requests it.
    pub bypass_governance: bool,
}

impl DeleteObject {
    /// A delete without preconditions, which does not bypass governance.
    pub fn new(bucket: BucketName, key: ObjectKey, version: Option<VersionName>) -> Self {
        Self { bucket, key, version, precondition: DeletePrecondition::default(), bypass_governance: false }
    }
}

impl From<DeleteObject> for Command {
    fn from(delete: DeleteObject) -> Self {
        Self::DeleteObject(Box::new(delete))
    }
}

/// The precondition of a delete, on the named version or else on the newest one. If there is no version, nothing is
/// deleted and nothing is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletePrecondition {
    /// The entity tag must be one of these. A delete marker has no entity tag but exists.
    pub matches: Option<ETags>,
    /// The required time of modification, to the second.
    pub modified: Option<Timestamp>,
    /// The required size in bytes. A delete marker has no size, not even zero.
    pub size: Option<u64>,
}

impl DeletePrecondition {
    /// Whether there is no precondition.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
