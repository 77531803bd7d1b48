use events::access::Acl;
use events::encryption::Encryption;
use events::ids::{BucketName, ETag, Md5Digest, ObjectKey, PartNumber, Salt, UploadId, UserId};
use events::lock::Lock;
use events::object::{Attributes, Checksum};
use events::upload::ChecksumPlan;
use serde::{Deserialize, Serialize};

use super::{NewBody, Precondition};

/// Create a multipart upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `upload.created`")]
pub struct CreateUpload {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub upload: UploadId,
    pub attributes: Attributes,
    pub checksum: Option<ChecksumPlan>,
    pub encryption: Option<Encryption>,
    pub initiator: Option<UserId>,
    pub owner: Option<UserId>,
    pub acl: Option<Acl>,
    pub lock: Lock,
}

/// Store a part.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of `upload.part_stored`")]
pub struct StorePart {
    pub bucket: BucketName,
    pub key: ObjectKey,
    pub upload: UploadId,
    pub number: PartNumber,
    pub size: u64,
    pub md5: Md5Digest,
    pub body: NewBody,
    pub checksum: Option<Checksum>,
    pub salt: Option<Salt>,
}

/// Complete a multipart upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompleteUpload {
    /// The bucket.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The upload.
    pub upload: UploadId,
    /// The parts to use, each with the MD5 by which the caller knows it.
    pub parts: Vec<(PartNumber, Md5Digest)>,
    /// The object's entity tag, derived from those MD5s.
    pub etag: ETag,
    /// The object's checksum, derived from those of the parts.
    pub checksum: Option<Checksum>,
    /// The precondition on the key's current object.
    pub precondition: Precondition,
}
