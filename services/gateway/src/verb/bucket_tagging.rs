use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting, View};
use http::StatusCode;
use s3::tags::Carrier;
use s3::xml::Tagging;
use s3::{Code, Error};

use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let Some(tags) = snapshot.bucket_settings(row.id)?.tags else {
        return Err(Error::new(Code::NoSuchTagSet).detail("BucketName", bucket.as_str()).into());
    };
    Ok(reply::xml(Tagging::to_xml(&tags)))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let tags = Tagging::parse(&document, Carrier::Bucket)?.tags;
    let (_, bucket, _) = call.read_bucket().await?;
    let setting = Setting::Tags(Some(tags).filter(|tags| !tags.is_empty()));
    call.commit(Command::SetBucketSetting { bucket, setting }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Tags(None) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
