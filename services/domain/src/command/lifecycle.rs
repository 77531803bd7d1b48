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
    /// Under which key.
    pub key: ObjectKey,
    /// Which version.
    pub version: VersionId,
    /// How long a day is.
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
    /// Which upload.
    pub upload: UploadId,
    /// How long a day is.
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
