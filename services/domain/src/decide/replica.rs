//! Changes that were made in other regions. Every rule here gives the same state whatever the order in which the changes
//! of several regions arrive (ADR 44).

use events::Fact;
use events::bucket::Versioning;
use events::ids::{Generation, VersionId};
use events::lock::{LegalHold, LegalHoldChanged, Lock, RetentionChanged, RetentionState};
use events::object::{Body, Created, DeleteMarkerCreated, Deleted, Delta, TagsChanged};
use events::replication::{Changes, Compared, Completed, Failed, ReplicaOf, ResyncAsked, Rule};
use events::tags::Tags;
use jiff::{SignedDuration, Timestamp};

use super::object::{VersionSlot, body};
use super::quota::{check as check_quota, warnings};
use super::upload::replicated_parts;
use super::{Decision, Refused, bucket_row, lock};
use crate::command::{
    Context, NOTED_VERSIONS_MAX, NewBody, NoteReplicated, OBJECT_BYTES_MAX, Outcome, REPLICATION_REASON_BYTES_MAX,
    Rejection, Replica, ReplicaChange, ReplicaVersion, ReplicationResult, Resync,
};
use crate::row::{BodyRow, BucketRow, NULL_REMOVED, ObjectRow, VersionRow};
use crate::view::{VersionName, View, find_version, version_by_id};

/// How far the clock of another region may be ahead of this one's.
pub(super) const CLOCK_AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn replicate<V: View>(view: &V, replica: &Replica, context: Context) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &replica.bucket)?;
    if bucket.versioning != Versioning::Enabled {
        return Err(Rejection::ReplicaNeedsVersioning.into());
    }
    check_clock(replica, context)?;
    match &replica.change {
        ReplicaChange::Version(version) => create(view, &bucket, replica, version, context),
        ReplicaChange::DeleteMarker => mark(view, &bucket, replica, context),
        ReplicaChange::Removal => remove(view, &bucket, replica),
        ReplicaChange::Tags(_) | ReplicaChange::Retention(_) | ReplicaChange::LegalHold(_) => {
            change(view, &bucket, replica, context)
        }
    }
}

/// A version of the far future would be the current one until then, and one with the greatest id for ever.
fn check_clock(replica: &Replica, context: Context) -> Result<(), Rejection> {
    let latest = context.now.saturating_add(CLOCK_AHEAD_MAX).unwrap_or(Timestamp::MAX);
    let milliseconds = u64::try_from(latest.as_millisecond()).unwrap_or_default();
    let first_beyond = VersionId::from_u128(Generation::first_at(milliseconds.saturating_add(1)).as_uuid().as_u128());
    let changes = match &replica.change {
        ReplicaChange::Version(version) => version.changes,
        ReplicaChange::Retention(state) => Changes { retention: Some(*state), ..Changes::default() },
        _ => Changes::default(),
    };
    let reset = changes.retention.and_then(|state| state.reset);
    let times = [Some(replica.at), changes.tags, changes.legal_hold, reset];
    let is_ahead = times.into_iter().flatten().any(|time| time > latest);
    // No version has the id that the deleted null versions are kept under.
    let is_none = replica.version_id == NULL_REMOVED;
    if is_ahead || is_none || replica.version_id >= first_beyond { Err(Rejection::ReplicaAhead) } else { Ok(()) }
}

fn stamp(replica: &Replica, changes: Changes) -> Box<ReplicaOf> {
    Box::new(ReplicaOf { origin: replica.origin.clone(), at: replica.at, changes })
}

/// What there is of the version of a replica.
enum Found {
    /// The version, an object or a delete marker.
    It(Box<VersionRow>),
    /// It was here, or a later null version is in its place.
    Gone,
    /// It was never here. The null version that it replaces, if there is one.
    New(Option<Box<VersionRow>>),
}

