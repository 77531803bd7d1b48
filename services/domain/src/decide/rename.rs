//! Renames an object, as in S3's directory buckets.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html>

use events::Fact;
use events::bucket::Versioning;
use events::object::{Delta, Renamed};

use super::object::check;
use super::{Decision, Refused, bucket_row, lock};
use crate::command::{Context, Outcome, Rejection, RenameObject};
use crate::row::VersionRow;
use crate::view::View;

pub(super) fn rename<V: View>(
    view: &V,
    rename: &RenameObject,
    context: Context,
) -> Result<Decision, Refused<V::Error>> {
    let bucket = bucket_row(view, &rename.bucket)?;
    if bucket.versioning != Versioning::Unversioned {
        return Err(Rejection::RenameAmongVersions.into());
    }
    if rename.source == rename.key {
        return Err(Rejection::RenamedOntoItself.into());
    }
    let target = view.current(bucket.id, &rename.key).map_err(Refused::View)?;
    if was_renamed_before(rename, target.as_ref())? {
        return Ok(Decision::nothing(Outcome::Done));
    }
    let source = view.current(bucket.id, &rename.source).map_err(Refused::View)?;
    let source = source.ok_or_else(|| Rejection::NoSuchSource(rename.source.clone()))?;
    let size = source.object.as_ref().map_or(0, |object| object.size);
    // If there was no source when the request was judged, a newer one was never judged, and no condition was checked on
    // it.
    if rename.looked_at != Some((source.version, size)) {
        return Err(Rejection::SourceChanged.into());
    }
    check(&rename.precondition, target.as_ref())?;
    for ends in std::iter::once(&source).chain(&target) {
        lock::check_end(ends, false, context.now)?;
    }
    let size = target.as_ref().and_then(|row| row.object.as_ref()).map(|object| object.size);
    let fact = Renamed {
        bucket: rename.bucket.clone(),
        key: rename.key.clone(),
        source_key: rename.source.clone(),
        version_id: source.version,
        replaces: target.as_ref().map(|row| row.version),
        client_token: rename.client_token.clone(),
        delta: Delta { objects: -i64::from(size.is_some()), bytes: -size.map_or(0, u64::cast_signed) },
    };
    Ok(Decision::write(Fact::ObjectRenamed(fact), Outcome::Done))
}

/// A client that lost the answer retries with the same token: the renamed object is still there.
fn was_renamed_before(rename: &RenameObject, target: Option<&VersionRow>) -> Result<bool, Rejection> {
    let Some(token) = &rename.client_token else { return Ok(false) };
    let came_by = target.and_then(|row| row.object.as_ref()).and_then(|object| object.renamed.as_ref());
    match came_by.filter(|came_by| came_by.token == *token) {
        None => Ok(false),
        Some(came_by) if came_by.source == rename.source => Ok(true),
        Some(_) => Err(Rejection::TokenOfAnother),
    }
}
