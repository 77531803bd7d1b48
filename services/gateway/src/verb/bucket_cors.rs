use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting};
use http::StatusCode;
use s3::xml::CorsConfiguration;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert::{cors_rule, wire_cors_rule};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::state::Bucket;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let Some(rules) = bucket.settings()?.cors else {
        return Err(Error::new(Code::NoSuchCORSConfiguration).detail("BucketName", bucket.name.as_str()).into());
    };
    Ok(reply::xml(CorsConfiguration { rules: rules.iter().filter_map(wire_cors_rule).collect() }.to_xml()))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let rules = CorsConfiguration::parse(&document)?.rules.into_iter().map(cors_rule).collect();
    let bucket = call.read_bucket().await?.name;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Cors(Some(rules)) }).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Cors(None) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
