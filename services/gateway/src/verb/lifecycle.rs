use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting, View};
use events::lifecycle::TransitionMinimum;
use http::{HeaderValue, StatusCode};
use s3::request::DocumentBody;
use s3::xml::LifecycleConfiguration;
use s3::{Code, Error};

use crate::call::Call;
use crate::failure::Failure;
use crate::lifecycle::{rule, wire_rule};
use crate::payload::{Sums, read_document};
use crate::reply;

const TRANSITION_MINIMUM: &str = "x-amz-transition-default-minimum-object-size";

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let settings = snapshot.bucket_settings(row.id)?;
    let Some(rules) = settings.lifecycle else {
        return Err(Error::new(Code::NoSuchLifecycleConfiguration).detail("BucketName", bucket.as_str()).into());
    };
    let rules = rules.into_iter().map(wire_rule).collect();
    Ok(showing(settings.transition_minimum, reply::xml(LifecycleConfiguration { rules }.to_xml())))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    check_declared(call)?;
    let minimum = wanted_minimum(call)?;
    let document = read_document(body, call, Sums::OfDocument).await?;
    let rules = LifecycleConfiguration::parse(&document)?.rules;
    let (_, bucket, _) = call.read_bucket().await?;
    let rules = rules.into_iter().map(|read| rule(read, || call.fresh().to_string())).collect();
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Lifecycle(Some(rules), minimum) }).await?;
    Ok(showing(minimum, reply::empty(StatusCode::OK)))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Lifecycle(None, TransitionMinimum::default()) })
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// What the request wants for objects that are too small to move. Nothing moves here, but Terraform waits until it reads
/// what it wrote.
fn wanted_minimum(call: &Call<'_>) -> Result<TransitionMinimum, Error> {
    let Some(text) = call.head().text(TRANSITION_MINIMUM)? else { return Ok(TransitionMinimum::default()) };
    let known = [TransitionMinimum::AllStorageClasses, TransitionMinimum::VariesByStorageClass];
    known.into_iter().find(|minimum| name(*minimum) == text).ok_or_else(|| {
        Error::invalid_argument(
            "The default minimum object size for transitions is not valid",
            TRANSITION_MINIMUM,
            text,
        )
    })
}

const fn name(minimum: TransitionMinimum) -> &'static str {
    match minimum {
        TransitionMinimum::AllStorageClasses => "all_storage_classes_128K",
        TransitionMinimum::VariesByStorageClass => "varies_by_storage_class",
    }
}

fn showing(minimum: TransitionMinimum, mut response: Response) -> Response {
    response.headers_mut().insert(TRANSITION_MINIMUM, HeaderValue::from_static(name(minimum)));
    response
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
