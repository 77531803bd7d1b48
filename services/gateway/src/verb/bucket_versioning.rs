use axum::body::Body;
use axum::response::Response;
use domain::Command;
use events::bucket::Versioning;
use http::StatusCode;
use s3::Error;
use s3::xml::{VersioningConfiguration, VersioningStatus};

use crate::authorization::Authorized;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::state::Bucket;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let status = match bucket.row.versioning {
        Versioning::Unversioned => None,
        Versioning::Enabled => Some(VersioningStatus::Enabled),
        Versioning::Suspended => Some(VersioningStatus::Suspended),
    };
    Ok(reply::xml(VersioningConfiguration { status }.to_xml()))
}

pub(super) async fn put(call: Authorized<'_>, body: Body) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let versioning = match VersioningConfiguration::parse(&document)?.status {
        Some(VersioningStatus::Enabled) => Versioning::Enabled,
        Some(VersioningStatus::Suspended) => Versioning::Suspended,
        None => return Err(Error::malformed_xml().into()),
    };
    call.commit(Command::SetVersioning { bucket, versioning }).await?;
    Ok(reply::empty(StatusCode::OK))
}
