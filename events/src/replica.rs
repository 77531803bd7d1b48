//! A change on its way to another region, as the header [`HEADER`] of a request to that region's S3 address has it
//! (ADR 44, 45). It is JSON in ASCII and begins with the number of its form. A comparison of versions that both regions may
//! have is the body of a request.

use std::fmt;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::ids::{ETag, ObjectKey, PartNumber, Sha256Digest, VersionId};
use crate::lock::{LegalHold, Lock, RetentionState};
use crate::object::{Attributes, Checksum, Operation};
use crate::replication::{Changes, Origin};
use crate::tags::Tags;

/// The header with the change.
pub const HEADER: &str = "x-planetstore-replica";

/// The forms of a change that this release reads. It writes the last one.
pub const FORMS: &[u32] = &[1];

/// The greatest length of the header's value, in bytes. A version whose metadata does not fit, or whose parts are of too
/// many different sizes, cannot be replicated.
pub const HEADER_BYTES_MAX: usize = 24 * 1024;

/// A change that was made in one region and is to be made in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// The form, one of [`FORMS`].
    pub form: u32,
    /// The event that made the change.
    pub origin: Origin,
    /// The version that it is about.
    pub version_id: VersionId,
    /// Whether that is the null version of its key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub null_version: bool,
    /// When the version was created or deleted, or its tags or legal hold were changed: of these the time in
    /// [`Changes`], which is that of the version's creation as long as there is none.
    pub at: Timestamp,
    /// The change.
    pub change: Change,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// A version of an object was created. The body of the request is its bytes. Without a body, the target makes the
    /// version if it has the bytes, and asks for them otherwise.
    Version(Box<Version>),
    /// A delete marker was created.
    DeleteMarker,
    /// A version or a delete marker was deleted for good.
    Removal,
    /// The tags of a version were set.
    Tags(Tags),
    /// The retention of a version was set or removed.
    Retention(RetentionState),
    /// The legal hold of a version was set or lifted.
    LegalHold(LegalHold),
}

/// A version of an object, as the region that sends it has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The size in bytes.
    pub size: u64,
    /// The entity tag.
    pub etag: ETag,
    /// The SHA-256 of the bytes, if it is known: not of what is encrypted at its origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
    /// Whether it is encrypted with a key of its origin's region. Then the target encrypts it, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// The parts of an object that was uploaded in parts, in order. The bytes of the request are theirs, one after
    /// another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Parts>,
    /// The checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// Metadata from the client, with the present tags.
    #[serde(default)]
    pub attributes: Attributes,
    /// The present object lock.
    #[serde(default)]
    pub lock: Lock,
    /// When tags and lock were changed.
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
    /// The operation that created it.
    pub operation: Operation,
}

/// The greatest number of versions in one comparison.
pub const COMPARED_VERSIONS_MAX: usize = 256;

/// Versions of one bucket as the body of a request has them that asks another region which of them it lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The form, one of [`FORMS`].
    pub form: u32,
    /// The versions, at most [`COMPARED_VERSIONS_MAX`].
    pub versions: Vec<Compared>,
}

/// A version to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The key.
    pub key: ObjectKey,
    /// The version id.
    pub version_id: VersionId,
    /// The digest of its [`State`].
    pub state: Sha256Digest,
}

/// The answer to a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differing {
    /// The places in the request of the versions that the region lacks, or has in another state, from zero.
    pub versions: Vec<usize>,
}

/// What is the same of a version in all regions that have it. `None` for the object of a delete marker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State<'a> {
    /// Whether it is the null version.
    pub null_version: bool,
    /// The object.
    pub object: Option<ObjectState<'a>>,
}

/// What is the same of an object in all regions that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectState<'a> {
    /// The size in bytes.
    pub size: u64,
    /// The entity tag.
    pub etag: ETag,
    /// The tags.
    pub tags: &'a Tags,
    /// The object lock.
    pub lock: Lock,
    /// When tags and lock were changed.
    pub changes: Changes,
}

