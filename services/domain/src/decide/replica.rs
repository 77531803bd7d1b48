//! Changes that were made in other regions. Every rule here gives the same state whatever the order in which the changes
//! of several regions arrive (ADR 44).

use std::cmp::Ordering;

use events::Fact;
use events::bucket::Versioning;
use events::ids::{Generation, VersionId};
use events::lock::{LegalHold, LegalHoldChanged, Lock, Retention, RetentionChanged, RetentionMode};
use events::object::{AclChanged, Body, Created, DeleteMarkerCreated, Delta, TagsChanged};
use events::replication::{Completed, Failed, ReplicaOf};
use jiff::{SignedDuration, Timestamp};

use super::access::check_acl;
use super::object::{body, object_version};
use super::quota::{check as check_quota, warnings};
use super::upload::replicated_parts;
use super::{Decision, Refused, bucket_row, lock};
use crate::command::{
    Context, NOTED_VERSIONS_MAX, NewBody, NoteReplicated, OBJECT_BYTES_MAX, Outcome, REPLICATION_REASON_BYTES_MAX,
    Rejection, Replica, ReplicaChange, ReplicaVersion, ReplicationResult,
};
use crate::row::{BucketRow, ObjectRow, VersionRow};
use crate::view::{VersionName, View};

/// How far the clock of another region may be ahead of this one's.
const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn replicate<V: View>(view: &V, replica: &Replica, context: Context) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &replica.bucket)?;
    if bucket.versioning != Versioning::Enabled {
        return Err(Rejection::ReplicaNeedsVersioning.into());
    }
    check_clock(replica, context)?;
    match &replica.change {
        ReplicaChange::Version(version) => create(view, &bucket, replica, version),
        ReplicaChange::DeleteMarker => mark(view, &bucket, replica),
        ReplicaChange::Tags(_) | ReplicaChange::Acl(_) | ReplicaChange::Retention(_) | ReplicaChange::LegalHold(_) => {
            change(view, &bucket, replica)
        }
    }
}

/// A version of the far future would be the current one until then, and one with the greatest id for ever.
fn check_clock(replica: &Replica, context: Context) -> Result<(), Rejection> {
    let latest = context.now.saturating_add(CLOCK_AHEAD_MAX).unwrap_or(Timestamp::MAX);
    let milliseconds = u64::try_from(latest.as_millisecond()).unwrap_or_default();
    let first_beyond = VersionId::from_u128(Generation::first_at(milliseconds.saturating_add(1)).as_uuid().as_u128());
    if replica.at > latest || replica.version_id >= first_beyond { Err(Rejection::ReplicaAhead) } else { Ok(()) }
}

fn stamp(replica: &Replica) -> Option<ReplicaOf> {
    Some(ReplicaOf { origin: replica.origin.clone(), at: replica.at })
}

/// The version of this id, current or not, an object or a delete marker.
fn find<V: View>(view: &V, bucket: &BucketRow, replica: &Replica) -> Result<Option<VersionRow>, Refused<V::Error>> {
    let current = view.current(bucket.id, &replica.key).map_err(Refused::View)?;
    match current.filter(|row| row.version == replica.version_id) {
        Some(row) => Ok(Some(row)),
        None => view.version(bucket.id, &replica.key, replica.version_id).map_err(Refused::View),
    }
}

