use axum::body::Body;
use axum::response::Response;
use domain::Command;
use events::access::ObjectOwnership;
use events::ids::BucketName;
use http::StatusCode;
use s3::xml::OwnershipControls;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::request::Request;

/// A bucket without a setting shows the default. Deleted controls are not shown.
pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let access = bucket.access()?;
    if access.ownership_removed {
        let error = Error::new(Code::OwnershipControlsNotFoundError);
        return Err(error.detail("BucketName", bucket.name.as_str()).into());
    }
    let ownership = convert::wire_ownership(access.ownership.unwrap_or_default());
    Ok(reply::xml(OwnershipControls { ownership }.to_xml()))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let ownership = convert::ownership(OwnershipControls::parse(&document)?.ownership);
    let bucket = call.read_bucket().await?.name;
    set(&call, bucket, Some(ownership)).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, bucket) = call.into_bucket()?;
    set(&call, bucket.into_name(), None).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn set(call: &Granted<'_>, bucket: BucketName, ownership: Option<ObjectOwnership>) -> Result<(), Failure> {
    call.commit(Command::SetOwnership { bucket, ownership }).await?;
    Ok(())
}

/// Who will own objects in a bucket that this request creates. A fact without a setting means what it always meant, the
/// bucket's owner. Any other default is written into the fact, so that a later change of the default does not affect
/// the bucket.
pub(super) fn of_new_bucket(request: &Request<'_>) -> Result<Option<ObjectOwnership>, Error> {
    let default = request.gateway.0.options.default_ownership;
    let default = (default != ObjectOwnership::BucketOwnerEnforced).then_some(default);
    Ok(request.head().object_ownership()?.map(convert::ownership).or(default))
}
