use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting, View};
use http::StatusCode;
use s3::xml::CorsConfiguration;
use s3::{Code, Error};

use crate::call::Call;
use crate::cors::{as_fact, as_wire};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let Some(rules) = snapshot.bucket_settings(row.id)?.cors else {
        return Err(Error::new(Code::NoSuchCORSConfiguration).detail("BucketName", bucket.as_str()).into());
    };
    Ok(reply::xml(CorsConfiguration { rules: rules.iter().filter_map(as_wire).collect() }.to_xml()))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let rules = CorsConfiguration::parse(&document)?.rules.into_iter().map(as_fact).collect();
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Cors(Some(rules)) }).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Cors(None) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
