use std::sync::OnceLock;

use axum::body::Body;
use axum::response::Response;
use domain::Command;
use http::StatusCode;
use policy::Action;

use super::acl::{self, Owners};
use super::version::{version, version_but_no_marker};
use crate::authorization::{Authorized, Granted};
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (wanted, key) = (call.head().version_id()?, call.key()?);
    let (_, bucket) = call.into_bucket()?;
    let (row, object) = version(bucket.object(&key, wanted.as_deref()), "GET")?;
    let owners = Owners { owner: object.owner.as_ref().unwrap_or(&bucket.row.owner), bucket: &bucket.row.owner };
    let (owner, acl) = acl::in_force(&bucket.access()?, owners, object.acl.as_ref());
    let mut response = reply::xml(acl::document(&bucket.snapshot, owner, &acl)?);
    reply::insert_version(response.headers_mut(), reply::shown_version(bucket.row.versioning, &row))?;
    Ok(response)
}

pub(super) async fn put(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let wanted = call.head().version_id()?;
    let document = read_document(body, &call, Sums::OfDocument).await?;
    call.read_bucket().await?;
    let key = call.key()?;
    let action = if wanted.is_some() { Action::PutObjectVersionAcl } else { Action::PutObjectAcl };
    let shown = OnceLock::new();
    let committed = call.commit_as(|call| {
        let bucket = call.bucket()?;
        let addressed = bucket.object(&key, wanted.as_deref());
        let (row, object) = version_but_no_marker(addressed, "PUT")?;
        // The object may have been replaced by another owner's meanwhile.
        call.authorize_object(action, addressed)?;
        let owners = Owners { owner: object.owner.as_ref().unwrap_or(&bucket.row.owner), bucket: &bucket.row.owner };
        let access = bucket.access()?;
        let acl = acl::asked(call, &bucket.snapshot, &access, &document, owners)?;
        acl::admit(&access, &bucket.row.owner, &acl)?;
        let _first = shown.set(reply::shown_version(bucket.row.versioning, &row));
        Ok(Command::SetObjectAcl { bucket: bucket.name.clone(), key: key.clone(), version: row.version, acl })
    });
    committed.await?;
    let mut response = reply::empty(StatusCode::OK);
    reply::insert_version(response.headers_mut(), shown.into_inner().flatten())?;
    Ok(response)
}
