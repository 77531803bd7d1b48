use events::Fact;
use events::bucket::Versioning;
use events::ids::{ObjectKey, VersionId};
use events::object::{Body, Created, Delta};

use super::access::check_acl;
use super::content::{admit_stored, known_content};
use super::health::{referable, referable_parts};
use super::quota::{check as check_quota, warnings};
use super::{Decision, Refused, bucket_row, lock};
use crate::command::{Context, ETags, NewBody, OBJECT_BYTES_MAX, Outcome, Precondition, PutObject, Rejection};
use crate::row::{BucketId, BucketRow, ObjectRow, VersionRow};
use crate::view::{VersionName, View, find_version, version_by_id};

pub(super) fn put<V: View>(view: &V, put: &PutObject, context: Context) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &put.bucket)?;
    if put.size > OBJECT_BYTES_MAX {
        return Err(Rejection::ObjectTooLarge { size: put.size }.into());
    }
    let current = view.current(bucket.id, &put.key).map_err(Refused::View)?;
    check(&put.precondition, current.as_ref())?;
    let (body, staged_in_use) = body(view, bucket.id, &put.body)?;
    check_copied(view, put)?;
    check_acl(view, bucket.id, put.acl.as_ref())?;
    let place = place_version(view, &bucket, &put.key, current, context)?;
    let lock = lock::of_new(view, &bucket, put.lock, context)?;
    let usage = view.usage(bucket.id).map_err(Refused::View)?;
    let delta = place.delta(Some(put.size));
    check_quota(&usage, delta)?;
    let fact = Created {
        bucket: put.bucket.clone(),
        key: put.key.clone(),
        version_id: place.version,
        null_version: place.null,
        size: put.size,
        etag: put.etag,
        body,
        checksum: put.checksum.clone(),
        encryption: put.encryption.clone(),
        attributes: put.attributes.clone(),
        owner: put.owner.clone(),
        acl: put.acl.clone(),
        lock,
        operation: put.operation,
        replaces: place.replaces.as_ref().map(|row| row.version),
        delta,
        replica: None,
    };
    let outcome = place.stored(put.etag, context, staged_in_use);
    Ok(Decision::write(Fact::ObjectCreated(fact), outcome).warn(warnings(&put.bucket, &usage, delta)))
}

/// Parts that are to be shared may have grown since they were read.
fn check_copied<V: View>(view: &V, put: &PutObject) -> Result<(), Refused<V::Error>> {
    let NewBody::Parts(upload) = put.body else { return Ok(()) };
    let manifest = view.manifest(upload).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
    if manifest.bytes == put.size { Ok(()) } else { Err(Rejection::SourceChanged.into()) }
}

/// Whether the precondition of a write holds for a key whose current object is `current`.
pub(super) fn check(precondition: &Precondition, current: Option<&VersionRow>) -> Result<(), Rejection> {
    let etag = current.and_then(|row| row.object.as_ref()).map(|object| object.etag.to_string());
    if let Some(tags) = &precondition.matches {
        match &etag {
            None => return Err(Rejection::NoSuchKey),
            Some(etag) if !tags.contain(etag) => return Err(Rejection::PreconditionFailed),
            Some(_) => {}
        }
    }
    if let (Some(tags), Some(etag)) = (&precondition.none_matches, &etag)
        && tags.contain(etag)
    {
        return Err(Rejection::PreconditionFailed);
    }
    Ok(())
}

impl ETags {
    pub(super) fn contain(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| tag == etag),
        }
    }
}

