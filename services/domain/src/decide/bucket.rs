use events::Fact;
use events::access::{Acl, ObjectOwnership};
use events::bucket::{Created, Deleted, Versioning, VersioningChanged};
use events::ids::{BucketName, UserId};

use super::{Decision, Refused, bucket_row};
use crate::command::{Outcome, Rejection};
use crate::view::View;

pub(super) fn create<V: View>(
    view: &V,
    bucket: &BucketName,
    owner: &UserId,
    acl: Option<&Acl>,
    ownership: Option<ObjectOwnership>,
) -> Result<Decision, Refused<V::Error>> {
    if let Some(row) = view.bucket(bucket).map_err(Refused::View)? {
        return Err(Rejection::BucketExists { yours: row.owner == *owner }.into());
    }
    let fact = Created { bucket: bucket.clone(), owner: owner.clone(), acl: acl.cloned(), ownership };
    Ok(Decision::write(Fact::BucketCreated(fact), Outcome::Done))
}

pub(super) fn delete<V: View>(view: &V, bucket: &BucketName) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    if !view.bucket_is_empty(row.id).map_err(Refused::View)? {
        return Err(Rejection::BucketNotEmpty.into());
    }
    Ok(Decision::write(Fact::BucketDeleted(Deleted { bucket: bucket.clone() }), Outcome::Done))
}

pub(super) fn set_versioning<V: View>(
    view: &V,
    bucket: &BucketName,
    versioning: Versioning,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    if row.versioning == versioning {
        return Ok(Decision::nothing(Outcome::Done));
    }
    if versioning == Versioning::Unversioned {
        return Err(Rejection::VersioningCannotBeUndone.into());
    }
    let fact = VersioningChanged { bucket: bucket.clone(), versioning };
    Ok(Decision::write(Fact::BucketVersioningChanged(fact), Outcome::Done))
}
