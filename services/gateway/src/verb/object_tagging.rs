use axum::body::Body;
use axum::response::Response;
use domain::Command;
use domain::row::VersionRow;
use events::bucket::Versioning;
use events::tags::Tags;
use http::StatusCode;
use s3::tags::Carrier;
use s3::xml::Tagging;

use super::version::version_but_no_marker;
use crate::authorization::{Authorized, Granted};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::request::Document;
use crate::state::Bucket;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (wanted, key) = (call.head().version_id()?, call.key()?);
    let (_, bucket) = call.into_bucket()?;
    let (row, object) = version_but_no_marker(bucket.object(&key, wanted.as_deref()), "GET")?;
    named(reply::xml(Tagging::to_xml(&object.attributes.tags)), bucket.row.versioning, &row)
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let tags = Tagging::parse(&document, Carrier::Object)?.tags;
    // Policies may refer to the tags, which were not known before, and the object may have been replaced meanwhile.
    let call = call.judge_document(Document::Tags(&tags))?;
    let bucket = call.read_bucket().await?;
    let set = set(&call, bucket, tags.clone(), "PUT", StatusCode::OK).await;
    set.map_err(|failure| call.hide_absence(failure))
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, bucket) = call.into_bucket()?;
    set(&call, bucket, Tags::new(), "DELETE", StatusCode::NO_CONTENT).await
}

async fn set(
    call: &Granted<'_>,
    bucket: Bucket,
    tags: Tags,
    method: &'static str,
    status: StatusCode,
) -> Result<Response, Failure> {
    let (wanted, key) = (call.head().version_id()?, call.key()?);
    let (row, _) = version_but_no_marker(bucket.object(&key, wanted.as_deref()), method)?;
    let versioning = bucket.row.versioning;
    call.commit(Command::SetObjectTags { bucket: bucket.into_name(), key, version: row.version, tags }).await?;
    named(reply::empty(status), versioning, &row)
}

/// Adds the name of the version to the response.
fn named(mut response: Response, versioning: Versioning, row: &VersionRow) -> Result<Response, Failure> {
    reply::insert_version(response.headers_mut(), reply::shown_version(versioning, row))?;
    Ok(response)
}
