//! Facts about multipart uploads. The end of one is an `object.created` whose body names the upload.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Acl;
use crate::encryption::Encryption;
use crate::ids::{BucketName, Md5Digest, ObjectKey, PartNumber, Salt, UploadId, UserId};
use crate::lock::Lock;
use crate::object::{Attributes, Body, Checksum, ChecksumAlgorithm, ChecksumType};

/// The checksum an upload's parts carry, and what the object's will cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChecksumPlan {
    /// How they are computed.
    pub algorithm: ChecksumAlgorithm,
    /// What the object's covers.
    #[serde(rename = "type")]
    pub kind: ChecksumType,
}

/// A multipart upload was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// The key the object will have.
    pub key: ObjectKey,
    /// The upload's id.
    pub upload_id: UploadId,
    /// What the client said of the object to be.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// The checksums it was begun with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<ChecksumPlan>,
    /// How the object's bytes are encrypted, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// The user who began it; absent when nobody signed for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator: Option<UserId>,
    /// Who will own the object, if that is not the bucket's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// The ACL that the object will have, if it is not the private one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// What was asked to lock the object.
    #[serde(flatten)]
    pub lock: Lock,
}

/// A part was stored; an earlier one with its number is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartStored {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// The key the object will have.
    pub key: ObjectKey,
    /// The upload it belongs to.
    pub upload_id: UploadId,
    /// Its number.
    pub part_number: PartNumber,
    /// Its length in bytes.
    pub size: u64,
    /// Its entity tag: MD5 of its bytes, or of something else where that would tell of them.
    pub md5: Md5Digest,
    /// Where its bytes are: never in parts again.
    pub body: Body,
    /// The checksum of its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// What makes its content's key out of the object's, if its bytes are encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
}

/// A multipart upload was given up, with all its parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Aborted {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// The key the object would have had.
    pub key: ObjectKey,
    /// The upload's id.
    pub upload_id: UploadId,
    /// The lifecycle rule that did it; absent when somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<String>,
}

/// Parts that nothing refers to any more gave up the contents they are in. The fact that ended them says so at once
/// where they are few; of many, facts like this one free some each, so that no fact changes more than a few hundred
/// rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartsReleased {
    /// The bucket in which the last reference to them went.
    pub bucket: BucketName,
    /// Whose parts they are.
    pub from: ReleasedFrom,
    /// How many parts, and uploads without any left, this frees at most: the first ones, in order of their numbers.
    pub max: u16,
}

/// Whose parts are released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ReleasedFrom {
    /// Those of an upload that was given up, or of an object that is gone and was made of it, or those that an object
    /// was made without.
    Upload {
        /// The upload.
        upload_id: UploadId,
    },
    /// Those of all uploads that were under way in a bucket when it was deleted.
    Bucket {
        /// The sequence of the event that made the bucket: there may be another one of its name.
        created: u64,
    },
}
