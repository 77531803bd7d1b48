use axum::body::Body;
use axum::response::Response;
use domain::row::LoggingRow;
use domain::{Command, Setting};
use http::StatusCode;
use s3::xml::BucketLoggingStatus;

use crate::authorization::{Authorized, Granted};
use crate::convert::{logging, wire_logging};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let enabled = bucket.settings()?.logging.as_ref().map(LoggingRow::logging).map(wire_logging);
    Ok(reply::xml(BucketLoggingStatus { enabled }.to_xml()))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let enabled = BucketLoggingStatus::parse(&document)?.enabled.map(logging).transpose()?;
    let bucket = call.read_bucket().await?.name;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Logging(enabled) }).await?;
    Ok(reply::empty(StatusCode::OK))
}
