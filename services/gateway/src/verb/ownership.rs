use axum::body::Body;
use axum::response::Response;
use domain::{Command, View};
use events::access::ObjectOwnership;
use http::StatusCode;
use s3::xml::OwnershipControls;
use s3::{Code, Error};

use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

/// A bucket of which nothing was said shows the default that holds. Controls that were taken away are shown no more.
pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let access = snapshot.bucket_access(row.id)?;
    if access.ownership_removed {
        let error = Error::new(Code::OwnershipControlsNotFoundError);
        return Err(error.detail("BucketName", bucket.as_str()).into());
    }
    let ownership = match access.ownership.unwrap_or_default() {
        ObjectOwnership::BucketOwnerEnforced => s3::acl::ObjectOwnership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred => s3::acl::ObjectOwnership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter => s3::acl::ObjectOwnership::ObjectWriter,
    };
    Ok(reply::xml(OwnershipControls { ownership }.to_xml()))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let ownership = as_fact(OwnershipControls::parse(&document)?.ownership);
    set(call, Some(ownership)).await?;
    Ok(reply::empty(StatusCode::OK))
}

pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    set(call, None).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn set(call: &Call<'_>, ownership: Option<ObjectOwnership>) -> Result<(), Failure> {
    let (_, bucket, _) = call.read_bucket().await?;
    call.commit(Command::SetOwnership { bucket, ownership }).await?;
    Ok(())
}

/// Who owns what is stored in a bucket that this request makes. A fact that says nothing means what it always meant,
/// the bucket's owner; any other default stands in the fact, so that a bucket outlives a change of the default.
pub(super) fn of_new_bucket(call: &Call<'_>) -> Result<Option<ObjectOwnership>, Error> {
    let default = call.gateway.0.options.default_ownership;
    let default = (default != ObjectOwnership::BucketOwnerEnforced).then_some(default);
    Ok(call.head().object_ownership()?.map(as_fact).or(default))
}

fn as_fact(ownership: s3::acl::ObjectOwnership) -> ObjectOwnership {
    match ownership {
        s3::acl::ObjectOwnership::BucketOwnerEnforced => ObjectOwnership::BucketOwnerEnforced,
        s3::acl::ObjectOwnership::BucketOwnerPreferred => ObjectOwnership::BucketOwnerPreferred,
        s3::acl::ObjectOwnership::ObjectWriter => ObjectOwnership::ObjectWriter,
    }
}
