use events::Fact;
use events::bucket::{Created, Deleted, Versioning, VersioningChanged};
use events::ids::BucketName;

use super::{Decision, Refused, bucket_row, lock};
use crate::command::{Outcome, Rejection};
use crate::view::View;

pub(super) fn create<V: View>(view: &V, to_be: Created) -> Result<Decision, Refused<V::Error>> {
    if let Some(row) = view.bucket(&to_be.bucket).map_err(Refused::View)? {
        return Err(Rejection::BucketExists { yours: row.owner == to_be.owner }.into());
    }
    Ok(Decision::write(Fact::BucketCreated(to_be), Outcome::Done))
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
    lock::check_versioning(view, &row, versioning)?;
    if row.settings != 0 && view.bucket_settings(row.id).map_err(Refused::View)?.replication.is_some() {
        return Err(Rejection::ReplicationKeepsVersioning.into());
    }
    let fact = VersioningChanged { bucket: bucket.clone(), versioning };
    Ok(Decision::write(Fact::BucketVersioningChanged(fact), Outcome::Done))
}
