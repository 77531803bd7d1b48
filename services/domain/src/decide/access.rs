use events::access::{Acl, Grantee, ObjectOwnership, PublicAccessBlock};
use events::ids::{BucketName, ObjectKey, VersionId};
use events::{Fact, bucket, object};

use super::object::object_version;
use super::{Decision, Refused, bucket_row, changed};
use crate::command::Rejection;
use crate::row::{BucketAccessRow, BucketId, BucketRow};
use crate::view::View;

pub(super) fn set_policy<V: View>(
    view: &V,
    bucket: &BucketName,
    policy: Option<&String>,
    is_public: bool,
) -> Result<Decision, Refused<V::Error>> {
    let (_, access) = access_row(view, bucket)?;
    if is_public && access.public_access_block.is_some_and(|block| block.block_public_policy) {
        return Err(Rejection::PublicAccessBlocked.into());
    }
    let fact = bucket::PolicyChanged { bucket: bucket.clone(), policy: policy.cloned() };
    Ok(changed(access.policy == fact.policy, Fact::BucketPolicyChanged(fact)))
}

pub(super) fn set_acl<V: View>(view: &V, bucket: &BucketName, acl: &Acl) -> Result<Decision, Refused<V::Error>> {
    let (row, access) = access_row(view, bucket)?;
    check_acl(view, row.id, Some(acl))?;
    let fact = bucket::AclChanged { bucket: bucket.clone(), acl: acl.clone() };
    Ok(changed(access.acl.as_ref() == Some(acl), Fact::BucketAclChanged(fact)))
}

pub(super) fn set_public_access<V: View>(
    view: &V,
    bucket: &BucketName,
    block: Option<PublicAccessBlock>,
) -> Result<Decision, Refused<V::Error>> {
    let (_, access) = access_row(view, bucket)?;
    let fact = bucket::PublicAccessChanged { bucket: bucket.clone(), public_access_block: block };
    Ok(changed(access.public_access_block == block, Fact::BucketPublicAccessChanged(fact)))
}

/// ACLs can be disabled only if none grants anything to others, because such grants would silently stop working.
pub(super) fn set_ownership<V: View>(
    view: &V,
    bucket: &BucketName,
    ownership: Option<ObjectOwnership>,
) -> Result<Decision, Refused<V::Error>> {
    let (row, access) = access_row(view, bucket)?;
    let acls_off = ownership.unwrap_or_default() == ObjectOwnership::BucketOwnerEnforced;
    if acls_off && access.acl.as_ref().is_some_and(|acl| grants_others(acl, &row)) {
        return Err(Rejection::AclGrantsOthers.into());
    }
    let fact = bucket::OwnershipChanged { bucket: bucket.clone(), ownership };
    let is_same = (access.ownership, access.ownership_removed) == (ownership, ownership.is_none());
    Ok(changed(is_same, Fact::BucketOwnershipChanged(fact)))
}

pub(super) fn set_object_acl<V: View>(
    view: &V,
    bucket: &BucketName,
    key: &ObjectKey,
    version: VersionId,
    acl: &Acl,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let (found, object) = object_version(view, row.id, key, version)?;
    check_acl(view, row.id, Some(acl))?;
    let fact = object::AclChanged {
        bucket: bucket.clone(),
        key: key.clone(),
        version_id: found.version,
        null_version: found.null,
        acl: acl.clone(),
    };
    Ok(changed(object.acl.as_ref() == Some(acl), Fact::ObjectAclChanged(fact)))
}

/// Refuses an ACL that the present public access block does not allow, even if it was allowed when the request was
/// checked.
pub(super) fn check_acl<V: View>(view: &V, bucket: BucketId, acl: Option<&Acl>) -> Result<(), Refused<V::Error>> {
    if !acl.is_some_and(Acl::is_public) {
        return Ok(());
    }
    let access = view.bucket_access(bucket).map_err(Refused::View)?;
    if access.public_access_block.is_some_and(|block| block.block_public_acls) {
        return Err(Rejection::PublicAccessBlocked.into());
    }
    Ok(())
}

fn grants_others(acl: &Acl, bucket: &BucketRow) -> bool {
    acl.grants.iter().any(|grant| !matches!(&grant.grantee, Grantee::User(id) if *id == bucket.owner))
}

fn access_row<V: View>(view: &V, bucket: &BucketName) -> Result<(BucketRow, BucketAccessRow), Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    let access = view.bucket_access(row.id).map_err(Refused::View)?;
    Ok((row, access))
}
