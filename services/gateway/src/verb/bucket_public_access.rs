use axum::body::Body;
use axum::response::Response;
use domain::Command;
use events::access::PublicAccessBlock;
use events::ids::BucketName;
use http::StatusCode;
use s3::xml::PublicAccessBlockConfiguration;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let Some(block) = bucket.access()?.public_access_block else {
        let error = Error::new(Code::NoSuchPublicAccessBlockConfiguration);
        return Err(error.detail("BucketName", bucket.name.as_str()).into());
    };
    Ok(reply::xml(convert::wire_public_access_block(block).to_xml()))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let block = convert::public_access_block(PublicAccessBlockConfiguration::parse(&document)?);
    let bucket = call.read_bucket().await?.name;
    set(&call, bucket, Some(block)).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, bucket) = call.into_bucket()?;
    set(&call, bucket.into_name(), None).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn set(call: &Granted<'_>, bucket: BucketName, block: Option<PublicAccessBlock>) -> Result<(), Failure> {
    call.commit(Command::SetPublicAccess { bucket, block }).await?;
    Ok(())
}