fn find<V: View>(view: &V, bucket: &BucketRow, replica: &Replica) -> Result<Found, Refused<V::Error>> {
    let (key, version) = (&replica.key, replica.version_id);
    if let Some(row) = version_by_id(view, bucket.id, key, version).map_err(Refused::View)? {
        return if row.null == replica.null_version {
            Ok(Found::It(Box::new(row)))
        } else {
            Err(Rejection::ReplicaDiffers.into())
        };
    }
    let name = if replica.null_version { NULL_REMOVED } else { version };
    let removed = view.removed(bucket.id, key, name).map_err(Refused::View)?;
    if removed.is_some_and(|removed| removed.version >= version) {
        return Ok(Found::Gone);
    }
    if !replica.null_version {
        return Ok(Found::New(None));
    }
    match find_version(view, bucket.id, key, VersionName::Null).map_err(Refused::View)? {
        Some(other) if other.version > version => Ok(Found::Gone),
        replaced => Ok(Found::New(replaced.map(Box::new))),
    }
}

fn weakens(why: Rejection) -> Rejection {
    if why == Rejection::Locked { Rejection::ReplicaWeakens } else { why }
}

/// The place of a version that is not here yet.
fn place(replica: &Replica, replaces: Option<Box<VersionRow>>, context: Context) -> Result<VersionSlot, Rejection> {
    if let Some(replaced) = &replaces {
        lock::check_end(replaced, false, context.now).map_err(weakens)?;
    }
    let replaces = replaces.map(|row| *row);
    Ok(VersionSlot { version: replica.version_id, null: replica.null_version, replaces })
}

fn create<V: View>(
    view: &V,
    bucket: &BucketRow,
    replica: &Replica,
    new: &ReplicaVersion,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let replaces = match find(view, bucket, replica)? {
        Found::It(found) => return created_before(view, replica, new, Some(&found)),
        Found::Gone => return created_before(view, replica, new, None),
        Found::New(replaces) => replaces,
    };
    if new.size > OBJECT_BYTES_MAX {
        return Err(Rejection::ObjectTooLarge { size: new.size }.into());
    }
    if new.changes.retention.is_some_and(|state| state.retention() != new.lock.retention) {
        return Err(Rejection::ReplicaDiffers.into());
    }
    lock::check_replica(view, bucket, new.lock)?;
    let place = place(replica, replaces, context)?;
    let mut usage = view.usage(bucket.id).map_err(Refused::View)?;
    let delta = place.delta(Some(new.size));
    let (body, encryption, staged_in_use) = if let NewBody::Parts(upload) = new.body {
        let (size, taken, row) = replicated_parts(view, bucket, &replica.key, upload, &new.parts)?;
        if size != new.size {
            return Err(Rejection::ReplicaDiffers.into());
        }
        // Its parts no longer count once it is an object.
        usage.parts_bytes = usage.parts_bytes.saturating_sub(size);
        (Body::Parts { upload_id: upload, taken }, row.encryption, true)
    } else {
        if let NewBody::Known(content) = &new.body {
            // Its size is what the quota counts.
            let known = view.content(content).map_err(Refused::View)?.ok_or(Rejection::ContentGone)?;
            if known.size != new.size {
                return Err(Rejection::ReplicaDiffers.into());
            }
        }
        let (body, staged_in_use) = body(view, bucket.id, &new.body)?;
        (body, new.encryption.clone(), staged_in_use)
    };
    check_quota(&usage, delta)?;
    let warnings = warnings(&replica.bucket, &usage, delta);
    let fact = Created {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: place.version,
        null_version: place.null,
        size: new.size,
        etag: new.etag,
        body,
        checksum: new.checksum.clone(),
        encryption,
        attributes: new.attributes.clone(),
        owner: None,
        acl: None,
        lock: new.lock,
        operation: new.operation,
        replaces: place.replaces.as_ref().map(|row| row.version),
        delta,
        replica: Some(stamp(replica, new.changes)),
    };
    let outcome = stored(replica, new, staged_in_use);
    Ok(Decision::write(Fact::ObjectCreated(fact), outcome).warn(warnings))
}

fn stored(replica: &Replica, new: &ReplicaVersion, staged_in_use: bool) -> Outcome {
    let version = (!replica.null_version).then_some(VersionName::Id(replica.version_id));
    Outcome::Stored { version, etag: new.etag, modified: replica.at, staged_in_use }
}