/// The body that the fact will name, and whether it uses the staged shards.
pub(super) fn body<V: View>(view: &V, bucket: BucketId, new: &NewBody) -> Result<(Body, bool), Refused<V::Error>> {
    Ok(match new {
        NewBody::Empty => (Body::Empty, false),
        NewBody::Staged { content, placement, chosen_at, instead_of, scope } => {
            // This content already exists if its first commit succeeded but was answered too late, and is retried.
            // Since then, other contents with the same bytes may have been stored, or have greater generations from a
            // clock that is ahead.
            if view.content(content).map_err(Refused::View)?.is_some() {
                return Ok((Body::Known { content: *content }, true));
            }
            let known = known_content(view, content.sha256, *scope, bucket).map_err(Refused::View)?;
            if let Some(known) = known.filter(|known| Some(*known) != *instead_of) {
                match referable(view, &known) {
                    Ok(_) => return Ok((Body::Known { content: known }, false)),
                    Err(Refused::Rejected(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            admit_stored(view, content.generation, placement, *chosen_at)?;
            (Body::Stored { content: *content, placement: placement.clone() }, true)
        }
        NewBody::Known(content) => {
            referable(view, content)?;
            (Body::Known { content: *content }, false)
        }
        NewBody::Parts(upload) => {
            view.manifest(*upload).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
            referable_parts(view, *upload)?;
            (Body::Parts { upload_id: *upload, taken: Vec::new() }, false)
        }
    })
}

/// A version that was read before, if it still exists and is an object.
pub(super) fn object_version<V: View>(
    view: &V,
    bucket: BucketId,
    key: &ObjectKey,
    version: VersionId,
) -> Result<(VersionRow, ObjectRow), Refused<V::Error>> {
    let row = version_by_id(view, bucket, key, version).map_err(Refused::View)?.ok_or(Rejection::NoSuchVersion)?;
    let object = row.object.clone().ok_or(Rejection::NoSuchKey)?;
    Ok((row, object))
}

/// The position of a new version among those of its key.
pub(super) struct VersionSlot {
    pub(super) version: VersionId,
    pub(super) null: bool,
    /// The null version that it replaces.
    pub(super) replaces: Option<VersionRow>,
}

impl VersionSlot {
    pub(super) fn name(&self) -> VersionName {
        if self.null { VersionName::Null } else { VersionName::Id(self.version) }
    }

    /// The change in usage when a version of `size` bytes, or a delete marker, is added.
    pub(super) fn delta(&self, size: Option<u64>) -> Delta {
        let gone = self.replaces.as_ref().and_then(|row| row.object.as_ref()).map(|object| object.size);
        let count = |size: Option<u64>| i64::from(size.is_some());
        let bytes = |size: Option<u64>| size.map_or(0, u64::cast_signed);
        Delta { objects: count(size) - count(gone), bytes: bytes(size) - bytes(gone) }
    }

    pub(super) fn stored(&self, etag: events::ids::ETag, context: Context, staged_in_use: bool) -> Outcome {
        let version = (!self.null).then(|| self.name());
        Outcome::Stored { version, etag, modified: context.now, staged_in_use }
    }
}

pub(super) fn place_version<V: View>(
    view: &V,
    bucket: &BucketRow,
    key: &ObjectKey,
    current: Option<VersionRow>,
    context: Context,
) -> Result<VersionSlot, Refused<V::Error>> {
    if bucket.versioning == Versioning::Unversioned {
        let version = VersionId::after(current.as_ref().map(|row| row.version), context.fresh);
        check_replaced(current.as_ref(), context)?;
        return Ok(VersionSlot { version, null: true, replaces: current });
    }
    let noncurrent = view.newest_below(bucket.id, key, VersionId::MAX).map_err(Refused::View)?;
    let newest = current.iter().chain(&noncurrent).map(|row| row.version).max();
    let version = VersionId::after(newest, context.fresh);
    let null = bucket.versioning == Versioning::Suspended;
    let replaces =
        if null { find_version(view, bucket.id, key, VersionName::Null).map_err(Refused::View)? } else { None };
    check_replaced(replaces.as_ref(), context)?;
    Ok(VersionSlot { version, null, replaces })
}

/// With object lock no version is ever replaced. If one were, its lock would still be checked.
fn check_replaced(replaced: Option<&VersionRow>, context: Context) -> Result<(), Rejection> {
    replaced.map_or(Ok(()), |row| lock::check_end(row, false, context.now).map(drop))
}