impl State<'_> {
    /// The SHA-256 of its JSON.
    ///
    /// # Errors
    /// It has no JSON form, which does not happen.
    pub fn digest(&self) -> Result<Sha256Digest, serde_json::Error> {
        Ok(Sha256Digest(Sha256::digest(serde_json::to_vec(self)?).into()))
    }
}

impl Comparison {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`NotAChange`].
    pub fn decode(body: &[u8]) -> Result<Self, NotAChange> {
        let read: Self = decode(body)?;
        if read.versions.len() > COMPARED_VERSIONS_MAX {
            return Err(NotAChange::TooMany { versions: read.versions.len() });
        }
        Ok(read)
    }
}

/// Reads JSON of a form that is known. The form is checked before anything else is read, so that what a later release sends is
/// refused by its form.
pub(crate) fn decode<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, NotAChange> {
    /// What every form has.
    #[derive(Deserialize)]
    struct Any {
        form: u32,
    }
    let malformed = |error: serde_json::Error| NotAChange::Malformed(error.to_string());
    let Any { form } = serde_json::from_slice(json).map_err(malformed)?;
    if !FORMS.contains(&form) {
        return Err(NotAChange::Form { form });
    }
    serde_json::from_slice(json).map_err(malformed)
}

/// Parts with successive numbers and one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The first number.
    pub first: PartNumber,
    /// The last number.
    pub last: PartNumber,
    /// The size of each, in bytes.
    pub size: u64,
}

impl Version {
    /// Gathers parts with their numbers, in order, into [`Self::parts`].
    pub fn gather(parts: impl IntoIterator<Item = (PartNumber, u64)>) -> Vec<Parts> {
        let mut runs: Vec<Parts> = Vec::new();
        for (number, size) in parts {
            match runs.last_mut() {
                Some(run) if run.size == size && run.last.get() + 1 == number.get() => run.last = number,
                _ => runs.push(Parts { first: number, last: number, size }),
            }
        }
        runs
    }

    /// The numbers and sizes of the parts, in order: [`None`] if they are not in order, or are not the whole version.
    pub fn each_part(&self) -> Option<Vec<(PartNumber, u64)>> {
        let mut parts = Vec::new();
        let mut bytes = 0_u64;
        for run in &self.parts {
            let follows = parts.last().is_none_or(|(last, _): &(PartNumber, u64)| *last < run.first);
            // Only an object that is empty has an empty part, and it has one.
            let is_one = parts.is_empty() && run.first == run.last;
            if !follows || run.last < run.first || (run.size == 0 && !is_one) {
                return None;
            }
            for number in run.first.get()..=run.last.get() {
                parts.push((PartNumber::try_from(number).ok()?, run.size));
                bytes = bytes.checked_add(run.size)?;
            }
        }
        (bytes == self.size || parts.is_empty()).then_some(parts)
    }
}

/// Why a header is not a change that can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAChange {
    /// Send a form that is known here.
    #[error("form {form} of a replica is not known here: known are {}", Known)]
    Form {
        /// The form that it has.
        form: u32,
    },
    /// Send JSON of that form.
    #[error("a replica is not of a form that is known here: {0}")]
    Malformed(String),
    /// Send fewer versions at once.
    #[error("a comparison may have {COMPARED_VERSIONS_MAX} versions, and has {versions}")]
    TooMany {
        /// Their number.
        versions: usize,
    },
    /// Send fewer changes at once.
    #[error("a request may have {} changes, and has {changes}", crate::identity::CHANGES_MAX)]
    TooManyChanges {
        /// Their number.
        changes: usize,
    },
    /// Send less metadata, or parts of fewer sizes.
    #[error("the header {HEADER} may have {HEADER_BYTES_MAX} bytes, and would have {bytes}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

/// The forms that are known.
struct Known;

