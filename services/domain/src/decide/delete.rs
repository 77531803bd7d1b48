use events::Fact;
use events::bucket::Versioning;
use events::ids::{BucketName, ObjectKey};
use events::object::{DeleteMarkerCreated, Deleted, Delta};

use super::object::place_version;
use super::{Decision, Refused, bucket_row};
use crate::command::{Context, Outcome};
use crate::row::{BucketRow, VersionRow};
use crate::view::{VersionName, View, find_version};

pub(super) fn delete<V: View>(
    view: &V,
    bucket: &BucketName,
    key: &ObjectKey,
    version: Option<VersionName>,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let row = bucket_row(view, bucket)?;
    match (version, row.versioning) {
        (None, Versioning::Unversioned) => {
            let current = view.current(row.id, key).map_err(Refused::View)?;
            Ok(current.map_or_else(nothing, |gone| remove(bucket, key, &gone, None)))
        }
        (None, _) => mark(view, bucket, &row, key, context),
        (Some(name), _) => {
            let gone = find_version(view, row.id, key, name).map_err(Refused::View)?;
            Ok(gone.map_or_else(
                || Decision::nothing(Outcome::Deleted { version: Some(name), delete_marker: false }),
                |gone| remove(bucket, key, &gone, Some(name)),
            ))
        }
    }
}

fn nothing() -> Decision {
    Decision::nothing(Outcome::Deleted { version: None, delete_marker: false })
}

fn remove(bucket: &BucketName, key: &ObjectKey, gone: &VersionRow, asked: Option<VersionName>) -> Decision {
    let size = gone.object.as_ref().map(|object| object.size);
    let fact = Deleted {
        bucket: bucket.clone(),
        key: key.clone(),
        version_id: gone.version,
        null_version: gone.null,
        delete_marker: size.is_none(),
        delta: Delta { objects: -i64::from(size.is_some()), bytes: -size.map_or(0, u64::cast_signed) },
    };
    let outcome = Outcome::Deleted { version: asked, delete_marker: fact.delete_marker };
    Decision::write(Fact::ObjectDeleted(fact), outcome)
}

/// A plain delete where versions are kept: a marker becomes the newest version, even of a key never seen.
fn mark<V: View>(
    view: &V,
    bucket: &BucketName,
    row: &BucketRow,
    key: &ObjectKey,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let current = view.current(row.id, key).map_err(Refused::View)?;
    let place = place_version(view, row, key, current, context)?;
    let fact = DeleteMarkerCreated {
        bucket: bucket.clone(),
        key: key.clone(),
        version_id: place.version,
        null_version: place.null,
        replaces: place.replaces.as_ref().map(|row| row.version),
        delta: place.delta(None),
    };
    let outcome = Outcome::Deleted { version: Some(place.name()), delete_marker: true };
    Ok(Decision::write(Fact::DeleteMarkerCreated(fact), outcome))
}
