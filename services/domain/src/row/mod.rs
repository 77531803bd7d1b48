//! The rows of the projection: what the folded log knows, a struct per table.

mod content;
mod cors;
mod encryption;
mod health;
mod identity;
mod keys;
mod lifecycle;
mod node;
mod rules;

use events::access::{Acl, ObjectOwnership, PublicAccessBlock};
use events::bucket::Versioning;
use events::encryption::{DefaultEncryption, Encryption};
use events::ids::{BucketName, ContentId, ETag, Md5Digest, ObjectKey, PartNumber, Salt, UploadId, UserId, VersionId};
use events::lifecycle::{Rule, TransitionMinimum};
use events::lock::{DefaultRetention, Lock};
use events::object::{Attributes, Checksum};
use events::quota::Quota;
use events::tags::Tags;
use events::upload::ChecksumPlan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use content::{ContentRow, MovedShard, PlacedShard, placed_shards};
pub use health::{DebtRow, FaultCounts, FaultsRow};
pub use identity::{GroupRow, KeyRow, KmsKeyRow, PolicyRow, SessionRow, UserRow, email_key};
pub use keys::{KeyNumbers, MasterKeyRow, SecretRow};
pub use node::NodeRow;

/// A bucket's identity for as long as it lives: the sequence of the event that made it. A bucket made later
/// under the same name has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BucketId(pub u64);

/// A bucket, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketRow {
    /// The identity of the bucket.
    pub id: BucketId,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The user who owns it.
    pub owner: UserId,
    /// Whether it keeps what is overwritten.
    pub versioning: Versioning,
    /// Whether the request that created the bucket named the region.
    pub location_named: bool,
    /// The event that last changed its [`BucketAccessRow`]; 0 if there is none.
    pub access: u64,
    /// The event that last changed its [`BucketSettingsRow`]; 0 if there is none.
    pub settings: u64,
}

/// The access settings of a bucket, as far as they were ever set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BucketAccessRow {
    /// The bucket policy, a JSON document.
    pub policy: Option<String>,
    /// The ACL; without one the owner alone is granted anything.
    pub acl: Option<Acl>,
    /// The public access block.
    pub public_access_block: Option<PublicAccessBlock>,
    /// The object ownership, if it was set.
    pub ownership: Option<ObjectOwnership>,
    /// Whether the object ownership was removed: the default still applies but is not shown.
    pub ownership_removed: bool,
}

/// Further settings of a bucket, as far as they were ever set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BucketSettingsRow {
    /// The tags.
    pub tags: Option<Tags>,
    /// Which pages of other origins may use it.
    #[serde(
        serialize_with = "rules::serialize::<_, cors::RuleRow, _>",
        deserialize_with = "rules::deserialize::<_, cors::RuleRow, _>"
    )]
    pub cors: Option<Vec<events::cors::Rule>>,
    /// The object lock configuration; `None` if object lock is not enabled.
    pub object_lock: Option<ObjectLockRow>,
    /// The default encryption.
    #[serde(with = "encryption::by_default")]
    pub encryption: Option<DefaultEncryption>,
    /// The rules by which it ends what is in it.
    #[serde(
        serialize_with = "rules::serialize::<_, lifecycle::RuleRow, _>",
        deserialize_with = "rules::deserialize::<_, lifecycle::RuleRow, _>"
    )]
    pub lifecycle: Option<Vec<Rule>>,
    /// The default minimum object size for transitions between storage classes.
    pub transition_minimum: TransitionMinimum,
}

/// The object lock configuration of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ObjectLockRow {
    /// The default retention.
    pub default_retention: Option<DefaultRetention>,
}

/// A version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRow {
    /// The version id.
    pub version: VersionId,
    /// Whether this is the null version.
    pub null: bool,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub modified: Timestamp,
    /// The event that made it.
    pub sequence: u64,
    /// The object, or `None` for a delete marker.
    pub object: Option<ObjectRow>,
}

/// The object of a version that is not a delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRow {
    /// Bytes.
    pub size: u64,
    /// The entity tag.
    pub etag: ETag,
    /// The location of the bytes.
    pub body: BodyRow,
    /// The checksum that the client sent.
    pub checksum: Option<Checksum>,
    /// The encryption, if there is any.
    #[serde(with = "encryption")]
    pub encryption: Option<Encryption>,
    /// Further metadata from the client.
    #[serde(with = "attributes")]
    pub attributes: Attributes,
    /// The owner, unless it is the bucket's owner.
    pub owner: Option<UserId>,
    /// The ACL, unless it is private.
    pub acl: Option<Acl>,
    /// The object lock of the version.
    #[serde(with = "lock")]
    pub lock: Lock,
    /// The rename that brought it to its key, if the client named that.
    pub renamed: Option<RenameRow>,
}

/// A rename that may be asked for again.
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
    /// There are none.
    Empty,
    /// In one content.
    Content(ContentId),
    /// In the parts of this completed upload.
    Parts(UploadId),
}

/// A multipart upload that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRow {
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The user who began it; `None` if nobody signed for it.
    pub initiator: Option<UserId>,
    /// The owner of the future object, unless it is the bucket's owner.
    pub owner: Option<UserId>,
    /// The ACL that the object will have.
    pub acl: Option<Acl>,
    /// The object lock of the future object.
    #[serde(with = "lock")]
    pub lock: Lock,
    /// Metadata for the future object from the client.
    #[serde(with = "attributes")]
    pub attributes: Attributes,
    /// The checksums it was begun with.
    pub checksum: Option<ChecksumPlan>,
    /// The encryption, if there is any.
    #[serde(with = "encryption")]
    pub encryption: Option<Encryption>,
}

