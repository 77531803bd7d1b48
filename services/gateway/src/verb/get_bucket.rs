//! Small questions about a bucket.

use axum::response::Response;
use http::{HeaderName, StatusCode};
use s3::xml::{LocationConstraint, RequestPaymentConfiguration};

use crate::call::Call;
use crate::failure::Failure;
use crate::reply;

const BUCKET_REGION: HeaderName = HeaderName::from_static("x-amz-bucket-region");

pub(super) async fn head(call: &Call<'_>) -> Result<Response, Failure> {
    let region = reply::value(call.gateway.0.options.region.as_str())?;
    match call.read_bucket().await {
        Ok(_) => {
            let mut response = reply::empty(StatusCode::OK);
            response.headers_mut().insert(BUCKET_REGION, region);
            Ok(response)
        }
        Err(failure) => Err(failure.with_header(BUCKET_REGION, region)),
    }
}

pub(super) async fn location(call: &Call<'_>) -> Result<Response, Failure> {
    call.read_bucket().await?;
    Ok(reply::xml(LocationConstraint { region: call.gateway.0.options.region.as_str() }.to_xml()))
}

pub(super) async fn request_payment(call: &Call<'_>) -> Result<Response, Failure> {
    call.read_bucket().await?;
    Ok(reply::xml(RequestPaymentConfiguration.to_xml()))
}
