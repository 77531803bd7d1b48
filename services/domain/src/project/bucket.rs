use events::bucket::{Created, Deleted, Versioning, VersioningChanged};
use events::quota::{Changed as QuotaChanged, Resource, ThresholdReached};

use super::draft::Draft;
use super::{ProjectError, release};
use crate::change::Change;
use crate::row::{BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, ObjectLockRow, UsageRow};
use crate::view::View;

pub(super) fn created<V: View>(draft: &mut Draft<'_, V>, fact: &Created) {
    let id = BucketId(draft.event.sequence);
    let access = fact.acl.is_some() || fact.ownership.is_some();
    if access {
        let row = BucketAccessRow { acl: fact.acl.clone(), ownership: fact.ownership, ..BucketAccessRow::default() };
        draft.changes.push(Change::PutBucketAccess { bucket: id, row });
    }
    let settings = fact.object_lock || !fact.tags.is_empty();
    if settings {
        let row = BucketSettingsRow {
            object_lock: fact.object_lock.then(ObjectLockRow::default),
            tags: Some(fact.tags.clone()).filter(|tags| !tags.is_empty()),
            ..BucketSettingsRow::default()
        };
        draft.changes.push(Change::PutBucketSettings { bucket: id, row });
    }
    let row = BucketRow {
        id,
        created: draft.event.time,
        owner: fact.owner.clone(),
        location_named: fact.location.is_some(),
        versioning: if fact.object_lock { Versioning::Enabled } else { Versioning::Unversioned },
        access: if access { draft.event.sequence } else { 0 },
        settings: if settings { draft.event.sequence } else { 0 },
    };
    draft.changes.push(Change::PutBucket { name: fact.bucket.clone(), row });
}

pub(super) fn deleted<V: View>(draft: &mut Draft<'_, V>, fact: &Deleted) -> Result<(), ProjectError<V::Error>> {
    let row = draft.bucket(&fact.bucket)?;
    release::all_uploads(draft, row.id, &fact.bucket)?;
    draft.drop_usage(row.id)?;
    draft.changes.push(Change::DropBucketAccess { bucket: row.id });
    draft.changes.push(Change::DropBucketSettings { bucket: row.id });
    draft.changes.push(Change::DropBucket { name: fact.bucket.clone() });
    Ok(())
}

pub(super) fn versioning_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &VersioningChanged,
) -> Result<(), ProjectError<V::Error>> {
    let row = BucketRow { versioning: fact.versioning, ..draft.bucket(&fact.bucket)? };
    draft.changes.push(Change::PutBucket { name: fact.bucket.clone(), row });
    Ok(())
}

pub(super) fn quota_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &QuotaChanged,
) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    let usage = draft.view.usage(bucket).map_err(ProjectError::View)?;
    let row = UsageRow { quota: fact.quota, ..usage }.with_warnings_due();
    draft.changes.push(Change::PutUsage { bucket, row });
    Ok(())
}

pub(super) fn quota_threshold_reached<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &ThresholdReached,
) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    let mut row = draft.view.usage(bucket).map_err(ProjectError::View)?;
    match fact.resource {
        Resource::Bytes => row.warned_of_bytes = true,
        Resource::Objects => row.warned_of_objects = true,
    }
    draft.changes.push(Change::PutUsage { bucket, row: row.with_warnings_due() });
    Ok(())
}
