use axum::body::Body;
use axum::response::Response;
use domain::{Command, View};
use http::StatusCode;

use super::acl::{self, Owners};
use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let (snapshot, _, row) = call.read_bucket().await?;
    let access = snapshot.bucket_access(row.id)?;
    let owners = Owners { owner: &row.owner, bucket: &row.owner };
    let (owner, acl) = acl::in_force(&access, owners, access.acl.as_ref());
    Ok(reply::xml(acl::document(&snapshot, owner, &acl)?))
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let access = snapshot.bucket_access(row.id)?;
    let owners = Owners { owner: &row.owner, bucket: &row.owner };
    let acl = acl::asked(call, &snapshot, &access, &document, owners)?;
    acl::admit(&access, &row.owner, &acl)?;
    drop(snapshot);
    call.commit(Command::SetBucketAcl { bucket, acl }).await?;
    Ok(reply::empty(StatusCode::OK))
}
