use axum::response::Response;
use domain::Command;
use http::StatusCode;

use crate::call::Call;
use crate::failure::Failure;
use crate::reply;

pub(super) async fn delete_bucket(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::DeleteBucket { bucket }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
