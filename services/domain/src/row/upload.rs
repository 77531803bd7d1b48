use events::access::Acl;
use events::encryption::Encryption;
use events::ids::{BucketName, Md5Digest, PartNumber, Salt, UserId};
use events::lock::Lock;
use events::object::{Attributes, Checksum};
use events::upload::ChecksumPlan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BodyRow, field};

/// A multipart upload in progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadRow {
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// The user who created it; `None` if the request was anonymous.
    pub initiator: Option<UserId>,
    /// The owner of the future object, unless it is the bucket's owner.
    pub owner: Option<UserId>,
    /// The ACL that the object will have.
    pub acl: Option<Acl>,
    /// The object lock of the future object.
    #[serde(with = "field::lock")]
    pub lock: Lock,
    /// Metadata for the future object from the client.
    #[serde(with = "field::attributes")]
    pub attributes: Attributes,
    /// The checksums that it was created with.
    pub checksum: Option<ChecksumPlan>,
    /// The encryption, if there is any.
    #[serde(with = "field::encryption")]
    pub encryption: Option<Encryption>,
}

/// A part of an upload that is in progress or was completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRow {
    /// The size in bytes.
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

/// The parts of a completed upload, or of an object that was appended to, as one unit that objects refer to. It grows
/// only while a single object refers to it, because every object that refers to it has all its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManifestRow {
    /// The number of objects that refer to the upload.
    pub references: u64,
    /// The number of parts.
    pub parts: u16,
    /// The greatest part number.
    pub last: u16,
    /// Bytes, as clients count them.
    pub bytes: u64,
}

impl ManifestRow {
    /// Adds a part whose number is greater than all others.
    pub(crate) fn with_part(self, number: PartNumber, size: u64) -> Self {
        Self { parts: self.parts + 1, last: number.get(), bytes: self.bytes + size, ..self }
    }
}

/// Parts of an upload that nothing refers to any more. Their references are released a few at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleasedUploadRow {
    /// The bucket in which their last reference was removed.
    pub bucket: BucketName,
    /// All parts below this number have been freed or stay.
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

/// Whether a number is in one of some ascending runs.
pub(crate) fn in_runs(runs: &[(PartNumber, PartNumber)], number: PartNumber) -> bool {
    let run = runs.partition_point(|(_, last)| *last < number);
    runs.get(run).is_some_and(|(first, _)| *first <= number)
}
