//! Facts about objects and their versions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Acl;
use crate::encryption::Encryption;
use crate::ids::{
    BucketName, ContentId, ETag, Md5Digest, ObjectKey, PartNumber, Placement, Salt, UploadId, UserId, VersionId,
};
use crate::lock::Lock;
use crate::tags::Tags;

/// What a fact changes in its bucket's usage, so that usage is a sum over the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Delta {
    /// Versions more or fewer; delete markers do not count.
    pub objects: i64,
    /// Bytes more or fewer, as clients count them.
    pub bytes: i64,
}

/// The request that made an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operation {
    /// One PUT.
    PutObject,
    /// A copy on the server.
    CopyObject,
    /// The end of a multipart upload.
    CompleteMultipartUpload,
}

/// A checksum algorithm S3 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "each is named after its algorithm")]
pub enum ChecksumAlgorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    Sha512,
    Md5,
    XxHash64,
    XxHash3,
    XxHash128,
}

/// What a checksum covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChecksumType {
    /// All bytes of the object.
    FullObject,
    /// The checksums of the parts.
    Composite,
}

/// A checksum of the bytes as they were taken in: the client's, verified before the commit, or one computed where the
/// client sent none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: ChecksumAlgorithm,
    /// What it covers.
    #[serde(rename = "type")]
    pub kind: ChecksumType,
    /// Its value as S3 shows it: base64, with `-N` when composite.
    pub value: String,
}

/// What a client says about an object beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Attributes {
    /// Standard headers that come back on reads (`content-type`, `cache-control`, ...), names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// User metadata, names without `x-amz-meta-` and in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The storage class, where it is not STANDARD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// Where an object's bytes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// There are none.
    Empty,
    /// In a content that this fact is the first to name.
    Stored {
        /// Its name.
        content: ContentId,
        /// Where its shards lie.
        placement: Placement,
    },
    /// In a content that is known already.
    Known {
        /// Its name.
        content: ContentId,
    },
    /// In the parts of an upload, in order of their numbers.
    Parts {
        /// The upload that gathered them.
        upload_id: UploadId,
        /// The numbers that were taken, as runs from first to last. Absent in copies, which take the same.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken: Vec<(PartNumber, PartNumber)>,
    },
}

/// A version of an object was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// The version's id. The null version has one too, though S3 shows it as `null`.
    pub version_id: VersionId,
    /// It is the null version: the bucket's versioning was not enabled.
    pub null_version: bool,
    /// Its length in bytes, as clients count them: of ciphertext there is more, by [`crate::encryption::stored_bytes`].
    pub size: u64,
    /// Its entity tag.
    pub etag: ETag,
    /// Where its bytes are.
    pub body: Body,
    /// The checksum of its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// How its bytes are encrypted, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// What else the client said of it.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// Who owns it, if that is not the bucket's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Its ACL, if it is not the private one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// What locks it.
    #[serde(flatten)]
    pub lock: Lock,
    /// The request that made it.
    pub operation: Operation,
    /// The null version that ended with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VersionId>,
    /// What it changes in the usage.
    pub delta: Delta,
}

/// A version of an object, or a delete marker, was removed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its version id.
    pub version_id: VersionId,
    /// It was the null version.
    pub null_version: bool,
    /// It was a delete marker.
    pub delete_marker: bool,
    /// It was retained by governance, which was bypassed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub governance_bypassed: bool,
    /// What it changes in the usage.
    pub delta: Delta,
    /// The lifecycle rule that did it; absent when somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<String>,
}

/// A delete marker became the newest version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeleteMarkerCreated {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// The marker's version id.
    pub version_id: VersionId,
    /// It is the null version: versioning is suspended.
    pub null_version: bool,
    /// The null version that ended with this marker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VersionId>,
    /// What it changes in the usage.
    pub delta: Delta,
    /// The lifecycle rule that did it; absent when somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<String>,
}

/// A version of an object has another ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AclChanged {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its version id.
    pub version_id: VersionId,
    /// It is the null version.
    pub null_version: bool,
    /// What it grants.
    pub acl: Acl,
}

/// A version of an object has other tags, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagsChanged {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its version id.
    pub version_id: VersionId,
    /// It is the null version.
    pub null_version: bool,
    /// What it carries from now on.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// An object has another key from now on, and none under the one it had: both in one fact, so that nobody who follows
/// sees it twice or not at all. It keeps its bytes, its version id and all that was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key from now on.
    pub key: ObjectKey,
    /// The key it had.
    pub source_key: ObjectKey,
    /// Its version id, which stays.
    pub version_id: VersionId,
    /// The object under the new key that ended with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VersionId>,
    /// What the client named its request, so that asking again renames nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// What it changes in the usage.
    pub delta: Delta,
}

/// Bytes were added at the end of an object, which keeps its version id and all else that was said of it. The bytes it
/// had were not touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Appended {
    /// The bucket it is in.
    pub bucket: BucketName,
    /// Its key.
    pub key: ObjectKey,
    /// Its version id, which stays.
    pub version_id: VersionId,
    /// How many bytes it had: where those that were added begin.
    pub offset: u64,
    /// How many bytes were added, as clients count them.
    pub size: u64,
    /// The object's entity tag from now on.
    pub etag: ETag,
    /// The checksum of all its bytes from now on; absent where none can be made of what is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// The parts it lies in from now on. If it lay in other ones, or in none, what it had becomes the first of these,
    /// numbered from 1.
    pub upload_id: UploadId,
    /// What was added.
    pub part: AppendedPart,
    /// What it changes in the usage.
    pub delta: Delta,
}

/// The part that an append adds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppendedPart {
    /// Its number, greater than those of the parts before it.
    pub number: PartNumber,
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
