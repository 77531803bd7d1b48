use events::ids::{BucketName, Md5Digest, ObjectKey, PART_NUMBER_MAX, Salt, UploadId, VersionId};
use events::object::Checksum;
use serde::{Deserialize, Serialize};

use super::{Command, NewBody, Precondition};

/// The smallest size of a part that is not the last: S3's limit.
pub const PART_BYTES_MIN: u64 = 5 * 1024 * 1024;

/// The largest size of an object: S3's limit, 50 TB.
pub const OBJECT_BYTES_MAX: u64 = 50 * 1024 * 1024 * 1024 * 1024;

/// The maximum number of parts of an object: S3's limit.
pub const PARTS_MAX: u16 = PART_NUMBER_MAX;

/// Append bytes to an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AppendObject {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version that the sums below, or a derived key, were computed from; `None` if nothing was.
    pub version: Option<VersionId>,
    /// The present size of the object. Since every append changes it, version and offset name one state of the object.
    pub offset: u64,
    /// The number of bytes to append, at least one.
    pub size: u64,
    /// Their entity tag.
    pub md5: Md5Digest,
    /// The location of the new bytes.
    pub body: NewBody,
    /// Their checksum.
    pub checksum: Option<Checksum>,
    /// The salt that derives the key of their content from the object's key, if they are encrypted.
    pub salt: Option<Salt>,
    /// The object's entity tag after the append, without the number of its parts.
    pub whole_md5: Md5Digest,
    /// The checksum of all its bytes after the append.
    pub whole_checksum: Option<Checksum>,
    /// A fresh upload id, for an object that has no parts of its own yet.
    pub upload: UploadId,
    /// The precondition on the object.
    pub precondition: Precondition,
}

impl From<AppendObject> for Command {
    fn from(append: AppendObject) -> Self {
        Self::AppendObject(Box::new(append))
    }
}
