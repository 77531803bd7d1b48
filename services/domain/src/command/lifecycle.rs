use events::ids::{BucketName, ObjectKey, UploadId, VersionId};

use super::Command;
use crate::lifecycle::Day;
use crate::row::BucketId;

/// End a version if a rule of its bucket does. Whether one does is found out anew, on the state before the fact.
#[derive(Debug, Clone)]
pub struct Expire {
    /// Where.
    pub bucket: BucketName,
    /// The very bucket that was looked at.
    pub id: BucketId,
    /// The object's key.
    pub key: ObjectKey,
    /// The version.
    pub version: VersionId,
    /// The length of a day.
    pub day: Day,
}

/// Give an upload up if a rule of its bucket does.
#[derive(Debug, Clone)]
pub struct AbortExpired {
    /// Where.
    pub bucket: BucketName,
    /// The very bucket that was looked at.
    pub id: BucketId,
    /// The key the object would have had.
    pub key: ObjectKey,
    /// The upload.
    pub upload: UploadId,
    /// The length of a day.
    pub day: Day,
}

impl From<Expire> for Command {
    fn from(expire: Expire) -> Self {
        Self::Expire(Box::new(expire))
    }
}

impl From<AbortExpired> for Command {
    fn from(abort: AbortExpired) -> Self {
        Self::AbortExpired(Box::new(abort))
    }
}
