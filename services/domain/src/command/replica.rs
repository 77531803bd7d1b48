use events::encryption::Encryption;
use events::ids::{BucketName, ETag, Md5Digest, ObjectKey, PartNumber, VersionId};
use events::lock::{LegalHold, Lock, RetentionState};
use events::object::{Attributes, Checksum, Operation};
use events::replication::{Changes, Destination, Origin, ReplicatedVersion};
use events::tags::Tags;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Command, NewBody};

/// The greatest number of versions of which one command notes how their replication went.
pub const NOTED_VERSIONS_MAX: usize = 256;

/// The greatest length of the reason for which a destination refused versions, in bytes.
pub const REPLICATION_REASON_BYTES_MAX: usize = 1024;

/// Make a change that was made in another region. Of a change that is here already, nothing is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Replica {
    /// The event that made it there.
    pub origin: Origin,
    /// The bucket of this region.
    pub bucket: BucketName,
    /// The key.
    pub key: ObjectKey,
    /// The version, which has this id in every region.
    pub version_id: VersionId,
    /// Whether it is the null version. A key has at most one in each region: of several, the one with the greatest id.
    pub null_version: bool,
    /// The time at which the version was created there or deleted, or its metadata changed: that of
    /// [`Changes`] for tags and legal holds.
    pub at: Timestamp,
    /// Whether the caller may shorten a retention in governance mode.
    pub bypass_governance: bool,
    /// What was changed.
    pub change: ReplicaChange,
}

/// What was changed in another region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ReplicaChange {
    /// A version of an object was created.
    Version(Box<ReplicaVersion>),
    /// A delete marker was created.
    DeleteMarker,
    /// A version or a delete marker was permanently deleted.
    Removal,
    /// The tags of a version were set.
    Tags(Tags),
    /// The retention of a version was set or removed.
    Retention(RetentionState),
    /// The legal hold of a version was set or lifted.
    LegalHold(LegalHold),
}

/// A version of an object as its origin has it, with its bytes where they are in this region. The fields are those of
/// `object.created`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReplicaVersion {
    /// The size in bytes.
    pub size: u64,
    /// The entity tag, as at the origin.
    pub etag: ETag,
    /// The bytes. [`NewBody::Parts`] names an upload in progress under the same bucket and key, of which all parts become
    /// the version: so the parts of the origin's object keep their numbers, sizes, entity tags and checksums. It is
    /// created and filled by `CreateUpload` and `StorePart`.
    pub body: NewBody,
    /// The parts of that upload, in order: it has no others.
    pub parts: Vec<(PartNumber, Md5Digest)>,
    /// The checksum.
    pub checksum: Option<Checksum>,
    /// Metadata from the client.
    pub attributes: Attributes,
    /// The object lock of the version. The bucket's default retention does not apply.
    pub lock: Lock,
    /// When tags and lock were changed, if they are not those that the version was created with.
    pub changes: Changes,
    /// The encryption with keys of this region, if the object is encrypted; that of the upload if it has parts.
    pub encryption: Option<Encryption>,
    /// The operation that created it at its origin.
    pub operation: Operation,
}

/// Record how the replication of versions to a destination went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteReplicated {
    /// The bucket that the versions are from.
    pub bucket: BucketName,
    /// To where they were sent.
    pub destination: Destination,
    /// The versions, at most [`NOTED_VERSIONS_MAX`].
    pub versions: Vec<ReplicatedVersion>,
    /// How it went.
    pub result: ReplicationResult,
}

/// How the replication of versions went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplicationResult {
    /// They are there.
    Completed {
        /// The sequence in this region's log up to which the destination has all that it is to have of the bucket.
        up_to: u64,
    },
    /// They were refused.
    Failed {
        /// The reason, at most [`REPLICATION_REASON_BYTES_MAX`] long.
        reason: String,
    },
    /// They were compared, and the destination lacks them.
    Missing {
        /// The last version that was compared; `None` if all were.
        up_to: Option<ReplicatedVersion>,
    },
}

/// Compare a bucket with a destination from its first key on, and send what is missing there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resync {
    /// The bucket.
    pub bucket: BucketName,
    /// What it is compared with.
    pub destination: Destination,
}

impl From<Resync> for Command {
    fn from(resync: Resync) -> Self {
        Self::Resync(Box::new(resync))
    }
}

impl From<Replica> for Command {
    fn from(replica: Replica) -> Self {
        Self::Replicate(Box::new(replica))
    }
}

impl From<NoteReplicated> for Command {
    fn from(note: NoteReplicated) -> Self {
        Self::NoteReplicated(Box::new(note))
    }
}
