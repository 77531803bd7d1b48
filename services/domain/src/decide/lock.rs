//! Object lock, which protects versions from deletion.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>

use events::Fact;
use events::bucket::Versioning;
use events::ids::BucketName;
use events::lock::{
    BucketChanged, DefaultRetention, LegalHold, LegalHoldChanged, Lock, Retention, RetentionChanged, RetentionMode,
};
use jiff::{SignedDuration, Timestamp};

use super::object::object_version;
use super::{Decision, Refused, bucket_row, changed};
use crate::command::{Context, Rejection, SetLegalHold, SetRetention};
use crate::row::{BucketRow, BucketSettingsRow, ObjectLockRow, VersionRow};
use crate::view::View;

const HOURS_A_DAY: i64 = 24;

/// Whether a bucket would accept an object with this lock at this moment. A gateway asks before it reads a body; the
/// commit checks again.
pub fn admit_lock<V: View>(
    view: &V,
    bucket: &BucketName,
    asked: Lock,
    context: Context,
) -> Result<(), Refused<V::Error>> {
    of_new(view, &bucket_row(view, bucket)?, asked, context).map(drop)
}

/// The lock of a new version: the requested one, with the bucket's default retention if the request has none.
pub(super) fn of_new<V: View>(
    view: &V,
    bucket: &BucketRow,
    asked: Lock,
    context: Context,
) -> Result<Lock, Refused<V::Error>> {
    if asked.retention.is_some_and(|retention| retention.until <= context.now) {
        return Err(Rejection::RetainUntilPast.into());
    }
    of_begun(view, bucket, asked, context)
}

/// The lock that was requested when an upload was created. Its retention may have ended by now.
pub(super) fn of_begun<V: View>(
    view: &V,
    bucket: &BucketRow,
    asked: Lock,
    context: Context,
) -> Result<Lock, Refused<V::Error>> {
    match object_lock(view, bucket)? {
        None if asked == Lock::default() => Ok(asked),
        None => Err(Rejection::NoObjectLock.into()),
        Some(ObjectLockRow { default_retention }) => {
            let by_default = || default_retention.map(|default| from_now(default, context.now));
            Ok(Lock { retention: asked.retention.or_else(by_default), ..asked })
        }
    }
}

fn from_now(default: DefaultRetention, now: Timestamp) -> Retention {
    let period = SignedDuration::from_hours(i64::from(default.period.days()) * HOURS_A_DAY);
    Retention { mode: default.mode, until: now.saturating_add(period).unwrap_or(Timestamp::MAX) }
}

fn object_lock<V: View>(view: &V, bucket: &BucketRow) -> Result<Option<ObjectLockRow>, Refused<V::Error>> {
    if bucket.settings == 0 {
        return Ok(None);
    }
    Ok(view.bucket_settings(bucket.id).map_err(Refused::View)?.object_lock)
}

/// Whether versioning may be set to this value.
pub(super) fn check_versioning<V: View>(
    view: &V,
    bucket: &BucketRow,
    versioning: Versioning,
) -> Result<(), Refused<V::Error>> {
    if versioning != Versioning::Enabled && object_lock(view, bucket)?.is_some() {
        return Err(Rejection::LockNeedsVersioning.into());
    }
    Ok(())
}

/// Whether versions of the bucket can have the lock of a version of another region.
pub(super) fn check_replica<V: View>(view: &V, bucket: &BucketRow, lock: Lock) -> Result<(), Refused<V::Error>> {
    if lock == Lock::default() || is_on(view, bucket)? { Ok(()) } else { Err(Rejection::NoObjectLock.into()) }
}

/// Whether a bucket has object lock.
pub(super) fn is_on<V: View>(view: &V, bucket: &BucketRow) -> Result<bool, Refused<V::Error>> {
    Ok(object_lock(view, bucket)?.is_some())
}

/// Whether one retention protects less than another.
pub(super) fn weakens(before: Option<Retention>, after: Option<Retention>) -> bool {
    match (before, after) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            let is_lenient = after.mode != before.mode && before.mode == RetentionMode::Compliance;
            is_lenient || after.until < before.until
        }
    }
}

/// Whether a version may be deleted now, and whether that bypasses governance. A delete marker is never locked.
pub(super) fn check_end(row: &VersionRow, bypass_governance: bool, now: Timestamp) -> Result<bool, Rejection> {
    let lock = row.object.as_ref().map(|object| object.lock).unwrap_or_default();
    if lock.legal_hold == Some(LegalHold::On) {
        return Err(Rejection::Locked);
    }
    check_retained(lock.retention, bypass_governance, now)
}

/// Whether the retention of a version may be shortened or removed.
pub(super) fn check_retained(
    retention: Option<Retention>,
    bypass_governance: bool,
    now: Timestamp,
) -> Result<bool, Rejection> {
    match retention.filter(|retention| retention.until > now) {
        None => Ok(false),
        Some(Retention { mode: RetentionMode::Governance, .. }) if bypass_governance => Ok(true),
        Some(_) => Err(Rejection::Locked),
    }
}

pub(super) fn set_of_bucket(
    bucket: &BucketName,
    row: &BucketRow,
    settings: &BucketSettingsRow,
    wanted: ObjectLockRow,
) -> Result<Decision, Rejection> {
    if row.versioning != Versioning::Enabled {
        return Err(Rejection::LockNeedsVersioning);
    }
    let fact = BucketChanged { bucket: bucket.clone(), default_retention: wanted.default_retention };
    Ok(changed(settings.object_lock == Some(wanted), Fact::BucketObjectLockChanged(fact)))
}

pub(super) fn set_retention<V: View>(
    view: &V,
    set: &SetRetention,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &set.bucket)?;
    object_lock(view, &bucket)?.ok_or(Rejection::NoObjectLock)?;
    let (row, object) = object_version(view, bucket.id, &set.key, set.version)?;
    let now = object.lock.retention;
    let governance_bypassed = match (now, set.retention) {
        (before, after) if before == after => false,
        (_, Some(after)) if after.until <= context.now => return Err(Rejection::RetainUntilPast.into()),
        (Some(before), Some(after)) if before.mode == after.mode && before.until <= after.until => false,
        (before, _) => check_retained(before, set.bypass_governance, context.now)?,
    };
    let fact = RetentionChanged {
        bucket: set.bucket.clone(),
        key: set.key.clone(),
        version_id: row.version,
        null_version: row.null,
        retention: set.retention,
        governance_bypassed,
        replica: None,
    };
    Ok(changed(now == set.retention, Fact::ObjectRetentionChanged(fact)))
}

pub(super) fn set_legal_hold<V: View>(view: &V, set: &SetLegalHold) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &set.bucket)?;
    object_lock(view, &bucket)?.ok_or(Rejection::NoObjectLock)?;
    let (row, object) = object_version(view, bucket.id, &set.key, set.version)?;
    let fact = LegalHoldChanged {
        bucket: set.bucket.clone(),
        key: set.key.clone(),
        version_id: row.version,
        null_version: row.null,
        legal_hold: set.legal_hold,
        replica: None,
    };
    Ok(changed(object.lock.legal_hold == Some(set.legal_hold), Fact::ObjectLegalHoldChanged(fact)))
}
