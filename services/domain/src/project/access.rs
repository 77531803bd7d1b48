use events::bucket::{AclChanged, OwnershipChanged, PolicyChanged, PublicAccessChanged};
use events::ids::BucketName;
use events::object;

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::row::{BucketAccessRow, BucketRow, ObjectRow};
use crate::view::View;

pub(super) fn policy_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &PolicyChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.policy.clone_from(&fact.policy))
}

pub(super) fn acl_changed<V: View>(draft: &mut Draft<'_, V>, fact: &AclChanged) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.acl = Some(fact.acl.clone()))
}

pub(super) fn public_access_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &PublicAccessChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.public_access_block = fact.public_access_block)
}

pub(super) fn ownership_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &OwnershipChanged,
) -> Result<(), ProjectError<V::Error>> {
    change(draft, &fact.bucket, |row| row.ownership = fact.ownership)
}

pub(super) fn object_acl_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &object::AclChanged,
) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    let key = || fact.key.clone();
    let current = draft.view.current(bucket, &fact.key).map_err(ProjectError::View)?;
    let current = current.filter(|row| row.version == fact.version_id);
    let is_current = current.is_some();
    let row = match current {
        Some(row) => Some(row),
        None => draft.view.version(bucket, &fact.key, fact.version_id).map_err(ProjectError::View)?,
    };
    let mut row = row.ok_or_else(|| draft.contradiction("the version does not exist"))?;
    let object = row.object.ok_or_else(|| draft.contradiction("a delete marker has no ACL"))?;
    row.object = Some(ObjectRow { acl: Some(fact.acl.clone()), ..object });
    draft.changes.push(if is_current {
        Change::PutCurrent { bucket, key: key(), row }
    } else {
        Change::PutVersion { bucket, key: key(), row }
    });
    Ok(())
}

fn change<V: View>(
    draft: &mut Draft<'_, V>,
    bucket: &BucketName,
    change: impl FnOnce(&mut BucketAccessRow),
) -> Result<(), ProjectError<V::Error>> {
    let row = draft.bucket(bucket)?;
    let mut access = draft.view.bucket_access(row.id).map_err(ProjectError::View)?;
    change(&mut access);
    draft.changes.push(Change::PutBucketAccess { bucket: row.id, row: access });
    let row = BucketRow { access: draft.event.sequence, ..row };
    draft.changes.push(Change::PutBucket { name: bucket.clone(), row });
    Ok(())
}
