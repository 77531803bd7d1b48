use axum::body::Body;
use axum::response::Response;
use domain::{Command, View};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use policy::Document;
use policy::public::{blocks_policy, bucket_is_public};
use s3::xml::PolicyStatus;
use s3::{Code, Error};

use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let Some(policy) = snapshot.bucket_access(row.id)?.policy else {
        return Err(Error::new(Code::NoSuchBucketPolicy).detail("BucketName", bucket.as_str()).into());
    };
    let mut response = Response::new(Body::from(policy));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let text = std::str::from_utf8(&document).map_err(|_| malformed("the policy is not UTF-8"))?;
    let policy = Document::bucket(text, &bucket).map_err(|error| malformed(error.to_string()))?;
    let block = snapshot.bucket_access(row.id)?.public_access_block.unwrap_or_default();
    if blocks_policy(block, &policy) {
        return Err(Error::access_denied("The bucket's public access block refuses public policies.").into());
    }
    drop(snapshot);
    call.commit(Command::SetBucketPolicy { bucket, policy: Some(text.to_owned()) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetBucketPolicy { bucket, policy: None }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) async fn status(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let rules = call.gateway.0.rules.of(&snapshot, &bucket, &row)?;
    let is_public = bucket_is_public(&rules.access(&row));
    Ok(reply::xml(PolicyStatus { is_public }.to_xml()))
}

fn malformed(why: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::with_message(Code::MalformedPolicy, why)
}
