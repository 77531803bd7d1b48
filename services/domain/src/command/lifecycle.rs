use events::ids::{BucketName, ObjectKey, UploadId, VersionId};
use serde::{Deserialize, Serialize};

use super::Command;
use crate::lifecycle::Day;
use crate::row::BucketId;

/// Expire a version, if a rule of its bucket does. The rules are checked again, on the state before the fact.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Expire {
    /// The bucket.
    pub bucket: BucketName,
    /// The identity of the bucket that was read.
    pub id: BucketId,
    /// The object's key.
    pub key: ObjectKey,
    /// The version.
    pub version: VersionId,
    /// The length of a day.
    pub day: Day,
}

/// Abort an upload, if a rule of its bucket does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AbortExpired {
    /// The bucket.
    pub bucket: BucketName,
    /// The identity of the bucket that was read.
    pub id: BucketId,
    /// The key that the object would have had.
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
