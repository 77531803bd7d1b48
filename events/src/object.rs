//! Facts about objects and their versions.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::access::Acl;
use crate::encryption::Encryption;
use crate::ids::{
    BucketName, ContentId, ETag, Md5Digest, ObjectKey, PartNumber, Placement, Salt, UploadId, UserId, VersionId,
};
use crate::lock::{LegalHold, Lock, Retention};
use crate::replication::ReplicaOf;
use crate::tags::Tags;

/// The change of the bucket's usage. The usage of a bucket is the sum of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Delta {
    /// The change in the number of versions; delete markers do not count.
    pub objects: i64,
    /// The change in bytes, as seen by clients.
    pub bytes: i64,
}

/// The operation that created an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operation {
    /// `PutObject`.
    PutObject,
    /// `CopyObject`.
    CopyObject,
    /// `CompleteMultipartUpload`.
    CompleteMultipartUpload,
}

/// A checksum algorithm of S3.
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

/// The scope of a checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ChecksumType {
    /// The checksum covers all bytes of the object.
    FullObject,
    /// The checksum covers the checksums of the parts.
    Composite,
}

/// The checksum of an object: the client's, verified before the commit, or a computed one if the client sent none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Checksum {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// The scope of the checksum.
    #[serde(rename = "type")]
    pub kind: ChecksumType,
    /// The value as S3 shows it: Base64, followed by `-N` if it is composite.
    pub value: String,
}

/// Metadata of an object, as sent by the client.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Attributes {
    /// Standard headers to return with the object (`content-type`, `cache-control`, ...), with names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// User metadata, with names in lower case and without `x-amz-meta-`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The storage class, unless it is STANDARD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
    /// The object's tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

/// The location of an object's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    /// The object is empty.
    Empty,
    /// The bytes are a new content.
    Stored {
        /// The name of the content.
        content: ContentId,
        /// The nodes that hold the shards.
        placement: Placement,
    },
    /// The bytes are a content that is stored already.
    Known {
        /// The name of the content.
        content: ContentId,
    },
    /// The bytes are the parts of an upload, ordered by part number.
    Parts {
        /// The upload with the parts.
        upload_id: UploadId,
        /// The part numbers used, as ranges from first to last. Absent in copies, which use the same parts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken: Vec<(PartNumber, PartNumber)>,
    },
}

/// A version of an object was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Created {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id. The null version has one too, although S3 shows it as `null`.
    pub version_id: VersionId,
    /// Whether this is the null version, because versioning is not enabled.
    pub null_version: bool,
    /// The size in bytes, as seen by clients. Ciphertext is longer.
    pub size: u64,
    /// The entity tag.
    pub etag: ETag,
    /// The location of the object's bytes.
    pub body: Body,
    /// The checksum of the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// The encryption, if the object is encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// Further metadata from the client.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// The object's owner, unless it is the bucket's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// The ACL, unless it is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acl: Option<Acl>,
    /// The object lock of the version.
    #[serde(flatten)]
    pub lock: Lock,
    /// The operation that created the object.
    pub operation: Operation,
    /// The null version that this version replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VersionId>,
    /// The change of the bucket's usage.
    pub delta: Delta,
    /// Where the change was made; absent if it was made in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<ReplicaOf>>,
}

/// [`Created`] with the fields of its flattened parts. Flattened parts make serde keep a whole object in memory before
/// any field of it is read, and this is the event of which a log has the most.
#[derive(Deserialize)]
struct CreatedRead {
    bucket: BucketName,
    key: ObjectKey,
    version_id: VersionId,
    null_version: bool,
    size: u64,
    etag: ETag,
    body: Body,
    #[serde(default)]
    checksum: Option<Checksum>,
    #[serde(default)]
    encryption: Option<Encryption>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    #[serde(default)]
    storage_class: Option<String>,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    owner: Option<UserId>,
    #[serde(default)]
    acl: Option<Acl>,
    #[serde(default)]
    retention: Option<Retention>,
    #[serde(default)]
    legal_hold: Option<LegalHold>,
    operation: Operation,
    #[serde(default)]
    replaces: Option<VersionId>,
    delta: Delta,
    #[serde(default)]
    replica: Option<Box<ReplicaOf>>,
}