fn create<V: View>(
    view: &V,
    bucket: &BucketRow,
    replica: &Replica,
    new: &ReplicaVersion,
) -> Result<Decision, Refused<V::Error>> {
    if let Some(found) = find(view, bucket, replica)? {
        return Ok(created_before(&found, new)?);
    }
    if new.size > OBJECT_BYTES_MAX {
        return Err(Rejection::ObjectTooLarge { size: new.size }.into());
    }
    lock::check_replica(view, bucket, new.lock)?;
    check_acl(view, bucket.id, new.acl.as_ref())?;
    let mut usage = view.usage(bucket.id).map_err(Refused::View)?;
    let delta = Delta { objects: 1, bytes: new.size.cast_signed() };
    let (body, encryption, staged_in_use) = if let NewBody::Parts(upload) = new.body {
        let (size, taken, row) = replicated_parts(view, bucket, &replica.key, upload)?;
        if size != new.size {
            return Err(Rejection::ReplicaDiffers.into());
        }
        // Its parts no longer count once it is an object.
        usage.parts_bytes = usage.parts_bytes.saturating_sub(size);
        (Body::Parts { upload_id: upload, taken }, row.encryption, true)
    } else {
        let (body, staged_in_use) = body(view, bucket.id, &new.body)?;
        (body, new.encryption.clone(), staged_in_use)
    };
    check_quota(&usage, delta)?;
    let warnings = warnings(&replica.bucket, &usage, delta);
    let fact = Created {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: replica.version_id,
        null_version: false,
        size: new.size,
        etag: new.etag,
        body,
        checksum: new.checksum.clone(),
        encryption,
        attributes: new.attributes.clone(),
        owner: new.owner.clone(),
        acl: new.acl.clone(),
        lock: new.lock,
        operation: new.operation,
        replaces: None,
        delta,
        replica: stamp(replica),
    };
    let version = Some(VersionName::Id(replica.version_id));
    let outcome = Outcome::Stored { version, etag: new.etag, modified: replica.at, staged_in_use };
    Ok(Decision::write(Fact::ObjectCreated(fact), outcome).warn(warnings))
}

/// The answer about a version that is here already. Its metadata may have changed since, its bytes cannot have.
fn created_before(found: &VersionRow, new: &ReplicaVersion) -> Result<Decision, Rejection> {
    let is_same = |object: &&ObjectRow| object.size == new.size && object.etag == new.etag;
    let object = found.object.as_ref().filter(is_same).ok_or(Rejection::ReplicaDiffers)?;
    let (version, modified) = (Some(found.name()), found.modified);
    Ok(Decision::nothing(Outcome::Stored { version, etag: object.etag, modified, staged_in_use: false }))
}

fn mark<V: View>(view: &V, bucket: &BucketRow, replica: &Replica) -> Result<Decision, Refused<V::Error>> {
    let outcome = Outcome::Deleted { version: Some(VersionName::Id(replica.version_id)), delete_marker: true };
    match find(view, bucket, replica)? {
        Some(found) if found.object.is_some() => return Err(Rejection::ReplicaDiffers.into()),
        Some(_) => return Ok(Decision::nothing(outcome)),
        None => {}
    }
    let fact = DeleteMarkerCreated {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: replica.version_id,
        null_version: false,
        replaces: None,
        delta: Delta::default(),
        lifecycle_rule: None,
        replica: stamp(replica),
    };
    Ok(Decision::write(Fact::DeleteMarkerCreated(fact), outcome))
}

/// A change of a version's metadata, which is made if it follows the one that is here.
fn change<V: View>(view: &V, bucket: &BucketRow, replica: &Replica) -> Result<Decision, Refused<V::Error>> {
    let (row, object) = object_version(view, bucket.id, &replica.key, replica.version_id)?;
    let (bucket_name, key, version_id) = (replica.bucket.clone(), replica.key.clone(), row.version);
    let (null_version, source) = (row.null, stamp(replica));
    let at = |changed: Option<Timestamp>| changed.unwrap_or(row.modified);
    let fact = match &replica.change {
        ReplicaChange::Tags(tags) => {
            let is_next = follows((replica.at, tags), (at(object.changes.tags), &object.attributes.tags));
            let tags = tags.clone();
            let fact = TagsChanged { bucket: bucket_name, key, version_id, null_version, tags, replica: source };
            is_next.then_some(Fact::ObjectTagsChanged(fact))
        }
        ReplicaChange::Acl(acl) => {
            check_acl(view, bucket.id, Some(acl))?;
            let is_next = follows((replica.at, Some(acl)), (at(object.changes.acl), object.acl.as_ref()));
            let acl = acl.clone();
            let fact = AclChanged { bucket: bucket_name, key, version_id, null_version, acl, replica: source };
            is_next.then_some(Fact::ObjectAclChanged(fact))
        }
        ReplicaChange::Retention(retention) => {
            lock::check_replica(view, bucket, Lock { retention: *retention, legal_hold: None })?;
            let is_next =
                retention_follows((replica.at, *retention), (at(object.changes.retention), object.lock.retention));
            let (retention, governance_bypassed) = (*retention, false);
            let fact = RetentionChanged {
                bucket: bucket_name,
                key,
                version_id,
                null_version,
                retention,
                governance_bypassed,
                replica: source,
            };
            is_next.then_some(Fact::ObjectRetentionChanged(fact))
        }
        ReplicaChange::LegalHold(hold) => {
            lock::check_replica(view, bucket, Lock { retention: None, legal_hold: Some(*hold) })?;
            let order = |hold: LegalHold| hold == LegalHold::On;
            let now = object.lock.legal_hold.map(order);
            let is_next = follows((replica.at, Some(order(*hold))), (at(object.changes.legal_hold), now));
            let legal_hold = *hold;
            let fact =
                LegalHoldChanged { bucket: bucket_name, key, version_id, null_version, legal_hold, replica: source };
            is_next.then_some(Fact::ObjectLegalHoldChanged(fact))
        }
        // These are no changes of metadata.
        ReplicaChange::Version(_) | ReplicaChange::DeleteMarker => None,
    };
    Ok(Decision { fact, warnings: Vec::new(), outcome: Outcome::Done })
}

