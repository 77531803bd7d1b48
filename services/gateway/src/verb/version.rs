//! The version that a request asks for, and the error if it does not exist.

use domain::row::{ObjectRow, VersionRow};
use domain::{VersionName, newest_version};
use http::header::{ALLOW, HeaderValue, LAST_MODIFIED};
use ledger::StateError;
use s3::{Error, date};

use crate::convert::{version_name, version_text};
use crate::failure::Failure;
use crate::reply;
use crate::state::ObjectRef;

/// The requested version, if it is an object.
pub(super) fn version(wanted: ObjectRef<'_>, method: &'static str) -> Result<(VersionRow, ObjectRow), Failure> {
    let key = wanted.key.as_bytes();
    let row = match wanted.version {
        None => match wanted.current()? {
            Some(row) => row,
            None => return Err(absent(wanted)?),
        },
        Some(text) => {
            let row = wanted.named(version_name(key, text)?)?;
            row.ok_or_else(|| Error::no_such_version(key, text))?
        }
    };
    match row.object.clone() {
        Some(object) => Ok((row, object)),
        None => Err(not_of_markers(&row, method)?),
    }
}

/// The only method that a version id of a delete marker allows is DELETE.
fn not_of_markers(row: &VersionRow, method: &'static str) -> Result<Failure, Failure> {
    Ok(marker(Error::method_not_allowed(method, "DeleteMarker"), row.name())?
        .with_header(ALLOW, HeaderValue::from_static("DELETE"))
        .with_header(LAST_MODIFIED, reply::value(&date::http_date(row.modified))?))
}

/// Like [`version`], for operations that S3 refuses on a delete marker even if only the key is named.
pub(super) fn version_but_no_marker(
    wanted: ObjectRef<'_>,
    method: &'static str,
) -> Result<(VersionRow, ObjectRow), Failure> {
    if wanted.version.is_none()
        && wanted.current()?.is_none()
        && let Some(row) = newest(wanted)?
    {
        return Err(not_of_markers(&row, method)?);
    }
    version(wanted, method)
}

/// The error for a key without a current object: never stored, or hidden by a delete marker.
fn absent(wanted: ObjectRef<'_>) -> Result<Failure, Failure> {
    let error = Error::no_such_key(wanted.key.as_bytes());
    match newest(wanted)? {
        Some(row) => marker(error, row.name()),
        None => Ok(Failure::from(error).with_header(reply::DELETE_MARKER, HeaderValue::from_static("false"))),
    }
}

fn newest(wanted: ObjectRef<'_>) -> Result<Option<VersionRow>, StateError> {
    newest_version(&**wanted.bucket.snapshot, wanted.bucket.row.id, wanted.key)
}

fn marker(error: Error, name: VersionName) -> Result<Failure, Failure> {
    let version = reply::value(&version_text(name))?;
    Ok(Failure::from(error)
        .with_header(reply::DELETE_MARKER, HeaderValue::from_static("true"))
        .with_header(reply::VERSION_ID, version))
}
