use events::bucket::{AclChanged, OwnershipChanged, PolicyChanged, PublicAccessChanged};
use events::ids::BucketName;
use events::object;

use super::ProjectError;
use super::draft::Draft;
use super::object::change_object;
use crate::change::Change;
use crate::row::{BucketAccessRow, BucketRow};
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
    change(draft, &fact.bucket, |row| {
        row.ownership = fact.ownership;
        row.ownership_removed = fact.ownership.is_none();
    })
}

pub(super) fn object_acl_changed<V: View>(
    draft: &mut Draft<'_, V>,
    fact: &object::AclChanged,
) -> Result<(), ProjectError<V::Error>> {
    let bucket = draft.bucket(&fact.bucket)?.id;
    change_object(draft, bucket, &fact.key, fact.version_id, |object, _| object.acl = Some(fact.acl.clone()))
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