impl<'de> Deserialize<'de> for Created {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = CreatedRead::deserialize(deserializer)?;
        let CreatedRead { headers, metadata, storage_class, tags, retention, legal_hold, .. } = read;
        Ok(Self {
            bucket: read.bucket,
            key: read.key,
            version_id: read.version_id,
            null_version: read.null_version,
            size: read.size,
            etag: read.etag,
            body: read.body,
            checksum: read.checksum,
            encryption: read.encryption,
            attributes: Attributes { headers, metadata, storage_class, tags },
            owner: read.owner,
            acl: read.acl,
            lock: Lock { retention, legal_hold },
            operation: read.operation,
            replaces: read.replaces,
            delta: read.delta,
            replica: read.replica,
        })
    }
}

/// A version of an object or a delete marker was permanently deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id.
    pub version_id: VersionId,
    /// Whether it was the null version.
    pub null_version: bool,
    /// Whether it was a delete marker.
    pub delete_marker: bool,
    /// Whether it was retained in governance mode, which was bypassed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub governance_bypassed: bool,
    /// The change of the bucket's usage.
    pub delta: Delta,
    /// The lifecycle rule that caused this; absent if a client requested it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<String>,
    /// Where the version was deleted; absent if that was in this region. One that was never here may be deleted, too:
    /// then it never will be here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<ReplicaOf>>,
}

/// A delete marker was created as the newest version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeleteMarkerCreated {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id of the delete marker.
    pub version_id: VersionId,
    /// Whether this is the null version, because versioning is suspended.
    pub null_version: bool,
    /// The null version that the delete marker replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VersionId>,
    /// The change of the bucket's usage.
    pub delta: Delta,
    /// The lifecycle rule that caused this; absent if a client requested it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle_rule: Option<String>,
    /// Where the change was made; absent if it was made in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<ReplicaOf>>,
}

/// The ACL of a version was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AclChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id.
    pub version_id: VersionId,
    /// Whether this is the null version.
    pub null_version: bool,
    /// The new ACL.
    pub acl: Acl,
}

/// The tags of a version were set or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TagsChanged {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id.
    pub version_id: VersionId,
    /// Whether this is the null version.
    pub null_version: bool,
    /// The new tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
    /// Where the change was made; absent if it was made in this region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replica: Option<Box<ReplicaOf>>,
}

/// An object was renamed. The old key and the new key change in one fact, so that no reader sees the object twice or
/// not at all. The object keeps its bytes, version id and metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renamed {
    /// The bucket.
    pub bucket: BucketName,
    /// The new key.
    pub key: ObjectKey,
    /// The old key.
    pub source_key: ObjectKey,
    /// The version id, which does not change.
    pub version_id: VersionId,
    /// The object that the renamed object replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<VersionId>,
    /// The client token, which makes retries of the rename idempotent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// The change of the bucket's usage.
    pub delta: Delta,
}

/// Bytes were appended to an object. The object keeps its version id and metadata, and its existing bytes do not move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Appended {
    /// The bucket.
    pub bucket: BucketName,
    /// The object's key.
    pub key: ObjectKey,
    /// The version id, which does not change.
    pub version_id: VersionId,
    /// The size before the append, at which the new bytes begin.
    pub offset: u64,
    /// The number of bytes appended, as seen by clients.
    pub size: u64,
    /// The object's new entity tag.
    pub etag: ETag,
    /// The checksum of all bytes after the append; absent if it cannot be derived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// The upload whose parts hold the object from now on. If the object was stored otherwise before, its existing
    /// bytes become the first of these parts, numbered from 1.
    pub upload_id: UploadId,
    /// The part that was appended.
    pub part: AppendedPart,
    /// The change of the bucket's usage.
    pub delta: Delta,
}

/// The part that an append adds to an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppendedPart {
    /// The part number, greater than those of the existing parts.
    pub number: PartNumber,
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
