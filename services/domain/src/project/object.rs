use events::encryption::stored_bytes;
use events::ids::{ObjectKey, VersionId};
use events::object::{Body, Created, DeleteMarkerCreated, Deleted, TagsChanged};
use jiff::Timestamp;

use super::ProjectError;
use super::draft::Draft;
use super::replication::{changed_at, is_newest, is_replicated, made_at, note_removed, of_new};
use super::upload::completed;
use crate::change::Change;
use crate::row::{BucketId, ObjectRow, VersionRow};
use crate::view::{VersionName, View, find_version, locate_version};

pub(super) fn created<V: View>(draft: &mut Draft<'_, V>, fact: &Created) -> Result<(), ProjectError<V::Error>> {
    let bucket_row = draft.bucket(&fact.bucket)?;
    let bucket = bucket_row.id;
    let is_newest = is_newest(draft, bucket, &fact.key, fact.version_id)?;
    if is_newest {
        make_way(draft, bucket, &fact.key, fact.replaces)?;
    } else if let Some(replaced) = fact.replaces {
        drop_noncurrent(draft, bucket, &fact.key, replaced)?;
    }
    if let Body::Parts { upload_id, taken } = &fact.body
        && !taken.is_empty()
    {
        completed(draft, bucket, &fact.key, *upload_id, taken)?;
    }
    let salt = fact.encryption.as_ref().and_then(|encryption| encryption.salt.as_ref());
    let stored = if salt.is_some() { stored_bytes(fact.size) } else { fact.size };
    let object = ObjectRow {
        size: fact.size,
        etag: fact.etag,
        body: draft.take(bucket, &fact.body, stored)?,
        checksum: fact.checksum.clone(),
        encryption: fact.encryption.clone(),
        attributes: fact.attributes.clone(),
        owner: fact.owner.clone(),
        acl: fact.acl.clone(),
        lock: fact.lock,
        renamed: None,
        changes: fact.replica.as_ref().map(|replica| replica.changes.into()).unwrap_or_default(),
    };
    let row = VersionRow {
        version: fact.version_id,
        null: fact.null_version,
        modified: made_at(draft),
        sequence: draft.event.sequence,
        object: Some(object),
        replication: of_new(draft, &bucket_row, &fact.key, Some(&fact.attributes.tags))?,
    };
    if is_newest {
        draft.changes.push(Change::PutCurrent { bucket, key: fact.key.clone(), row });
        draft.count_current(bucket, 1)?;
    } else {
        put_noncurrent(draft, bucket, &fact.key, row);
    }
    draft.count(bucket, fact.delta)
}

pub(super) fn tags_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &TagsChanged,
) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    change_object(draft, bucket, &fact.key, fact.version_id, |object, next| {
        object.attributes.tags.clone_from(&fact.tags);
        object.changes.tags = Some(next(object.changes.tags));
    })
}

pub(super) fn delete_marker_created<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &DeleteMarkerCreated,
) -> Result<(), ProjectError<V::Error>> {
    let bucket_row = draft.bucket(&fact.bucket)?;
    let bucket = bucket_row.id;
    if is_newest(draft, bucket, &fact.key, fact.version_id)? {
        make_way(draft, bucket, &fact.key, fact.replaces)?;
        draft.changes.push(Change::DropCurrent { bucket, key: fact.key.clone() });
    } else if let Some(replaced) = fact.replaces {
        drop_noncurrent(draft, bucket, &fact.key, replaced)?;
    }
    let row = VersionRow {
        version: fact.version_id,
        null: fact.null_version,
        modified: made_at(draft),
        sequence: draft.event.sequence,
        object: None,
        replication: of_new(draft, &bucket_row, &fact.key, None)?,
    };
    put_noncurrent(draft, bucket, &fact.key, row);
    draft.count(bucket, fact.delta)
}

pub(super) fn deleted<V: View>(draft: &mut Draft<'_, V>, fact: &Deleted) -> Result<(), ProjectError<V::Error>> {
    let bucket_row = draft.bucket(&fact.bucket)?;
    let bucket = bucket_row.id;
    let gone = match &fact.replica {
        None => Some(fact.version_id),
        Some(_) => removed_here(draft, bucket, fact)?,
    };
    let replication = match gone {
        Some(version) => remove(draft, bucket, &fact.key, version)?.replication,
        None => None,
    };
    if fact.replica.is_some() || replication.is_some() || is_replicated(draft, &bucket_row)? {
        note_removed(draft, bucket, fact)?;
    }
    draft.count(bucket, fact.delta)
}

/// The version that a deletion in another region ends here, if it is here: it, or a null version before it.
fn removed_here<V: View>(
    draft: &Draft<'_, V>,
    bucket: BucketId,
    fact: &Deleted,
) -> Result<Option<VersionId>, ProjectError<V::Error>> {
    let name = if fact.null_version { VersionName::Null } else { VersionName::Id(fact.version_id) };
    let found = find_version(draft.view, bucket, &fact.key, name).map_err(ProjectError::View)?;
    Ok(found.map(|row| row.version).filter(|version| *version <= fact.version_id))
}

