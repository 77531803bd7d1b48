//! Small reads of a bucket.

use axum::response::Response;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use s3::xml::{LocationConstraint, RequestPaymentConfiguration, bucket_arn};

use crate::authorization::Authorized;
use crate::failure::Failure;
use crate::reply;

/// Whether the bucket was addressed by the alias of an access point. There are none.
const ACCESS_POINT_ALIAS: HeaderName = HeaderName::from_static("x-amz-access-point-alias");

/// Every response to `HeadBucket`, including refusals, names the region: see `service`.
pub(super) fn head(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let mut response = reply::empty(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(ACCESS_POINT_ALIAS, HeaderValue::from_static("false"));
    headers.insert(reply::BUCKET_ARN, reply::value(&bucket_arn(bucket.name.as_str()))?);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    Ok(response)
}

pub(super) fn location(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, bucket) = call.into_bucket()?;
    let region = call.gateway.0.options.region.as_str();
    Ok(reply::xml(LocationConstraint { region, named: bucket.row.location_named }.to_xml()))
}

pub(super) fn request_payment(call: Authorized<'_>) -> Result<Response, Failure> {
    call.into_bucket()?;
    Ok(reply::xml(RequestPaymentConfiguration.to_xml()))
}