impl fmt::Display for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, form) in FORMS.iter().enumerate() {
            write!(f, "{}{form}", if place == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Sent {
    /// The form that is written.
    pub const FORM: u32 = 1;

    /// Reads the value of the header.
    ///
    /// # Errors
    /// [`NotAChange`].
    pub fn decode(header: &[u8]) -> Result<Self, NotAChange> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(NotAChange::TooLong { bytes: header.len() });
        }
        decode(header)
    }

    /// The value of the header.
    ///
    /// # Errors
    /// [`NotAChange::TooLong`].
    pub fn encode(&self) -> Result<String, NotAChange> {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Ascii);
        let malformed = |error: &dyn fmt::Display| NotAChange::Malformed(error.to_string());
        self.serialize(&mut serializer).map_err(|error| malformed(&error))?;
        if bytes.len() > HEADER_BYTES_MAX {
            return Err(NotAChange::TooLong { bytes: bytes.len() });
        }
        String::from_utf8(bytes).map_err(|error| malformed(&error))
    }
}

/// JSON without spaces, in which every character that is not in ASCII is escaped: headers have no other.
struct Ascii;

impl serde_json::ser::Formatter for Ascii {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for character in fragment.chars() {
            match u8::try_from(character) {
                Ok(byte) if byte < 0x7f => writer.write_all(&[byte])?,
                _ => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Md5Digest;

    fn sent() -> Sent {
        let attributes =
            Attributes { tags: [("Größe".to_owned(), "𝄞 \"\u{7f}".to_owned())].into(), ..Attributes::default() };
        let number = |number: u16| PartNumber::try_from(number).unwrap();
        let version = Version {
            size: 25,
            etag: ETag { md5: Md5Digest([7; 16]), parts: Some(3) },
            sha256: None,
            encrypted: true,
            parts: Version::gather([(number(1), 10), (number(2), 10), (number(4), 5)]),
            checksum: None,
            attributes,
            lock: Lock::default(),
            changes: Changes::default(),
            operation: Operation::CompleteMultipartUpload,
        };
        Sent {
            form: Sent::FORM,
            origin: Origin { region: "eu-1".parse().unwrap(), sequence: 7 },
            version_id: VersionId::from_u128(0x101),
            null_version: false,
            at: "2026-11-22T13:02:09Z".parse().unwrap(),
            change: Change::Version(Box::new(version)),
        }
    }

    #[test]
    fn a_change_is_read_as_it_was_written_and_is_ascii() {
        let changes = [sent().change, Change::DeleteMarker, Change::Removal, Change::LegalHold(LegalHold::On)];
        for change in changes {
            let sent = Sent { change, ..sent() };
            let header = sent.encode().unwrap();
            assert!(header.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{header}");
            assert_eq!(Sent::decode(header.as_bytes()), Ok(sent));
        }
    }

    #[test]
    fn parts_are_gathered_by_size_and_read_one_by_one() {
        let Change::Version(version) = sent().change else { unreachable!() };
        assert_eq!(version.parts.len(), 2);
        let parts: Vec<_> = version.each_part().unwrap().iter().map(|(number, size)| (number.get(), *size)).collect();
        assert_eq!(parts, [(1, 10), (2, 10), (4, 5)]);
        let twice = Version { parts: [version.parts.clone(), version.parts.clone()].concat(), ..*version.clone() };
        assert_eq!(twice.each_part(), None);
        assert_eq!(Version { size: 24, ..*version }.each_part(), None);
    }

    #[test]
    fn a_later_form_is_refused_with_the_forms_that_are_known() {
        let error = Sent::decode(br#"{"form":2,"more":[]}"#).unwrap_err();
        assert_eq!(error, NotAChange::Form { form: 2 });
        assert_eq!(error.to_string(), "form 2 of a replica is not known here: known are 1");
        assert!(matches!(Sent::decode(b"{}"), Err(NotAChange::Malformed(_))));
        assert!(matches!(Sent::decode(&vec![b' '; HEADER_BYTES_MAX + 1]), Err(NotAChange::TooLong { .. })));
    }
}
