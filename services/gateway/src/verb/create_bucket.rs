use axum::body::Body;
use axum::response::Response;
use domain::{Command, Rejection, View};
use http::StatusCode;
use ledger::CommitError;
use s3::xml::CreateBucketConfiguration;
use s3::{Code, Error};

use super::{acl, ownership};
use crate::call::Call;
use crate::failure::{Failure, commit_failure};
use crate::payload::{Sums, read_document};
use crate::reply;

/// The region whose `CreateBucket` answers 200 for a bucket that is the asker's already, as AWS does there.
const FORGIVING_REGION: &str = "us-east-1";

pub(super) async fn create_bucket(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let bucket = call.bucket()?;
    let document = read_document(body, call, Sums::OfDocument).await?;
    let region = call.gateway.0.options.region.as_str();
    if !document.is_empty() {
        let wanted = CreateBucketConfiguration::parse(&document)?.location_constraint;
        if wanted.as_deref().is_some_and(|wanted| !wanted.is_empty() && wanted != region) {
            let message = format!("This server's region is {region}; it makes buckets nowhere else.");
            return Err(Error::with_message(Code::InvalidLocationConstraint, message).into());
        }
    }
    // Who makes a bucket owns it, and nobody owns nothing.
    let owner = call.caller.user_id().cloned().ok_or_else(|| Error::new(Code::AccessDenied))?;
    let snapshot = call.gateway.0.ledger.read().await?;
    let ownership = ownership::of_new_bucket(call)?;
    let acl = acl::of_new_bucket(call, &snapshot, &owner, ownership)?;
    let object_lock = call.head().bucket_object_lock()?;
    let command = Command::CreateBucket { bucket: bucket.clone(), acl: acl.clone(), ownership, owner, object_lock };
    drop(snapshot);
    match call.gateway.0.ledger.commit(command, call.origin()).await {
        Ok(_) => {}
        Err(CommitError::Rejected(Rejection::BucketExists { yours: true })) if region == FORGIVING_REGION => {
            let snapshot = call.gateway.0.ledger.latest();
            let row = snapshot.bucket(&bucket)?;
            let as_it_is = row.map(|row| snapshot.bucket_access(row.id)).transpose()?.and_then(|access| access.acl);
            if as_it_is != acl {
                let message = "You own this bucket already, and it has another ACL. Change that with PutBucketAcl.";
                return Err(Error::with_message(Code::BucketAlreadyExists, message).into());
            }
        }
        Err(error) => return Err(commit_failure(&error, call.about()).into()),
    }
    let mut response = reply::empty(StatusCode::OK);
    response.headers_mut().insert(http::header::LOCATION, reply::value(&format!("/{bucket}"))?);
    Ok(response)
}
