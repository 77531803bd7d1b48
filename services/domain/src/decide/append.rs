//! Appends bytes to an object, as in S3's directory buckets.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-append.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>

use events::Fact;
use events::bucket::Versioning;
use events::ids::{ETag, PartNumber, UploadId};
use events::object::{Appended, AppendedPart};

use super::object::{body, check};
use super::quota::{added, check as check_quota, warnings};
use super::upload::has_parts;
use super::{Decision, Refused, bucket_row, lock};
use crate::command::{AppendObject, Context, NewBody, OBJECT_BYTES_MAX, Outcome, PARTS_MAX, Rejection};
use crate::row::{BodyRow, ObjectRow};
use crate::view::View;

pub(super) fn append<V: View>(
    view: &V,
    append: &AppendObject,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &append.bucket)?;
    if bucket.versioning != Versioning::Unversioned {
        return Err(Rejection::AppendAmongVersions.into());
    }
    let current = view.current(bucket.id, &append.key).map_err(Refused::View)?;
    check(&append.precondition, current.as_ref())?;
    let current = current.ok_or(Rejection::WrongOffset)?;
    let object = current.object.as_ref().ok_or(Rejection::WrongOffset)?;
    if object.size != append.offset {
        return Err(Rejection::WrongOffset.into());
    }
    if append.version.is_some_and(|version| version != current.version) {
        return Err(Rejection::SourceChanged.into());
    }
    lock::check_end(&current, false, context.now)?;
    check_size(append)?;
    let PartSlot { upload, parts, number } = place(view, append, object)?;
    let (body, staged_in_use) = match &append.body {
        // The bytes of a part cannot be parts themselves.
        NewBody::Parts(_) => return Err(Rejection::ContentGone.into()),
        new => body(view, bucket.id, new)?,
    };
    let usage = view.usage(bucket.id).map_err(Refused::View)?;
    let delta = added(append.size);
    check_quota(&usage, delta)?;
    let etag = ETag { md5: append.whole_md5, parts: Some(parts) };
    let part =
        AppendedPart { number, md5: append.md5, body, checksum: append.checksum.clone(), salt: append.salt.clone() };
    let fact = Appended {
        bucket: append.bucket.clone(),
        key: append.key.clone(),
        version_id: current.version,
        offset: append.offset,
        size: append.size,
        etag,
        checksum: append.whole_checksum.clone(),
        upload_id: upload,
        part,
        delta,
    };
    let outcome = Outcome::Stored { version: None, etag, modified: context.now, staged_in_use };
    Ok(Decision::write(Fact::ObjectAppended(fact), outcome).warn(warnings(&append.bucket, &usage, delta)))
}

fn check_size(append: &AppendObject) -> Result<(), Rejection> {
    if append.size == 0 {
        return Err(Rejection::NothingToAppend);
    }
    match append.offset.saturating_add(append.size) {
        size if size > OBJECT_BYTES_MAX => Err(Rejection::ObjectTooLarge { size }),
        _ => Ok(()),
    }
}

/// The position of the new part.
struct PartSlot {
    upload: UploadId,
    /// The number of parts, with the new one.
    parts: u16,
    number: PartNumber,
}

/// Parts that other objects share are not changed. If they are shared, or no part number is left, the object gets parts
/// of its own, numbered from 1.
fn place<V: View>(view: &V, append: &AppendObject, object: &ObjectRow) -> Result<PartSlot, Refused<V::Error>> {
    let (parts, in_place) = match object.body {
        BodyRow::Empty => (0, None),
        BodyRow::Content(_) => (1, None),
        BodyRow::Parts(upload) => {
            let manifest = view.manifest(upload).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
            let has_room = manifest.references == 1 && manifest.last < PARTS_MAX;
            // A part that the object does not use may have the next number until it is freed.
            let is_whole = view.released_upload(upload).map_err(Refused::View)?.is_none();
            (manifest.parts, (has_room && is_whole).then_some((upload, manifest.last)))
        }
    };
    if parts >= PARTS_MAX {
        return Err(Rejection::TooManyParts.into());
    }
    // An id is used only once.
    if in_place.is_none() && has_parts(view, append.upload)? {
        return Err(Rejection::SourceChanged.into());
    }
    let (upload, before) = in_place.unwrap_or((append.upload, parts));
    let number = PartNumber::try_from(before + 1).map_err(|_| Rejection::TooManyParts)?;
    Ok(PartSlot { upload, parts: parts + 1, number })
}
