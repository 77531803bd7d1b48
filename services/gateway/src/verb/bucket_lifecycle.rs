use axum::body::Body;
use axum::response::Response;
use domain::{Command, Setting};
use events::lifecycle::TransitionMinimum;
use http::{HeaderValue, StatusCode};
use s3::request::DocumentBody;
use s3::xml::LifecycleConfiguration;
use s3::{Code, Error};

use crate::authorization::{Authorized, Granted};
use crate::convert::{lifecycle_rule, wire_lifecycle_rule};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::request::Request;
use crate::state::Bucket;

const TRANSITION_MINIMUM: &str = "x-amz-transition-default-minimum-object-size";

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let settings = bucket.settings()?;
    let Some(rules) = settings.lifecycle else {
        return Err(Error::new(Code::NoSuchLifecycleConfiguration).detail("BucketName", bucket.name.as_str()).into());
    };
    let rules = rules.into_iter().map(wire_lifecycle_rule).collect();
    Ok(showing(settings.transition_minimum, reply::xml(LifecycleConfiguration { rules }.to_xml())))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    check_declared(&call)?;
    let minimum = wanted_minimum(&call)?;
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let rules = LifecycleConfiguration::parse(&document)?.rules;
    let bucket = call.read_bucket().await?.name;
    let rules = rules.into_iter().map(|rule| lifecycle_rule(rule, || call.fresh().to_string())).collect();
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Lifecycle(Some(rules), minimum) }).await?;
    Ok(showing(minimum, reply::empty(StatusCode::OK)))
}

pub(super) async fn delete(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, Bucket { name: bucket, .. }) = call.into_bucket()?;
    call.commit(Command::SetBucketSetting { bucket, setting: Setting::Lifecycle(None, TransitionMinimum::default()) })
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// The requested setting for objects that are too small to move. Nothing is moved here, but Terraform waits until it
/// reads what it wrote.
fn wanted_minimum(request: &Request<'_>) -> Result<TransitionMinimum, Error> {
    let Some(text) = request.head().text(TRANSITION_MINIMUM)? else { return Ok(TransitionMinimum::default()) };
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

/// Rules delete data, so S3 refuses a document without a checksum of it.
fn check_declared(request: &Request<'_>) -> Result<(), Error> {
    let head = request.head();
    let declared = DocumentBody::parse(&head)?;
    if declared.content_md5.is_none() && declared.checksum.is_none() && head.text("x-amz-trailer")?.is_none() {
        return Err(Error::invalid_request(
            "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
        ));
    }
    Ok(())
}