/// The answer about a version that is here already, or was. Its metadata may have changed since, its bytes cannot have.
fn created_before<V: View>(
    view: &V,
    replica: &Replica,
    new: &ReplicaVersion,
    found: Option<&VersionRow>,
) -> Result<Decision, Refused<V::Error>> {
    let mut body = BodyRow::Empty;
    if let Some(found) = found {
        let is_same = |object: &&ObjectRow| object.size == new.size && object.etag == new.etag;
        body = found.object.as_ref().filter(is_same).ok_or(Rejection::ReplicaDiffers)?.body;
    }
    // The first commit of these bytes may have been answered too late, and be what was found.
    let staged_in_use = match &new.body {
        NewBody::Staged { content, .. } => view.content(content).map_err(Refused::View)?.is_some(),
        NewBody::Parts(upload) => body == BodyRow::Parts(*upload),
        NewBody::Empty | NewBody::Known(_) => false,
    };
    Ok(Decision::nothing(stored(replica, new, staged_in_use)))
}

fn mark<V: View>(
    view: &V,
    bucket: &BucketRow,
    replica: &Replica,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let name = if replica.null_version { VersionName::Null } else { VersionName::Id(replica.version_id) };
    let outcome = Outcome::Deleted { version: Some(name), delete_marker: true };
    let replaces = match find(view, bucket, replica)? {
        Found::It(found) if found.object.is_some() => return Err(Rejection::ReplicaDiffers.into()),
        Found::It(_) | Found::Gone => return Ok(Decision::nothing(outcome)),
        Found::New(replaces) => replaces,
    };
    let place = place(replica, replaces, context)?;
    let fact = DeleteMarkerCreated {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: place.version,
        null_version: place.null,
        replaces: place.replaces.as_ref().map(|row| row.version),
        delta: place.delta(None),
        lifecycle_rule: None,
        replica: Some(stamp(replica, Changes::default())),
    };
    Ok(Decision::write(Fact::DeleteMarkerCreated(fact), outcome))
}

/// A version that is not here yet will never be: whoever deleted it had it. Of null versions that is true of all that
/// the deleted one replaced.
fn remove<V: View>(view: &V, bucket: &BucketRow, replica: &Replica) -> Result<Decision, Refused<V::Error>> {
    let name = if replica.null_version { VersionName::Null } else { VersionName::Id(replica.version_id) };
    let row = match find(view, bucket, replica)? {
        Found::It(row) => Some(row),
        Found::New(replaced) => replaced,
        Found::Gone => {
            return Ok(Decision::nothing(Outcome::Deleted { version: Some(name), delete_marker: false }));
        }
    };
    if lock::is_on(view, bucket)? {
        return Err(Rejection::ReplicaRemovesLocked.into());
    }
    let size = row.as_ref().and_then(|row| row.object.as_ref()).map(|object| object.size);
    let fact = Deleted {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: replica.version_id,
        null_version: replica.null_version,
        delete_marker: row.is_some_and(|row| row.object.is_none()),
        governance_bypassed: false,
        delta: Delta { objects: -i64::from(size.is_some()), bytes: -size.map_or(0, u64::cast_signed) },
        lifecycle_rule: None,
        replica: Some(stamp(replica, Changes::default())),
    };
    let outcome = Outcome::Deleted { version: Some(name), delete_marker: fact.delete_marker };
    Ok(Decision::write(Fact::ObjectDeleted(fact), outcome))
}

/// A change of a version's metadata, which is made if it follows the one that is here.
fn change<V: View>(
    view: &V,
    bucket: &BucketRow,
    replica: &Replica,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let row = match find(view, bucket, replica)? {
        Found::It(row) => row,
        Found::Gone => return Ok(Decision::nothing(Outcome::Done)),
        // Whoever changed it has it, and sends it first.
        Found::New(_) => return Err(Rejection::NoSuchVersion.into()),
    };
    let object = row.object.as_ref().ok_or(Rejection::ReplicaDiffers)?;
    let fact = match &replica.change {
        ReplicaChange::Tags(tags) => retagged(replica, tags, (&row, object)),
        ReplicaChange::LegalHold(hold) => {
            lock::check_replica(view, bucket, Lock { retention: None, legal_hold: Some(*hold) })?;
            held(replica, *hold, (&row, object))
        }
        ReplicaChange::Retention(state) => {
            lock::check_replica(view, bucket, Lock { retention: state.retention(), legal_hold: None })?;
            retained(replica, *state, (&row, object), context)?
        }
        // These are no changes of metadata.
        ReplicaChange::Version(_) | ReplicaChange::DeleteMarker | ReplicaChange::Removal => None,
    };
    Ok(Decision { fact, warnings: Vec::new(), outcome: Outcome::Done })
}

