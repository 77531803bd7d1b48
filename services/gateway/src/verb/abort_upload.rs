use axum::response::Response;
use domain::Command;
use http::StatusCode;
use s3::request::AbortMultipartUpload;

use crate::call::{Call, upload_id};
use crate::failure::Failure;
use crate::reply;

pub(super) async fn abort_upload(call: &Call<'_>) -> Result<Response, Failure> {
    let request = AbortMultipartUpload::parse(&call.head())?;
    let (_, bucket, _) = call.read_bucket().await?;
    let upload = upload_id(&request.upload_id)?;
    call.commit(Command::AbortUpload { bucket, key: call.key()?, upload }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
