use axum::body::Body;
use axum::response::Response;
use domain::{Command, Rejection};
use events::access::Acl;
use events::ids::{BucketName, RegionName};
use events::tags::Tags;
use http::StatusCode;
use ledger::CommitError;
use s3::xml::{CreateBucketConfiguration, bucket_arn};
use s3::{Code, Error};

use super::{acl, bucket_ownership};
use crate::authorization::{Granted, Uncommitted};
use crate::failure::{Failure, commit_failure};
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::request::Request;

/// The region in which `CreateBucket` answers 200 for a bucket that the caller already owns, as AWS does there.
const FORGIVING_REGION: &str = "us-east-1";

pub(super) async fn create_bucket(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let bucket = call.bucket_name()?;
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let region = &call.gateway.0.options.region;
    let wanted = CreateBucketConfiguration::parse(&document)?;
    let location = location(&wanted, region)?;
    // The caller will own the bucket, so an anonymous caller cannot create one.
    let owner = call.caller.user_id().cloned().ok_or_else(|| Error::new(Code::AccessDenied))?;
    let snapshot = call.read().await?;
    let ownership = bucket_ownership::of_new_bucket(&call)?;
    let acl = acl::of_new_bucket(&call, &snapshot, &owner, ownership)?;
    let object_lock = call.head().bucket_object_lock()?;
    let command = Command::CreateBucket {
        bucket: bucket.clone(),
        acl: acl.clone(),
        ownership,
        owner,
        object_lock,
        location,
        tags: wanted.tags.clone(),
    };
    drop(snapshot);
    let committed = call.try_commit_as(|call| {
        if !wanted.tags.is_empty() {
            call.permit_tags_of_new_bucket()?;
        }
        Ok(command.clone())
    });
    match committed.await {
        Ok(_) => {}
        Err(Uncommitted::Refused(failure)) => return Err(failure),
        Err(Uncommitted::Commit(CommitError::Rejected(Rejection::BucketExists { yours: true })))
            if region.as_str() == FORGIVING_REGION =>
        {
            check_existing(&call, &bucket, acl.as_ref(), object_lock, &wanted.tags)?;
        }
        Err(Uncommitted::Commit(error)) => return Err(commit_failure(&error, call.about()).into()),
    }
    let mut response = reply::empty(StatusCode::OK);
    response.headers_mut().insert(http::header::LOCATION, reply::value(&format!("/{bucket}"))?);
    response.headers_mut().insert(reply::BUCKET_ARN, reply::value(&bucket_arn(bucket.as_str()))?);
    Ok(response)
}

/// The region that the document names, which must be the server's own.
fn location(wanted: &CreateBucketConfiguration, region: &RegionName) -> Result<Option<RegionName>, Failure> {
    match wanted.location_constraint.as_deref() {
        None | Some("") => Ok(None),
        Some(wanted) if wanted == region.as_str() => Ok(Some(region.clone())),
        Some(wanted) => {
            let message = format!("This server's region is {region}; it creates buckets only there.");
            let error = Error::with_message(Code::InvalidLocationConstraint, message);
            Err(error.detail("LocationConstraint", wanted).into())
        }
    }
}

/// Refuses to create an existing bucket again if it lacks something that is asked for now.
fn check_existing(
    request: &Request<'_>,
    bucket: &BucketName,
    acl: Option<&Acl>,
    object_lock: bool,
    tags: &Tags,
) -> Result<(), Failure> {
    let existing = request.bucket_in(request.latest())?;
    if existing.access()?.acl.as_ref() != acl {
        let message = "You own this bucket already, and it has another ACL. Change that with PutBucketAcl.";
        let error = Error::with_message(Code::BucketAlreadyExists, message);
        return Err(error.detail("BucketName", bucket.as_str()).into());
    }
    let settings = existing.settings()?;
    if !tags.is_empty() && settings.tags.as_ref() != Some(tags) {
        let message = "You own this bucket already, and it has other tags. Change them with PutBucketTagging.";
        return Err(Error::with_message(Code::BucketAlreadyOwnedByYou, message).into());
    }
    if object_lock && settings.object_lock.is_none() {
        let message = "You own this bucket already, and versions in it cannot be locked. Enable versioning, and then \
                       object lock with PutObjectLockConfiguration.";
        let error = Error::with_message(Code::BucketAlreadyOwnedByYou, message);
        return Err(error.detail("BucketName", bucket.as_str()).into());
    }
    Ok(())
}
