use axum::response::Response;
use domain::Command;
use http::StatusCode;

use crate::authorization::Authorized;
use crate::failure::Failure;
use crate::reply;
use crate::state::Bucket;

pub(super) async fn delete_bucket(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    call.commit(Command::DeleteBucket { bucket }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
