use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting};
use http::StatusCode;
use s3::tags::Carrier;
use s3::xml::{ListTagsForResourceResult, TagResourceRequest, Tagging};
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::state::Bucket;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let Some(tags) = bucket.settings()?.tags else {
        return Err(Error::new(Code::NoSuchTagSet).detail("BucketName", bucket.name.as_str()).into());
    };
    Ok(reply::xml(Tagging::to_xml(&tags)))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let tags = Tagging::parse(&document, Carrier::Bucket)?.tags;
    let bucket = call.read_bucket().await?.name;
    let setting = Setting::Tags(Some(tags).filter(|tags| !tags.is_empty()));
    call.commit(Command::SetBucketSetting { bucket, setting }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Tags(None) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The tags in the form of S3 Control, which returns an empty list where S3 returns an error.
pub(super) fn list(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let tags = bucket.settings()?.tags.unwrap_or_default();
    Ok(reply::xml(ListTagsForResourceResult { tags: &tags }.to_xml()))
}

pub(super) async fn add(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let tags = TagResourceRequest::parse(&document)?.tags;
    let bucket = call.read_bucket().await?.name;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::AddTags(tags) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn remove(call: Authorized<'_>) -> Result<Response, Failure> {
    let names = call.query.iter().filter(|parameter| *parameter.name == *b"tagKeys");
    let names: Vec<_> = names.map(|parameter| String::from_utf8_lossy(&parameter.value).into_owned()).collect();
    if names.is_empty() {
        return Err(Error::invalid_request("tagKeys, which names the tags to remove, is missing").into());
    }
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::RemoveTags(names) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
