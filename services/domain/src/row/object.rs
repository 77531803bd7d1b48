use events::access::Acl;
use events::encryption::Encryption;
use events::ids::{ContentId, ETag, ObjectKey, UploadId, UserId, VersionId};
use events::lock::Lock;
use events::object::{Attributes, Checksum};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ChangesRow, ReplicationRow, field};

/// A version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    /// The version id.
    pub version: VersionId,
    /// Whether this is the null version.
    pub null: bool,
    /// The time of creation, of a replica that at its origin.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub modified: Timestamp,
    /// The event that created it.
    pub sequence: u64,
    /// The object, or `None` for a delete marker.
    pub object: Option<ObjectRow>,
    /// What replication has to do with it, if it has.
    pub replication: Option<ReplicationRow>,
}

/// The object of a version that is not a delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRow {
    /// The size in bytes.
    pub size: u64,
    /// The entity tag.
    pub etag: ETag,
    /// The location of the bytes.
    pub body: BodyRow,
    /// The checksum that the client sent.
    pub checksum: Option<Checksum>,
    /// The encryption, if there is any.
    #[serde(with = "field::encryption")]
    pub encryption: Option<Encryption>,
    /// Further metadata from the client.
    #[serde(with = "field::attributes")]
    pub attributes: Attributes,
    /// The owner, unless it is the bucket's owner.
    pub owner: Option<UserId>,
    /// The ACL, unless it is private.
    pub acl: Option<Acl>,
    /// The object lock of the version.
    #[serde(with = "field::lock")]
    pub lock: Lock,
    /// The rename that moved it to its key, if the client sent a token.
    pub renamed: Option<RenameRow>,
    /// When its metadata was last changed.
    pub changes: ChangesRow,
}

/// A rename that may be retried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenameRow {
    /// The client token.
    pub token: String,
    /// The key that the object had.
    pub source: ObjectKey,
}

/// The location of the bytes of an object or a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyRow {
    /// The object is empty.
    Empty,
    /// In one content.
    Content(ContentId),
    /// In the parts of this completed upload.
    Parts(UploadId),
}