/// Whether one change of metadata counts rather than another: it is later, or as late and the greater one.
fn follows<T: Ord>(new: (Timestamp, T), now: (Timestamp, T)) -> bool {
    (new.0.as_microsecond(), new.1) > (now.0.as_microsecond(), now.1)
}

fn retagged(replica: &Replica, tags: &Tags, (row, object): (&VersionRow, &ObjectRow)) -> Option<Fact> {
    let now = (object.changes.tags.unwrap_or(row.modified), &object.attributes.tags);
    let fact = TagsChanged {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: row.version,
        null_version: row.null,
        tags: tags.clone(),
        replica: Some(stamp(replica, Changes { tags: Some(replica.at), ..Changes::default() })),
    };
    follows((replica.at, tags), now).then_some(Fact::ObjectTagsChanged(fact))
}

fn held(replica: &Replica, hold: LegalHold, (row, object): (&VersionRow, &ObjectRow)) -> Option<Fact> {
    let is_on = |hold: LegalHold| hold == LegalHold::On;
    let now = (object.changes.legal_hold.unwrap_or(row.modified), object.lock.legal_hold.map(is_on));
    let fact = LegalHoldChanged {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: row.version,
        null_version: row.null,
        legal_hold: hold,
        replica: Some(stamp(replica, Changes { legal_hold: Some(replica.at), ..Changes::default() })),
    };
    follows((replica.at, Some(is_on(hold))), now).then_some(Fact::ObjectLegalHoldChanged(fact))
}

/// A retention that is under way becomes weaker only if it is in governance mode, and whoever replicates may bypass that.
fn retained(
    replica: &Replica,
    state: RetentionState,
    (row, object): (&VersionRow, &ObjectRow),
    context: Context,
) -> Result<Option<Fact>, Rejection> {
    let before = object.lock.retention;
    let known = object.changes.retention.unwrap_or_else(|| RetentionState::of(before));
    let merged = known.merged(state);
    if merged == known {
        return Ok(None);
    }
    let after = merged.retention();
    let governance_bypassed = if lock::weakens(before, after) {
        lock::check_retained(before, replica.bypass_governance, context.now).map_err(weakens)?
    } else {
        false
    };
    let fact = RetentionChanged {
        bucket: replica.bucket.clone(),
        key: replica.key.clone(),
        version_id: row.version,
        null_version: row.null,
        retention: after,
        governance_bypassed,
        replica: Some(stamp(replica, Changes { retention: Some(state), ..Changes::default() })),
    };
    Ok(Some(Fact::ObjectRetentionChanged(fact)))
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
        ReplicationResult::Missing { up_to } => {
            // It was stopped, or is done.
            if !row.resyncs.iter().any(|(known, _)| *known == destination) {
                return Ok(Decision::nothing(Outcome::Done));
            }
            let (missing, up_to) = (versions, up_to.clone());
            Fact::ReplicationCompared(Compared { bucket, destination, missing, up_to, term: None })
        }
    };
    Ok(Decision::write(fact, Outcome::Done))
}

pub(super) fn resync<V: View>(view: &V, wanted: &Resync) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &wanted.bucket)?;
    let settings = view.bucket_settings(bucket.id).map_err(Refused::View)?;
    let row = settings.replication.ok_or(Rejection::NoSuchDestination)?;
    let leads_there = |rule: &Rule| rule.enabled && rule.destination == wanted.destination;
    if !row.configuration.rules.iter().any(leads_there) {
        return Err(Rejection::NoSuchDestination.into());
    }
    let (bucket, destination) = (wanted.bucket.clone(), wanted.destination.clone());
    Ok(Decision::write(Fact::ReplicationResyncAsked(ResyncAsked { bucket, destination }), Outcome::Done))
}
