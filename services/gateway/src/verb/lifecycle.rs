use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting, View};
use http::StatusCode;
use s3::request::DocumentBody;
use s3::xml::LifecycleConfiguration;
use s3::{Code, Error};

use crate::call::Call;
use crate::failure::Failure;
use crate::lifecycle::{rule, wire_rule};
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let Some(rules) = snapshot.bucket_settings(row.id)?.lifecycle else {
        return Err(Error::new(Code::NoSuchLifecycleConfiguration).detail("BucketName", bucket.as_str()).into());
    };
    let rules = rules.into_iter().map(wire_rule).collect();
    Ok(reply::xml(LifecycleConfiguration { rules }.to_xml()))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    check_declared(call)?;
    let document = read_document(body, call, Sums::OfDocument).await?;
    let rules = LifecycleConfiguration::parse(&document)?.rules;
    let (_, bucket, _) = call.read_bucket().await?;
    let rules = rules.into_iter().map(|read| rule(read, || call.fresh().to_string())).collect();
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Lifecycle(Some(rules)) }).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Lifecycle(None) }).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// Rules delete data: S3 takes none whose document could have been damaged on its way.
fn check_declared(call: &Call<'_>) -> Result<(), Error> {
    let head = call.head();
    let declared = DocumentBody::parse(&head)?;
    if declared.content_md5.is_none() && declared.checksum.is_none() && head.text("x-amz-trailer")?.is_none() {
        return Err(Error::invalid_request(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
        ));
    }
    Ok(())
}
