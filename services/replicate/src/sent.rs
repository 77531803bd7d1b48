//! A change as it is sent.

use domain::View;
use domain::row::{BodyRow, ObjectRow, VersionRow};
use events::ids::{BucketName, ObjectKey, RegionName, Sha256Digest};
use events::lock::RetentionState;
use events::object::Operation;
use events::replica::{Change, NotAChange, Parts, Sent, Version};
use events::replication::{Origin, Rule};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use crate::select::{Wanted, What};

/// What is encoded in a path.
///
/// Source: "Signature Version 4", Amazon S3 API Reference, `UriEncode`.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// A change without its bytes, as a request has it.
pub(crate) struct Written {
    /// The bucket and the key, percent-encoded.
    pub(crate) path: String,
    /// The header that says what was changed.
    pub(crate) header: String,
}

/// Why a change cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsendable<E> {
    /// The state cannot be read.
    #[error(transparent)]
    View(E),
    /// It cannot be written, which nothing will change.
    #[error(transparent)]
    Unwritten(#[from] NotAChange),
}

/// A change of a version as it is now; `None` if there is nothing to send any more. `sequence`: that of the event which
/// made it; `at`: when that was.
///
/// # Errors
/// [`Unsendable`].
pub(crate) fn write<V: View>(
    view: &V,
    (region, bucket): (&RegionName, &BucketName),
    wanted: &Wanted,
    row: Option<&VersionRow>,
    (sequence, at, rule): (u64, Timestamp, Option<&Rule>),
) -> Result<Option<Written>, Unsendable<V::Error>> {
    let object = row.and_then(|row| row.object.as_ref());
    let created = row.map_or(at, |row| row.modified);
    let (change, at) = match (wanted.what, row, object) {
        (What::Removal, None, _) => (Change::Removal, at),
        (What::DeleteMarker, Some(_), None) => (Change::DeleteMarker, created),
        (What::Version, _, Some(object)) => {
            let parts = parts(view, object).map_err(Unsendable::View)?;
            (Change::Version(Box::new(version(object, rule, parts))), created)
        }
        (What::Tags, _, Some(object)) => {
            (Change::Tags(object.attributes.tags.clone()), object.changes.tags.unwrap_or(created))
        }
        (What::Retention, _, Some(object)) => {
            let state = object.changes.retention.unwrap_or_else(|| RetentionState::of(object.lock.retention));
            (Change::Retention(state), at)
        }
        (What::LegalHold, _, Some(object)) => {
            let Some(hold) = object.lock.legal_hold else { return Ok(None) };
            (Change::LegalHold(hold), object.changes.legal_hold.unwrap_or(created))
        }
        _ => return Ok(None),
    };
    let origin = Origin { region: region.clone(), sequence };
    let (version_id, null_version) = (wanted.version, wanted.null);
    let sent = Sent { form: Sent::FORM, origin, version_id, null_version, at, change };
    Ok(Some(Written { path: path(bucket, &wanted.key), header: sent.encode()? }))
}

/// A version with tags and lock as they are now, and when they were changed.
fn version(object: &ObjectRow, rule: Option<&Rule>, parts: Vec<Parts>) -> Version {
    let mut attributes = object.attributes.clone();
    if let Some(class) = rule.and_then(|rule| rule.storage_class.as_ref()) {
        attributes.storage_class = Some(class.clone()).filter(|class| class != "STANDARD");
    }
    let operation = if parts.is_empty() { Operation::PutObject } else { Operation::CompleteMultipartUpload };
    Version {
        size: object.size,
        etag: object.etag,
        sha256: body_sha256(object),
        encrypted: object.encryption.is_some(),
        parts,
        checksum: object.checksum.clone(),
        attributes,
        lock: object.lock,
        changes: object.changes.changes(),
        operation,
    }
}

fn parts<V: View>(view: &V, object: &ObjectRow) -> Result<Vec<Parts>, V::Error> {
    let BodyRow::Parts(upload) = object.body else { return Ok(Vec::new()) };
    Ok(Version::gather(view.parts(upload)?.into_iter().map(|(number, part)| (number, part.size))))
}

/// The SHA-256 of the whole body, if it is known.
pub(crate) fn body_sha256(object: &ObjectRow) -> Option<Sha256Digest> {
    match object.body {
        BodyRow::Content(content) if object.encryption.is_none() => Some(content.sha256),
        _ => None,
    }
}

fn path(bucket: &BucketName, key: &ObjectKey) -> String {
    format!("{bucket}/{}", percent_encode(key.as_bytes(), IN_PATH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_of_keys_stay() {
        let key = ObjectKey::from_bytes(&b"a/b c?\xff"[..]).unwrap();
        assert_eq!(path(&"photos".parse().unwrap(), &key), "photos/a/b%20c%3F%FF");
    }
}
