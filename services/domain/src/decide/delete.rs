use events::Fact;
use events::bucket::Versioning;
use events::object::{DeleteMarkerCreated, Deleted, Delta};

use super::object::place_version;
use super::{Decision, Refused, bucket_row, lock};
use crate::command::{Context, DeleteObject, DeletePrecondition, ETags, Outcome, Rejection};
use crate::row::{BucketRow, VersionRow};
use crate::view::{View, find_version, newest_version};

pub(super) fn delete<V: View>(
    view: &V,
    delete: &DeleteObject,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, &delete.bucket)?;
    match (delete.version, row.versioning) {
        (None, Versioning::Unversioned) => match view.current(row.id, &delete.key).map_err(Refused::View)? {
            None => Ok(nothing()),
            Some(gone) => Ok(remove(delete, &gone, context)?),
        },
        (None, _) => mark(view, delete, &row, context),
        (Some(name), _) => match find_version(view, row.id, &delete.key, name).map_err(Refused::View)? {
            None => Ok(Decision::nothing(Outcome::Deleted { version: Some(name), delete_marker: false })),
            Some(gone) => Ok(remove(delete, &gone, context)?),
        },
    }
}

/// Whether the version that was found satisfies the precondition.
fn check(precondition: &DeletePrecondition, found: &VersionRow) -> Result<(), Rejection> {
    let object = found.object.as_ref();
    let tag = match &precondition.matches {
        None | Some(ETags::Any) => true,
        Some(tags) => object.is_some_and(|object| tags.contain(&object.etag.to_string())),
    };
    let modified = precondition.modified.is_none_or(|at| at.as_second() == found.modified.as_second());
    let size = precondition.size.is_none_or(|size| object.is_some_and(|object| object.size == size));
    if tag && modified && size { Ok(()) } else { Err(Rejection::PreconditionFailed) }
}

fn nothing() -> Decision {
    Decision::nothing(Outcome::Deleted { version: None, delete_marker: false })
}

fn remove(delete: &DeleteObject, gone: &VersionRow, context: Context) -> Result<Decision, Rejection> {
    check(&delete.precondition, gone)?;
    let governance_bypassed = lock::check_end(gone, delete.bypass_governance, context.now)?;
    let size = gone.object.as_ref().map(|object| object.size);
    let fact = Deleted {
        bucket: delete.bucket.clone(),
        key: delete.key.clone(),
        version_id: gone.version,
        null_version: gone.null,
        delete_marker: size.is_none(),
        governance_bypassed,
        delta: Delta { objects: -i64::from(size.is_some()), bytes: -size.map_or(0, u64::cast_signed) },
        lifecycle_rule: None,
        replica: None,
    };
    let outcome = Outcome::Deleted { version: delete.version, delete_marker: fact.delete_marker };
    Ok(Decision::write(Fact::ObjectDeleted(fact), outcome))
}

/// A plain delete with versioning: a delete marker becomes the newest version, even of a key that never existed, unless
/// there is a precondition on the existing version.
fn mark<V: View>(
    view: &V,
    delete: &DeleteObject,
    row: &BucketRow,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    if !delete.precondition.is_empty() {
        match newest_version(view, row.id, &delete.key).map_err(Refused::View)? {
            None => return Ok(nothing()),
            Some(newest) => check(&delete.precondition, &newest)?,
        }
    }
    let current = view.current(row.id, &delete.key).map_err(Refused::View)?;
    let place = place_version(view, row, &delete.key, current, context)?;
    let fact = DeleteMarkerCreated {
        bucket: delete.bucket.clone(),
        key: delete.key.clone(),
        version_id: place.version,
        null_version: place.null,
        replaces: place.replaces.as_ref().map(|row| row.version),
        delta: place.delta(None),
        lifecycle_rule: None,
        replica: None,
    };
    let outcome = Outcome::Deleted { version: Some(place.name()), delete_marker: true };
    Ok(Decision::write(Fact::DeleteMarkerCreated(fact), outcome))
}
