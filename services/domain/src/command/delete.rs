use events::ids::{BucketName, ObjectKey};
use jiff::Timestamp;

use super::{Command, ETags};
use crate::view::VersionName;

/// Delete an object, or one version of it.
#[derive(Debug, Clone)]
pub struct DeleteObject {
    /// Where.
    pub bucket: BucketName,
    /// Under which key.
    pub key: ObjectKey,
    /// Which version; `None` is a plain delete.
    pub version: Option<VersionName>,
    /// What must hold of what is deleted.
    pub precondition: DeletePrecondition,
    /// The asker may bypass governance, and wants to.
    pub bypass_governance: bool,
}

impl DeleteObject {
    /// A delete on no condition, which bypasses nothing.
    pub fn new(bucket: BucketName, key: ObjectKey, version: Option<VersionName>) -> Self {
        Self { bucket, key, version, precondition: DeletePrecondition::default(), bypass_governance: false }
    }
}

impl From<DeleteObject> for Command {
    fn from(delete: DeleteObject) -> Self {
        Self::DeleteObject(Box::new(delete))
    }
}

/// What must hold of what is deleted: of the version that is named, else of the newest one. Where there is none, there
/// is nothing to delete, and nothing to refuse either.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletePrecondition {
    /// One of these must be its entity tag. A delete marker has none, but is there.
    pub matches: Option<ETags>,
    /// When it was last modified, to the second.
    pub modified: Option<Timestamp>,
    /// Its bytes. A delete marker has no size, not even zero.
    pub size: Option<u64>,
}

impl DeletePrecondition {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
