use axum::response::Response;
use domain::Command;
use http::StatusCode;
use s3::request::AbortMultipartUpload;

use crate::authorization::Authorized;
use crate::convert::upload_id;
use crate::failure::Failure;
use crate::reply;
use crate::state::Bucket;

pub(super) async fn abort_upload(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = AbortMultipartUpload::parse(&call.head())?;
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    let upload = upload_id(&request.upload_id)?;
    call.commit(Command::AbortUpload { bucket, key: call.key()?, upload }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
