//! The source of a copy.

use std::sync::Arc;

use domain::View;
use domain::row::{BucketRow, ObjectRow, VersionRow};
use events::ids::{BucketName, ObjectKey};
use ledger::Snapshot;
use policy::Action;
use s3::condition::Conditions;
use s3::request::CopySource;
use s3::{Code, Error};

use super::get_object::version;
use crate::call::Call;
use crate::failure::Failure;

/// The greatest object that one copy request copies: S3's limit.
pub(super) const COPY_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

pub(super) struct Source {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) name: BucketName,
    pub(super) bucket: BucketRow,
    pub(super) key: ObjectKey,
    pub(super) row: VersionRow,
    pub(super) object: ObjectRow,
}

/// Finds the source and checks the conditions on it.
pub(super) async fn find(call: &Call<'_>, source: &CopySource, conditions: &Conditions) -> Result<Source, Failure> {
    let name: BucketName = source.bucket.parse().map_err(|_| Error::no_such_bucket(&source.bucket))?;
    let key = ObjectKey::from_bytes(source.key.as_slice()).map_err(|_| Error::new(Code::KeyTooLongError))?;
    let snapshot = call.read().await?;
    let bucket = snapshot.bucket(&name)?.ok_or_else(|| Error::no_such_bucket(&source.bucket))?;
    if call.head().expected_source_bucket_owner()?.is_some_and(|owner| owner != bucket.owner.as_str()) {
        return Err(Error::new(Code::AccessDenied).into());
    }
    let action = if source.version_id.is_some() { Action::GetObjectVersion } else { Action::GetObject };
    call.authorize_object(&snapshot, action, (&name, &bucket), &key, source.version_id.as_deref())?;
    let found = version(&snapshot, &bucket, &key, source.version_id.as_deref(), "GET").map_err(as_source);
    let (row, object) = match found {
        Ok(found) => found,
        Err(failure) => return Err(call.hide_absence_in(&snapshot, (&name, &bucket), &key, failure)),
    };
    conditions.evaluate_copy_source(&object.etag.to_string(), row.modified, call.now)?;
    Ok(Source { snapshot, name, bucket, key, row, object })
}

impl Source {
    /// Refuses a right to the source that nothing grants: `of_version` where a version is named.
    pub(super) fn authorize(
        &self,
        call: &Call<'_>,
        named: &CopySource,
        plain: Action,
        of_version: Action,
    ) -> Result<(), Failure> {
        let version = named.version_id.as_deref();
        let action = if version.is_some() { of_version } else { plain };
        call.authorize_object(&self.snapshot, action, (&self.name, &self.bucket), &self.key, version)
    }
}

/// A delete marker as a source is an invalid request, not a method that is not allowed.
fn as_source(failure: Failure) -> Failure {
    if failure.error.code() == Code::MethodNotAllowed {
        return Error::invalid_request(
            "The source of a copy request may not specifically refer to a delete marker by version id.",
        )
        .into();
    }
    failure
}
