use events::Fact;
use events::ids::{BucketName, ETag, Md5Digest, ObjectKey, PartNumber, UploadId};
use events::object::{Body, Created, Operation};
use events::upload;

use super::access::check_acl;
use super::object::{body, check, place_version};
use super::quota::{check as check_quota, check_part, warnings};
use super::{Decision, Refused, bucket_row, lock};
use crate::command::{
    CompleteUpload, Context, CreateUpload, NewBody, OBJECT_BYTES_MAX, Outcome, PART_BYTES_MIN, Rejection, StorePart,
};
use crate::row::{BodyRow, BucketRow, UploadRow, UsageRow, VersionRow};
use crate::view::View;

pub(super) fn create<V: View>(
    view: &V,
    create: &CreateUpload,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &create.bucket)?;
    // An id is used only once. On a retry the upload is in progress, has become an object, or has ended and still has
    // parts.
    let under_way = view.upload(bucket.id, &create.key, create.upload).map_err(Refused::View)?.is_some();
    if under_way || has_parts(view, create.upload)? {
        return Ok(Decision::nothing(Outcome::Done));
    }
    lock::of_new(view, &bucket, create.lock, context)?;
    check_acl(view, bucket.id, create.acl.as_ref())?;
    let fact = upload::Created {
        bucket: create.bucket.clone(),
        key: create.key.clone(),
        upload_id: create.upload,
        attributes: create.attributes.clone(),
        checksum: create.checksum,
        encryption: create.encryption.clone(),
        initiator: create.initiator.clone(),
        owner: create.owner.clone(),
        acl: create.acl.clone(),
        lock: create.lock,
    };
    Ok(Decision::write(Fact::UploadCreated(fact), Outcome::Done))
}

pub(super) fn store_part<V: View>(
    view: &V,
    store: &StorePart,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &store.bucket)?;
    upload_row(view, &bucket, &store.key, store.upload)?;
    if store.size > OBJECT_BYTES_MAX {
        return Err(Rejection::ObjectTooLarge { size: store.size }.into());
    }
    let usage = view.usage(bucket.id).map_err(Refused::View)?;
    check_part(view, &usage, (store.upload, store.number), store.size)?;
    let (body, staged_in_use) = match &store.body {
        // The bytes of a part cannot be parts themselves: such a copy has to store the bytes.
        NewBody::Parts(_) => return Err(Rejection::ContentGone.into()),
        new => body(view, bucket.id, new)?,
    };
    let fact = upload::PartStored {
        bucket: store.bucket.clone(),
        key: store.key.clone(),
        upload_id: store.upload,
        part_number: store.number,
        size: store.size,
        md5: store.md5,
        body,
        checksum: store.checksum.clone(),
        salt: store.salt.clone(),
    };
    let etag = ETag { md5: store.md5, parts: None };
    let outcome = Outcome::Stored { version: None, etag, modified: context.now, staged_in_use };
    Ok(Decision::write(Fact::UploadPartStored(fact), outcome))
}

pub(super) fn abort<V: View>(
    view: &V,
    bucket: &BucketName,
    key: &ObjectKey,
    upload: UploadId,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    upload_row(view, &row, key, upload)?;
    let fact = upload::Aborted { bucket: bucket.clone(), key: key.clone(), upload_id: upload, lifecycle_rule: None };
    Ok(Decision::write(Fact::UploadAborted(fact), Outcome::Done))
}

pub(super) fn complete<V: View>(
    view: &V,
    complete: &CompleteUpload,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &complete.bucket)?;
    let current = view.current(bucket.id, &complete.key).map_err(Refused::View)?;
    let upload = match upload_row(view, &bucket, &complete.key, complete.upload) {
        Ok(row) => row,
        Err(refused @ Refused::Rejected(_)) => {
            return completed_before(complete, current.as_ref()).ok_or(refused);
        }
        Err(unreadable) => return Err(unreadable),
    };
    let (size, taken) = take(view, complete)?;
    check(&complete.precondition, current.as_ref())?;
    check_acl(view, bucket.id, upload.acl.as_ref())?;
    let place = place_version(view, &bucket, &complete.key, current, context)?;
    let lock = lock::of_begun(view, &bucket, upload.lock, context)?;
    let usage = view.usage(bucket.id).map_err(Refused::View)?;
    let delta = place.delta(Some(size));
    // Its parts no longer count once it is an object.
    let parts_bytes = usage.parts_bytes.saturating_sub(size);
    check_quota(&UsageRow { parts_bytes, ..usage }, delta)?;
    let fact = Created {
        bucket: complete.bucket.clone(),
        key: complete.key.clone(),
        version_id: place.version,
        null_version: place.null,
        size,
        etag: complete.etag,
        body: Body::Parts { upload_id: complete.upload, taken },
        checksum: complete.checksum.clone(),
        encryption: upload.encryption,
        attributes: upload.attributes,
        owner: upload.owner,
        acl: upload.acl,
        lock,
        operation: Operation::CompleteMultipartUpload,
        replaces: place.replaces.as_ref().map(|row| row.version),
        delta,
        replica: None,
    };
    let outcome = place.stored(complete.etag, context, true);
    Ok(Decision::write(Fact::ObjectCreated(fact), outcome).warn(warnings(&complete.bucket, &usage, delta)))
}

