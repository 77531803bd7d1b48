//! Small questions about a bucket.

use axum::response::Response;
use http::StatusCode;
use s3::xml::{LocationConstraint, RequestPaymentConfiguration};

use crate::call::Call;
use crate::failure::Failure;
use crate::reply;

/// The region stands in every answer to this question, refusals too: see `service`.
pub(super) async fn head(call: &Call<'_>) -> Result<Response, Failure> {
    call.read_bucket().await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn location(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, _, row) = call.read_bucket().await?;
    let region = call.gateway.0.options.region.as_str();
    Ok(reply::xml(LocationConstraint { region, named: row.location_named }.to_xml()))
}

pub(super) async fn request_payment(call: &Call<'_>) -> Result<Response, Failure> {
    call.read_bucket().await?;
    Ok(reply::xml(RequestPaymentConfiguration.to_xml()))
}
