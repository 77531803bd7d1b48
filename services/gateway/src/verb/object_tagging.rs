use axum::body::Body;
use axum::response::Response;
use domain::Command;
use domain::row::{BucketRow, VersionRow};
use events::tags::Tags;
use http::StatusCode;
use s3::tags::Carrier;
use s3::xml::Tagging;

use super::get_object::version_but_no_marker;
use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let wanted = call.head().version_id()?;
    let (snapshot, _, bucket) = call.read_bucket().await?;
    let (row, object) = version_but_no_marker(&snapshot, &bucket, &call.key()?, wanted.as_deref(), "GET")?;
    named(reply::xml(Tagging::to_xml(&object.attributes.tags)), &bucket, &row)
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let tags = Tagging::parse(&document, Carrier::Object)?.tags;
    // Policies may ask for the tags, which were not known before, and the object may be another one by now.
    call.confirm_tags(&tags)?;
    set(call, tags, "PUT", StatusCode::OK).await
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    set(call, Tags::new(), "DELETE", StatusCode::NO_CONTENT).await
}

async fn set(call: &Call<'_>, tags: Tags, method: &'static str, status: StatusCode) -> Result<Response, Failure> {
    let wanted = call.head().version_id()?;
    let (snapshot, name, bucket) = call.read_bucket().await?;
    let key = call.key()?;
    let (row, _) = version_but_no_marker(&snapshot, &bucket, &key, wanted.as_deref(), method)?;
    drop(snapshot);
    call.commit(Command::SetObjectTags { bucket: name, key, version: row.version, tags }).await?;
    named(reply::empty(status), &bucket, &row)
}

/// The answer, with the name of the version that it is about.
fn named(mut response: Response, bucket: &BucketRow, row: &VersionRow) -> Result<Response, Failure> {
    reply::insert_version(response.headers_mut(), reply::shown_version(bucket.versioning, row))?;
    Ok(response)
}