/// Whether an id is in use: by an upload in progress, an object, or parts that are being released.
pub(super) fn has_parts<V: View>(view: &V, upload: UploadId) -> Result<bool, Refused<V::Error>> {
    Ok(!view.parts_from(upload, 0, 1).map_err(Refused::View)?.is_empty())
}

fn upload_row<V: View>(
    view: &V,
    bucket: &BucketRow,
    key: &ObjectKey,
    upload: UploadId,
) -> Result<UploadRow, Refused<V::Error>> {
    view.upload(bucket.id, key, upload).map_err(Refused::View)?.ok_or(Refused::Rejected(Rejection::NoSuchUpload))
}

/// A client that lost the answer retries: while the object it made is still current, the answer is the same.
fn completed_before(complete: &CompleteUpload, current: Option<&VersionRow>) -> Option<Decision> {
    let current = current?;
    let object = current.object.as_ref()?;
    let same = object.body == BodyRow::Parts(complete.upload) && object.etag == complete.etag;
    same.then(|| {
        Decision::nothing(Outcome::Stored {
            version: (!current.null).then(|| current.name()),
            etag: object.etag,
            modified: current.modified,
            staged_in_use: true,
        })
    })
}

/// The parts of an upload that brings a version of another region: their size, their numbers, and the upload. How small
/// a part may be was for its origin to say.
pub(super) fn replicated_parts<V: View>(
    view: &V,
    bucket: &BucketRow,
    key: &ObjectKey,
    upload: UploadId,
    stored: &[(PartNumber, Md5Digest)],
) -> Result<(u64, Runs, UploadRow), Refused<V::Error>> {
    let row = upload_row(view, bucket, key, upload)?;
    let mut size = 0_u64;
    let mut runs = Runs::new();
    let parts = view.parts(upload).map_err(Refused::View)?;
    // Whoever may write to the bucket may store parts of any upload.
    if !parts.iter().map(|(number, part)| (*number, part.md5)).eq(stored.iter().copied()) {
        return Err(Rejection::ReplicaDiffers.into());
    }
    for (number, part) in parts {
        size = size.saturating_add(part.size);
        extend(&mut runs, number);
    }
    if runs.is_empty() { Err(Rejection::InvalidPartOrder.into()) } else { Ok((size, runs, row)) }
}

fn extend(runs: &mut Runs, number: PartNumber) {
    match runs.last_mut() {
        Some((_, end)) if end.get() + 1 == number.get() => *end = number,
        _ => runs.push((number, number)),
    }
}

/// Runs of part numbers, from first to last.
type Runs = Vec<(PartNumber, PartNumber)>;

/// Checks the requested parts. Returns their total size, and their numbers as runs.
fn take<V: View>(view: &V, complete: &CompleteUpload) -> Result<(u64, Runs), Refused<V::Error>> {
    let ascending = complete.parts.windows(2).all(|pair| pair[0].0 < pair[1].0);
    let Some((last, _)) = complete.parts.last().filter(|_| ascending) else {
        return Err(Rejection::InvalidPartOrder.into());
    };
    // All at once: no other command is decided meanwhile.
    let stored = view.parts(complete.upload).map_err(Refused::View)?;
    let mut size = 0_u64;
    let mut runs: Runs = Vec::new();
    for (number, md5) in &complete.parts {
        let part = stored.binary_search_by_key(number, |(number, _)| *number).ok().map(|place| &stored[place].1);
        let part = part.filter(|part| part.md5 == *md5).ok_or_else(|| Rejection::InvalidPart(number.get()))?;
        if part.size < PART_BYTES_MIN && number != last {
            return Err(Rejection::PartTooSmall { number: number.get(), size: part.size }.into());
        }
        size = size.saturating_add(part.size);
        extend(&mut runs, *number);
    }
    if size > OBJECT_BYTES_MAX {
        return Err(Rejection::ObjectTooLarge { size }.into());
    }
    Ok((size, runs))
}
