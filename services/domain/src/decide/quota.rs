use events::Fact;
use events::ids::{BucketName, ObjectKey, PartNumber, UploadId};
use events::object::Delta;
use events::quota::{Changed, Quota, Resource, ThresholdReached, WARNING_PERCENT};

use super::object::{VersionSlot, place_version};
use super::{Decision, Refused, bucket_row};
use crate::command::{Context, Outcome, Rejection};
use crate::row::UsageRow;
use crate::view::View;

/// Whether a bucket would accept an object of `size` bytes under a key at this moment. A gateway asks before it reads a
/// body; the commit checks again.
pub fn admit<V: View>(
    view: &V,
    bucket: &BucketName,
    key: &ObjectKey,
    size: u64,
    context: Context,
) -> Result<(), Refused<V::Error>> {
    match bounded(view, bucket, key, context)? {
        None => Ok(()),
        Some((usage, place)) => Ok(check(&usage, place.delta(Some(size)))?),
    }
}

/// The largest size that an object under a key may have at this moment, for a body of unknown length; `None` if no
/// quota limits it.
///
/// # Errors
/// The bucket would not accept even an empty object.
pub fn room<V: View>(
    view: &V,
    bucket: &BucketName,
    key: &ObjectKey,
    context: Context,
) -> Result<Option<u64>, Refused<V::Error>> {
    let Some((usage, place)) = bounded(view, bucket, key, context)? else { return Ok(None) };
    let empty = place.delta(Some(0));
    check(&usage, empty)?;
    let Some(limit) = usage.quota.bytes else { return Ok(None) };
    let free = limit.saturating_sub(usage.bytes.saturating_add(usage.parts_bytes));
    Ok(Some(empty.bytes.unsigned_abs().saturating_add(free)))
}

/// The usage of a bucket with a quota, and the position of an object under a key; `None` without a quota.
fn bounded<V: View>(
    view: &V,
    bucket: &BucketName,
    key: &ObjectKey,
    context: Context,
) -> Result<Option<(UsageRow, VersionSlot)>, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let usage = view.usage(row.id).map_err(Refused::View)?;
    if usage.quota == Quota::default() {
        return Ok(None);
    }
    let current = view.current(row.id, key).map_err(Refused::View)?;
    let place = place_version(view, &row, key, current, context)?;
    Ok(Some((usage, place)))
}

/// Whether a bucket would accept a part of `size` bytes at this moment.
pub fn admit_part<V: View>(
    view: &V,
    bucket: &BucketName,
    (upload, number): (UploadId, PartNumber),
    size: u64,
) -> Result<(), Refused<V::Error>> {
    let usage = view.usage(bucket_row(view, bucket)?.id).map_err(Refused::View)?;
    if usage.quota == Quota::default() {
        return Ok(());
    }
    check_part(view, &usage, (upload, number), size)
}

/// Whether a bucket would accept `size` more bytes at the end of an object at this moment.
pub fn admit_append<V: View>(view: &V, bucket: &BucketName, size: u64) -> Result<(), Refused<V::Error>> {
    let usage = view.usage(bucket_row(view, bucket)?.id).map_err(Refused::View)?;
    Ok(check(&usage, added(size))?)
}

/// The change in usage when an object grows.
pub(super) fn added(bytes: u64) -> Delta {
    Delta { objects: 0, bytes: bytes.cast_signed() }
}

/// Parts count once they are stored; a part that is replaced no longer counts.
pub(super) fn check_part<V: View>(
    view: &V,
    usage: &UsageRow,
    (upload, number): (UploadId, PartNumber),
    size: u64,
) -> Result<(), Refused<V::Error>> {
    let replaced = view.part(upload, number).map_err(Refused::View)?.map_or(0, |part| part.size);
    Ok(check(usage, Delta { objects: 0, bytes: size.cast_signed() - replaced.cast_signed() })?)
}

pub(super) fn set<V: View>(view: &V, bucket: &BucketName, quota: Quota) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let usage = view.usage(row.id).map_err(Refused::View)?;
    if usage.quota == quota {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let usage = UsageRow { quota, ..usage }.with_warnings_due();
    let decision = Decision::write(Fact::QuotaChanged(Changed { bucket: bucket.clone(), quota }), Outcome::Done);
    Ok(decision.warn(warnings(bucket, &usage, Delta::default())))
}

/// A change that shrinks a bucket is always allowed, even if it exceeds its quota.
pub(super) fn check(usage: &UsageRow, delta: Delta) -> Result<(), Rejection> {
    for Limited { resource, used, limit, change, .. } in limited(usage, delta) {
        let under_way = if resource == Resource::Bytes { usage.parts_bytes } else { 0 };
        if change > 0 && used.saturating_add(under_way).saturating_add_signed(change) > limit {
            return Err(Rejection::QuotaExceeded { resource, limit });
        }
    }
    Ok(())
}

/// The warnings that a change causes: at most one for each resource.
pub(super) fn warnings(bucket: &BucketName, usage: &UsageRow, delta: Delta) -> Vec<Fact> {
    let due = limited(usage, delta).filter_map(|Limited { resource, used, limit, change, warned }| {
        let used = used.saturating_add_signed(change);
        let reached = ThresholdReached { bucket: bucket.clone(), resource, used, limit };
        (is_warning_due(used, limit) && !warned).then_some(Fact::QuotaThresholdReached(reached))
    });
    due.collect()
}

fn is_warning_due(used: u64, limit: u64) -> bool {
    u128::from(used) * 100 >= u128::from(limit) * u128::from(WARNING_PERCENT)
}

struct Limited {
    resource: Resource,
    used: u64,
    limit: u64,
    change: i64,
    warned: bool,
}

fn limited(usage: &UsageRow, delta: Delta) -> impl Iterator<Item = Limited> {
    let of = |resource, used, limit: Option<u64>, change, warned| {
        limit.map(|limit| Limited { resource, used, limit, change, warned })
    };
    let bytes = of(Resource::Bytes, usage.bytes, usage.quota.bytes, delta.bytes, usage.warned_of_bytes);
    let objects = of(Resource::Objects, usage.objects, usage.quota.objects, delta.objects, usage.warned_of_objects);
    bytes.into_iter().chain(objects)
}

impl UsageRow {
    /// Clears warnings whose cause is over, so that they are given again next time.
    pub(crate) fn with_warnings_due(self) -> Self {
        let is_due = |used, limit: Option<u64>| limit.is_some_and(|limit| is_warning_due(used, limit));
        Self {
            warned_of_bytes: self.warned_of_bytes && is_due(self.bytes, self.quota.bytes),
            warned_of_objects: self.warned_of_objects && is_due(self.objects, self.quota.objects),
            ..self
        }
    }
}
