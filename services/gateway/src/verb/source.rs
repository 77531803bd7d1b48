//! The source of a copy.

use domain::row::{ObjectRow, VersionRow};
use events::ids::{BucketName, ObjectKey};
use policy::Action;
use s3::condition::Conditions;
use s3::request::CopySource;
use s3::{Code, Error};

use super::version::version;
use crate::failure::Failure;
use crate::request::Request;
use crate::state::Bucket;

/// The largest object that one copy request copies: S3's limit.
pub(super) const COPY_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

pub(super) struct Source {
    pub(super) bucket: Bucket,
    pub(super) key: ObjectKey,
    pub(super) row: VersionRow,
    pub(super) object: ObjectRow,
}

/// Finds the source and checks the conditions on it.
pub(super) async fn find(
    request: &Request<'_>,
    source: &CopySource,
    conditions: &Conditions,
) -> Result<Source, Failure> {
    let name: BucketName = source.bucket.parse().map_err(|_| Error::no_such_bucket(&source.bucket))?;
    let key = ObjectKey::from_bytes(source.key.as_slice()).map_err(|_| Error::new(Code::KeyTooLongError))?;
    let bucket = Bucket::find(request.read().await?, name)?.ok_or_else(|| Error::no_such_bucket(&source.bucket))?;
    bucket.check_owner(request.head().expected_source_bucket_owner()?)?;
    let wanted = bucket.object(&key, source.version_id.as_deref());
    let action = if source.version_id.is_some() { Action::GetObjectVersion } else { Action::GetObject };
    request.authorize_object(action, wanted)?;
    let found = version(wanted, "GET").map_err(as_source);
    let (row, object) = match found {
        Ok(found) => found,
        Err(failure) => return Err(request.hide_absence_in(&bucket, &key, failure)),
    };
    conditions.evaluate_copy_source(&object.etag.to_string(), row.modified, request.now)?;
    Ok(Source { bucket, key, row, object })
}

impl Source {
    /// Refuses a right on the source that nothing grants: `of_version` if a version is named.
    pub(super) fn authorize(
        &self,
        request: &Request<'_>,
        named: &CopySource,
        plain: Action,
        of_version: Action,
    ) -> Result<(), Failure> {
        let version = named.version_id.as_deref();
        let action = if version.is_some() { of_version } else { plain };
        request.authorize_object(action, self.bucket.object(&self.key, version))
    }
}

/// A delete marker as a source is an invalid request, not a disallowed method.
fn as_source(failure: Failure) -> Failure {
    if failure.error.code() == Code::MethodNotAllowed {
        return Error::invalid_request(
            "The source of a copy request may not specifically refer to a delete marker by version id.",
        )
        .into();
    }
    failure
}
