use axum::body::Body;
use axum::response::Response;
use domain::Command;
use http::StatusCode;

use super::acl::{self, Owners};
use crate::authorization::{Authorized, Granted};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, bucket) = call.into_bucket()?;
    let access = bucket.access()?;
    let owners = Owners { owner: &bucket.row.owner, bucket: &bucket.row.owner };
    let (owner, acl) = acl::in_force(&access, owners, access.acl.as_ref());
    Ok(reply::xml(acl::document(&bucket.snapshot, owner, &acl)?))
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let bucket = call.read_bucket().await?;
    let access = bucket.access()?;
    let owners = Owners { owner: &bucket.row.owner, bucket: &bucket.row.owner };
    let acl = acl::asked(&call, &bucket.snapshot, &access, &document, owners)?;
    acl::admit(&access, &bucket.row.owner, &acl)?;
    let bucket = bucket.into_name();
    call.commit(Command::SetBucketAcl { bucket, acl }).await?;
    Ok(reply::empty(StatusCode::OK))
}