/// Removes a version. The one before it becomes current if it was the newest.
fn remove<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    key: &ObjectKey,
    version: VersionId,
) -> Result<VersionRow, ProjectError<V::Error>> {
    let current = draft.view.current(bucket, key).map_err(ProjectError::View)?;
    match current {
        Some(row) if row.version == version => {
            end(draft, &row);
            draft.changes.push(Change::DropCurrent { bucket, key: key.clone() });
            draft.count_current(bucket, -1)?;
            promote(draft, bucket, key, VersionId::MAX)?;
            Ok(row)
        }
        Some(_) => drop_noncurrent(draft, bucket, key, version),
        None => {
            let row = drop_noncurrent(draft, bucket, key, version)?;
            let newest = draft.view.newest_below(bucket, key, VersionId::MAX).map_err(ProjectError::View)?;
            if newest.is_some_and(|row| row.version == version) {
                promote(draft, bucket, key, version)?;
            }
            Ok(row)
        }
    }
}

/// Changes the metadata of a version, current or not.
pub(super) fn change_object<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    key: &ObjectKey,
    version: VersionId,
    change: impl FnOnce(&mut ObjectRow, &dyn Fn(Option<Timestamp>) -> Timestamp),
) -> Result<(), ProjectError<V::Error>> {
    let found = locate_version(draft.view, bucket, key, version).map_err(ProjectError::View)?;
    let (mut row, is_current) = found.ok_or_else(|| draft.contradiction("the version does not exist"))?;
    let modified = row.modified;
    let next = |before: Option<Timestamp>| changed_at(draft, before.unwrap_or(modified));
    change(row.object.as_mut().ok_or_else(|| draft.contradiction("the version is a delete marker"))?, &next);
    put_back(draft, bucket, key, row, is_current);
    Ok(())
}

/// Changes a version, current or not, if it is there.
pub(super) fn change_version<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    (key, version): (&ObjectKey, VersionId),
    change: impl FnOnce(&mut VersionRow),
) -> Result<(), ProjectError<V::Error>> {
    let found = locate_version(draft.view, bucket, key, version).map_err(ProjectError::View)?;
    if let Some((mut row, is_current)) = found {
        change(&mut row);
        put_back(draft, bucket, key, row, is_current);
    }
    Ok(())
}

fn put_back<V: View>(draft: &mut Draft<'_, V>, bucket: BucketId, key: &ObjectKey, row: VersionRow, is_current: bool) {
    let key = key.clone();
    draft.changes.push(if is_current {
        Change::PutCurrent { bucket, key, row }
    } else {
        Change::PutVersion { bucket, key, row }
    });
}

/// Removes the null version that a new one replaces, and moves a current version that is kept: the key has no current
/// object then.
pub(super) fn make_way<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    key: &ObjectKey,
    replaces: Option<VersionId>,
) -> Result<(), ProjectError<V::Error>> {
    let current = draft.view.current(bucket, key).map_err(ProjectError::View)?;
    let replaced = current.as_ref().is_some_and(|row| Some(row.version) == replaces);
    if current.is_some() {
        draft.count_current(bucket, -1)?;
    }
    match current {
        Some(row) if replaced => end(draft, &row),
        Some(row) => put_noncurrent(draft, bucket, key, row),
        None => {}
    }
    match replaces {
        Some(version) if !replaced => drop_noncurrent(draft, bucket, key, version).map(drop),
        _ => Ok(()),
    }
}

fn put_noncurrent<V: View>(draft: &mut Draft<'_, V>, bucket: BucketId, key: &ObjectKey, row: VersionRow) {
    if row.null {
        draft.changes.push(Change::PutNull { bucket, key: key.clone(), version: row.version });
    }
    draft.changes.push(Change::PutVersion { bucket, key: key.clone(), row });
}

fn drop_noncurrent<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    key: &ObjectKey,
    version: VersionId,
) -> Result<VersionRow, ProjectError<V::Error>> {
    let row = draft.view.version(bucket, key, version).map_err(ProjectError::View)?;
    let row = row.ok_or_else(|| draft.contradiction("the version does not exist"))?;
    end(draft, &row);
    take_out(draft, bucket, key, &row);
    Ok(row)
}

fn take_out<V: View>(draft: &mut Draft<'_, V>, bucket: BucketId, key: &ObjectKey, row: &VersionRow) {
    draft.changes.push(Change::DropVersion { bucket, key: key.clone(), version: row.version });
    if row.null {
        draft.changes.push(Change::DropNull { bucket, key: key.clone() });
    }
}

fn end<V: View>(draft: &mut Draft<'_, V>, row: &VersionRow) {
    if let Some(object) = &row.object {
        draft.release(object.body);
    }
}

/// Makes the newest version below `below` current, unless it is a delete marker.
fn promote<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: BucketId,
    key: &ObjectKey,
    below: VersionId,
) -> Result<(), ProjectError<V::Error>> {
    let newest = draft.view.newest_below(bucket, key, below).map_err(ProjectError::View)?;
    if let Some(row) = newest.filter(|row| row.object.is_some()) {
        take_out(draft, bucket, key, &row);
        draft.changes.push(Change::PutCurrent { bucket, key: key.clone(), row });
        draft.count_current(bucket, 1)?;
    }
    Ok(())
}
