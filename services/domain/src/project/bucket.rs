use events::bucket::{Created, Deleted, Versioning, VersioningChanged};

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{BucketId, BucketRow};
use crate::view::View;

pub(super) fn created<V: View>(draft: &mut Draft<'_, V>, fact: &Created) {
    let row = BucketRow {
        id: BucketId(draft.event.sequence),
        created: draft.event.time,
        owner: fact.owner.clone(),
        versioning: Versioning::Unversioned,
    };
    draft.changes.push(Change::PutBucket { name: fact.bucket.clone(), row });
}

pub(super) fn deleted<V: View>(draft: &mut Draft<'_, V>, fact: &Deleted) -> Result<(), ProjectError<V::Error>> {
    let row = draft.bucket(&fact.bucket)?;
    for (key, upload) in draft.view.uploads(row.id).map_err(ProjectError::View)? {
        draft.changes.push(Change::DropUpload { bucket: row.id, key, upload });
        draft.drop_parts(upload)?;
    }
    draft.changes.push(Change::DropUsage { bucket: row.id });
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