/// Whether one change of metadata counts rather than another: it is later, or as late and the greater one.
fn follows<T: Ord>(new: (Timestamp, T), now: (Timestamp, T)) -> bool {
    (new.0.as_microsecond(), new.1) > (now.0.as_microsecond(), now.1)
}

/// The same of retentions. Whichever is later counts, but that the earlier one counts if it is in compliance mode, still
/// held at the time of the later one, and would be shortened by it. So no change of another region shortens such a
/// retention, and the order in which changes arrive makes no difference: of any three there are none of which each
/// precedes the next in a circle.
fn retention_follows(new: (Timestamp, Option<Retention>), now: (Timestamp, Option<Retention>)) -> bool {
    let held = |retention: Option<Retention>| {
        retention.filter(|retention| retention.mode == RetentionMode::Compliance).map(|retention| retention.until)
    };
    let order = |retention: Option<Retention>| {
        retention.map(|retention| (retention.mode == RetentionMode::Compliance, retention.until))
    };
    let is_kept = |earlier: Option<Retention>, (at, later): (Timestamp, Option<Retention>)| {
        held(earlier) > held(later) && held(earlier).is_some_and(|until| until.as_microsecond() > at.as_microsecond())
    };
    match new.0.as_microsecond().cmp(&now.0.as_microsecond()) {
        Ordering::Greater => !is_kept(now.1, new),
        Ordering::Less => is_kept(new.1, now),
        Ordering::Equal => (held(new.1), order(new.1)) > (held(now.1), order(now.1)),
    }
}

pub(super) fn note<V: View>(view: &V, note: &NoteReplicated) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &note.bucket)?;
    if note.versions.len() > NOTED_VERSIONS_MAX {
        return Err(Rejection::TooMuchNoted.into());
    }
    let settings = view.bucket_settings(bucket.id).map_err(Refused::View)?;
    let row = settings.replication.ok_or(Rejection::NoSuchDestination)?;
    if !row.configuration.rules.iter().any(|rule| rule.destination == note.destination) {
        return Err(Rejection::NoSuchDestination.into());
    }
    let (bucket, destination, versions) = (note.bucket.clone(), note.destination.clone(), note.versions.clone());
    let fact = match &note.result {
        ReplicationResult::Completed { up_to } => {
            let known = row.progress.iter().find(|(known, _)| *known == destination).map_or(0, |(_, up_to)| *up_to);
            if versions.is_empty() && *up_to <= known {
                return Ok(Decision::nothing(Outcome::Done));
            }
            Fact::ReplicationCompleted(Completed { bucket, destination, versions, up_to: *up_to, term: None })
        }
        ReplicationResult::Failed { reason } if reason.len() > REPLICATION_REASON_BYTES_MAX => {
            return Err(Rejection::TooMuchNoted.into());
        }
        ReplicationResult::Failed { reason } => {
            Fact::ReplicationFailed(Failed { bucket, destination, versions, reason: reason.clone(), term: None })
        }
    };
    Ok(Decision::write(fact, Outcome::Done))
}
