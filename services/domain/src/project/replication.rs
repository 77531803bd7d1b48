use events::Fact;
use events::ids::{BucketName, ObjectKey, VersionId};
use events::object::Deleted;
use events::replication::{
    BucketChanged, Compared, Completed, Destination, Failed, ReplicatedVersion, ResyncAsked, Rule,
};
use events::tags::Tags;
use jiff::{SignedDuration, Timestamp};

use super::ProjectError;
use super::draft::Draft;
use super::object::change_version;
use super::setting;
use crate::change::Change;
use crate::row::{
    BucketId, BucketReplicationRow, BucketRow, BucketSettingsRow, NULL_REMOVED, RemovedNameRow, RemovedRow,
    ReplicationRow, ResyncRow,
};
use crate::view::View;

/// How long a deleted version is remembered: 90 days. A region that was away for longer may bring back versions that
/// others deleted meanwhile (ADR 44).
const REMOVED_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many deleted versions one deletion has be forgotten.
const FORGOTTEN_MAX: usize = 4;

/// A destination that stays keeps its progress. The bucket is compared with those that are to have what it held before
/// their rules: they may lack any of it.
pub(super) fn bucket_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &BucketChanged,
) -> Result<(), ProjectError<V::Error>> {
    let since = draft.event.sequence;
    setting::change(draft, &fact.bucket, |settings| {
        let before = settings.replication.take();
        settings.replication = fact.configuration.clone().map(|configuration| {
            let (rules_before, mut progress, mut resyncs) = match before {
                Some(row) => (row.configuration.rules, row.progress, row.resyncs),
                None => Default::default(),
            };
            resyncs.retain(|(known, _)| configuration.rules.iter().any(|rule| rule.destination == *known));
            for rule in configuration.rules.iter().filter(|rule| rule.enabled && rule.existing_objects == Some(true)) {
                if !rules_before.contains(rule) {
                    begin(&mut resyncs, &rule.destination, since, false);
                }
            }
            progress.retain(|(known, _)| configuration.rules.iter().any(|rule| rule.destination == *known));
            for rule in &configuration.rules {
                if !progress.iter().any(|(known, _)| *known == rule.destination) {
                    progress.push((rule.destination.clone(), since));
                    if !resyncs.iter().any(|(known, _)| *known == rule.destination) {
                        begin(&mut resyncs, &rule.destination, since, true);
                    }
                }
            }
            BucketReplicationRow { configuration, since, progress, resyncs }
        });
    })
}

/// Begins a comparison with a destination, anew if one is under way.
fn begin(resyncs: &mut Vec<(Destination, ResyncRow)>, destination: &Destination, asked: u64, only_pending: bool) {
    resyncs.retain(|(known, _)| known != destination);
    resyncs.push((destination.clone(), ResyncRow { asked, up_to: None, only_pending }));
}

pub(super) fn resync_asked<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &ResyncAsked,
) -> Result<(), ProjectError<V::Error>> {
    let (bucket, mut settings) = replicated(draft, &fact.bucket)?;
    if let Some(row) = &mut settings.replication {
        begin(&mut row.resyncs, &fact.destination, draft.event.sequence, false);
    }
    draft.changes.push(Change::PutBucketSettings { bucket, row: settings });
    Ok(())
}

pub(super) fn compared<V: View>(draft: &mut Draft<'_, V>, fact: &Compared) -> Result<(), ProjectError<V::Error>> {
    let (bucket, mut settings) = replicated(draft, &fact.bucket)?;
    note(draft, bucket, &fact.missing, |replication| match replication {
        Some(ReplicationRow::Source { pending, failed }) => {
            failed.retain(|known| *known != fact.destination);
            if !pending.contains(&fact.destination) {
                pending.push(fact.destination.clone());
            }
        }
        None => {
            let pending = vec![fact.destination.clone()];
            *replication = Some(ReplicationRow::Source { pending, failed: Vec::new() });
        }
        Some(ReplicationRow::Replica { .. }) => {}
    })?;
    if let Some(row) = &mut settings.replication {
        match (&fact.up_to, row.resyncs.iter_mut().find(|(known, _)| *known == fact.destination)) {
            (Some(last), Some((_, resync))) => resync.up_to = Some((last.key.clone(), last.version_id)),
            _ => row.resyncs.retain(|(known, _)| *known != fact.destination),
        }
    }
    draft.changes.push(Change::PutBucketSettings { bucket, row: settings });
    Ok(())
}

fn replicated<V: View>(
    draft: &Draft<'_, V>,
    bucket: &BucketName,
) -> Result<(BucketId, BucketSettingsRow), ProjectError<V::Error>> {
    let bucket = draft.bucket(bucket)?.id;
    let settings = draft.view.bucket_settings(bucket).map_err(ProjectError::View)?;
    if settings.replication.is_none() {
        return Err(draft.contradiction("its bucket has no replication"));
    }
    Ok((bucket, settings))
}

pub(super) fn completed<V: View>(draft: &mut Draft<'_, V>, fact: &Completed) -> Result<(), ProjectError<V::Error>> {
    let (bucket, mut settings) = replicated(draft, &fact.bucket)?;
    note(draft, bucket, &fact.versions, |replication| settle(replication, &fact.destination, true))?;
    if let Some(row) = &mut settings.replication {
        match row.progress.iter_mut().find(|(known, _)| *known == fact.destination) {
            Some((_, up_to)) => *up_to = fact.up_to.max(*up_to),
            None => row.progress.push((fact.destination.clone(), fact.up_to)),
        }
    }
    draft.changes.push(Change::PutBucketSettings { bucket, row: settings });
    Ok(())
}

