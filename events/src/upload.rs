//! Facts about multipart uploads. The end of one is an `object.created` whose body names the upload.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Acl;
use crate::encryption::Encryption;
use crate::ids::{BucketName, Md5Digest, ObjectKey, PartNumber, Salt, UploadId, UserId};
use crate::lock::Lock;
use crate::object::{Attributes, Body, Checksum, ChecksumAlgorithm, ChecksumType};

/// The checksum of a multipart upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChecksumPlan {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// The scope of the object's checksum.
    #[serde(rename = "type")]
    pub kind: ChecksumType,
}

/// A multipart upload was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The upload id.
    pub upload_id: UploadId,
    /// Metadata for the object from the client.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// The checksum that the client requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<ChecksumPlan>,
    /// The encryption, if the object is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// The user who created the upload; absent if the request was anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator: Option<UserId>,
    /// The owner of the future object, unless it is the bucket's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// The ACL of the future object, unless it is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// The object lock of the future object.
    #[serde(flatten)]
    pub lock: Lock,
}

/// A part was stored. It replaces an earlier part with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartStored {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The upload id.
    pub upload_id: UploadId,
    /// The part number.
    pub part_number: PartNumber,
    /// The size in bytes.
    pub size: u64,
    /// The entity tag: the MD5 of the bytes, or a keyed hash of it where the MD5 would reveal something about encrypted
    /// bytes.
    pub md5: Md5Digest,
    /// The location of the part's bytes; never parts of another upload.
    pub body: Body,
    /// The checksum of the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// The salt that derives the key of the part's content from the object's key, if it is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// A multipart upload was aborted with all its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Aborted {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The upload id.
    pub upload_id: UploadId,
    /// The lifecycle rule that caused this; absent if a client requested it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<String>,
}

/// Parts that nothing refers to any more released their contents. A few parts are released by the fact that ended them;
/// many parts are released by several facts like this one, so that no fact changes more than a few hundred rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartsReleased {
    /// The bucket of the last reference to the parts.
    pub bucket: BucketName,
    /// The owner of the parts.
    pub from: ReleasedFrom,
    /// The maximum number of parts, and of uploads without parts, that this fact releases, in order of their numbers.
    pub max: u16,
}

/// The owner of released parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReleasedFrom {
    /// The parts of an aborted upload, those of a deleted object, or those that a completed upload left out.
    Upload {
        /// The upload.
        upload_id: UploadId,
    },
    /// The parts of all uploads that were in progress in a bucket when it was deleted.
    Bucket {
        /// The sequence of the event that created the bucket, because another bucket may have the same name.
        created: u64,
    },
}