/// A part of an upload that is under way or was completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRow {
    /// Bytes.
    pub size: u64,
    /// The entity tag.
    pub md5: Md5Digest,
    /// The location of the part's bytes; never parts of another upload.
    pub body: BodyRow,
    /// The checksum that the client sent.
    pub checksum: Option<Checksum>,
    /// The salt that derives the key of the part's content from the object's key, if it is encrypted.
    pub salt: Option<Salt>,
    /// The time at which the part was stored.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub modified: Timestamp,
}

/// The parts of a completed upload, or of an object that was appended to, as one thing that objects refer to. It grows
/// only while one object alone refers to it: every one of them has all its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManifestRow {
    /// The number of objects that refer to the upload.
    pub references: u64,
    /// The number of parts.
    pub parts: u16,
    /// The greatest of their numbers.
    pub last: u16,
    /// Bytes, as clients count them.
    pub bytes: u64,
}

impl ManifestRow {
    /// With one more part, whose number is greater than all before.
    pub(crate) fn with_part(self, number: PartNumber, size: u64) -> Self {
        Self { parts: self.parts + 1, last: number.get(), bytes: self.bytes + size, ..self }
    }
}

/// Parts of an upload that nothing refers to any more, and whose references are given up a few at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedUploadRow {
    /// The bucket in which the last reference to them went.
    pub bucket: BucketName,
    /// All parts below this number are gone or stay.
    pub next: u16,
    /// The parts that stay, because an object was made of them: runs of numbers, in order.
    pub keep: Vec<(PartNumber, PartNumber)>,
}

impl ReleasedUploadRow {
    /// Whether a part stays.
    pub fn keeps(&self, number: PartNumber) -> bool {
        in_runs(&self.keep, number)
    }
}

/// Whether a number lies in one of some ascending runs.
pub(crate) fn in_runs(runs: &[(PartNumber, PartNumber)], number: PartNumber) -> bool {
    let run = runs.partition_point(|(_, last)| *last < number);
    runs.get(run).is_some_and(|(first, _)| *first <= number)
}

/// A bucket that was deleted while more uploads were under way in it than one fact ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedBucketRow {
    /// The name it had.
    pub name: BucketName,
}

/// The usage and the quota of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UsageRow {
    /// Versions; delete markers do not count.
    pub objects: u64,
    /// Bytes, as clients count them.
    pub bytes: u64,
    /// Bytes of the parts of uploads under way. They take room, so they count against the quota of bytes.
    pub parts_bytes: u64,
    /// The quota.
    #[serde(with = "quota")]
    pub quota: Quota,
    /// A warning about its bytes is out, and they are not fewer since.
    pub warned_of_bytes: bool,
    /// The same of its versions.
    pub warned_of_objects: bool,
}

/// The totals of the region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TotalsRow {
    /// Versions in all buckets.
    pub objects: u64,
    /// Bytes in all buckets, as clients count them.
    pub logical_bytes: u64,
    /// Contents that are stored.
    pub contents: u64,
    /// Bytes of those contents, each counted once.
    pub content_bytes: u64,
    /// Bytes of their shards.
    pub shard_bytes: u64,
    /// The greatest level of facts that may be written.
    pub level: u32,
    /// The numbers of the author keys in use.
    pub keys: KeyNumbers,
    /// The sequence of the event from which on secrets are kept apart; 0 before it.
    pub apart_since: u64,
}

/// [`Attributes`] leave out what is empty, which a format without field names cannot read back.
mod attributes {
    use std::collections::BTreeMap;

    use events::object::Attributes;
    use events::tags::Tags;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Fields = (BTreeMap<String, String>, BTreeMap<String, String>, Option<String>, Tags);

    pub(super) fn serialize<S: Serializer>(attributes: &Attributes, serializer: S) -> Result<S::Ok, S::Error> {
        (&attributes.headers, &attributes.metadata, &attributes.storage_class, &attributes.tags).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        let (headers, metadata, storage_class, tags) = Fields::deserialize(deserializer)?;
        Ok(Attributes { headers, metadata, storage_class, tags })
    }
}

/// Likewise [`Lock`].
mod lock {
    use events::lock::Lock;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(lock: &Lock, serializer: S) -> Result<S::Ok, S::Error> {
        (lock.retention, lock.legal_hold).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Lock, D::Error> {
        let (retention, legal_hold) = Deserialize::deserialize(deserializer)?;
        Ok(Lock { retention, legal_hold })
    }
}

/// Likewise [`events::user::Limits`].
mod limits {
    use events::user::Limits;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(limits: &Limits, serializer: S) -> Result<S::Ok, S::Error> {
        (limits.requests_per_second, limits.bytes_per_second).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
        let (requests_per_second, bytes_per_second) = Deserialize::deserialize(deserializer)?;
        Ok(Limits { requests_per_second, bytes_per_second })
    }
}

/// Likewise [`Quota`].
mod quota {
    use events::quota::Quota;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(quota: &Quota, serializer: S) -> Result<S::Ok, S::Error> {
        (quota.bytes, quota.objects).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quota, D::Error> {
        let (bytes, objects) = Deserialize::deserialize(deserializer)?;
        Ok(Quota { bytes, objects })
    }
}