pub(super) fn failed<V: View>(draft: &mut Draft<'_, V>, fact: &Failed) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    note(draft, bucket, &fact.versions, |replication| settle(replication, &fact.destination, false))
}

fn settle(replication: &mut Option<ReplicationRow>, destination: &Destination, is_there: bool) {
    let Some(ReplicationRow::Source { pending, failed }) = replication else { return };
    pending.retain(|known| known != destination);
    failed.retain(|known| known != destination);
    if !is_there {
        failed.push(destination.clone());
    }
}

/// Versions that were deleted meanwhile are passed over.
fn note<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    versions: &[ReplicatedVersion],
    change: impl Fn(&mut Option<ReplicationRow>),
) -> Result<(), ProjectError<V::Error>> {
    let mut seen: Vec<&ReplicatedVersion> = Vec::new();
    for version in versions {
        // Each change is made of the state before the fact.
        if seen.contains(&version) {
            continue;
        }
        seen.push(version);
        change_version(draft, bucket, (&version.key, version.version_id), |row| change(&mut row.replication))?;
    }
    Ok(())
}

/// What replication has to do with a new version: the region it comes from, or where the bucket's rules send it.
pub(super) fn of_new<V: View>(
    draft: &Draft<'_, V>,
    bucket: &BucketRow,
    key: &ObjectKey,
    tags: Option<&Tags>,
) -> Result<Option<ReplicationRow>, ProjectError<V::Error>> {
    if let Some(replica) = draft.event.fact.replica() {
        return Ok(Some(ReplicationRow::Replica { region: replica.origin.region.clone() }));
    }
    if bucket.settings == 0 {
        return Ok(None);
    }
    let settings = draft.view.bucket_settings(bucket.id).map_err(ProjectError::View)?;
    let Some(row) = settings.replication else { return Ok(None) };
    let rules = match tags {
        Some(tags) => row.configuration.of_object(key, tags),
        None => row.configuration.of_delete_marker(key),
    };
    // What a region's own rules of the lifecycle delete, those of the other region delete there.
    let by_lifecycle = matches!(&draft.event.fact, Fact::DeleteMarkerCreated(fact) if fact.lifecycle_rule.is_some());
    if by_lifecycle {
        return Ok(None);
    }
    let pending: Vec<_> = rules.into_iter().map(|rule: &Rule| rule.destination.clone()).collect();
    Ok((!pending.is_empty()).then_some(ReplicationRow::Source { pending, failed: Vec::new() }))
}

/// When a version was created, by the clock of the region that created it.
pub(super) fn made_at<V: View>(draft: &Draft<'_, V>) -> Timestamp {
    in_microseconds(draft.event.fact.replica().map_or(draft.event.time, |replica| replica.at))
}

/// When a version's metadata was changed: see [`Changes`](events::replication::Changes).
pub(super) fn changed_at<V: View>(draft: &Draft<'_, V>, before: Timestamp) -> Timestamp {
    const NEXT: SignedDuration = SignedDuration::from_micros(1);
    match draft.event.fact.replica() {
        Some(replica) => in_microseconds(replica.at),
        None => in_microseconds(draft.event.time).max(before.saturating_add(NEXT).unwrap_or(before)),
    }
}

fn in_microseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time)
}

/// Whether a version with this id is the newest of its key.
pub(super) fn is_newest<V: View>(
    draft: &Draft<'_, V>,
    bucket: BucketId,
    key: &ObjectKey,
    version: VersionId,
) -> Result<bool, ProjectError<V::Error>> {
    // Only what comes from elsewhere may be older than what is here.
    if draft.event.fact.replica().is_none() {
        return Ok(true);
    }
    let newest = crate::view::newest_version(draft.view, bucket, key).map_err(ProjectError::View)?;
    Ok(newest.is_none_or(|newest| newest.version < version))
}

/// Whether versions of a bucket are sent to other regions.
pub(super) fn is_replicated<V: View>(draft: &Draft<'_, V>, bucket: &BucketRow) -> Result<bool, ProjectError<V::Error>> {
    if bucket.settings == 0 {
        return Ok(false);
    }
    Ok(draft.view.bucket_settings(bucket.id).map_err(ProjectError::View)?.replication.is_some())
}

/// Remembers that a version was deleted, so that it does not come back from a region that has it still. Each deletion
/// has some be forgotten, so that they go faster than they come.
pub(super) fn note_removed<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    fact: &Deleted,
) -> Result<(), ProjectError<V::Error>> {
    let (sequence, key) = (draft.event.sequence, fact.key.clone());
    let name = if fact.null_version { NULL_REMOVED } else { fact.version_id };
    let known = draft.view.removed(bucket, &key, name).map_err(ProjectError::View)?;
    let version = known.map_or(fact.version_id, |known| known.version.max(fact.version_id));
    let kept = draft.event.time.saturating_sub(REMOVED_KEPT).unwrap_or(Timestamp::MIN);
    for (noted, old) in draft.view.removed_first(FORGOTTEN_MAX).map_err(ProjectError::View)? {
        if old.at >= kept {
            break;
        }
        let row = draft.view.removed(old.bucket, &old.key, old.version).map_err(ProjectError::View)?;
        // Of null versions another may have been deleted since.
        if row.is_some_and(|row| row.sequence == noted) {
            draft.changes.push(Change::DropRemoved { bucket: old.bucket, key: old.key, name: old.version });
        }
        draft.changes.push(Change::DropRemovedName { sequence: noted });
    }
    let row = RemovedRow { version, sequence };
    draft.changes.push(Change::PutRemoved { bucket, key: key.clone(), name, row });
    let row = RemovedNameRow { bucket, key, version: name, at: in_microseconds(draft.event.time) };
    draft.changes.push(Change::PutRemovedName { sequence, row });
    Ok(())
}
