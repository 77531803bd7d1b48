use std::sync::OnceLock;

use axum::body::Body;
use axum::response::Response;
use domain::{Command, View};
use http::StatusCode;
use policy::Action;

use super::acl::{self, Owners};
use super::get_object::{version, version_but_no_marker};
use crate::call::Call;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let wanted = call.head().version_id()?;
    let (snapshot, _, bucket) = call.read_bucket().await?;
    let (row, object) = version(&snapshot, &bucket, &call.key()?, wanted.as_deref(), "GET")?;
    let owners = Owners { owner: object.owner.as_ref().unwrap_or(&bucket.owner), bucket: &bucket.owner };
    let (owner, acl) = acl::in_force(&snapshot.bucket_access(bucket.id)?, owners, object.acl.as_ref());
    let mut response = reply::xml(acl::document(&snapshot, owner, &acl)?);
    reply::insert_version(response.headers_mut(), reply::shown_version(bucket.versioning, &row))?;
    Ok(response)
}

pub(super) async fn put(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let wanted = call.head().version_id()?;
    let document = read_document(body, call, Sums::OfDocument).await?;
    let (_, name, _) = call.read_bucket().await?;
    let key = call.key()?;
    let action = if wanted.is_some() { Action::PutObjectVersionAcl } else { Action::PutObjectAcl };
    let shown = OnceLock::new();
    let committed = call.commit_as(|call, snapshot| {
        let bucket = call.judged_bucket(snapshot, &name)?;
        let (row, object) = version_but_no_marker(snapshot, &bucket, &key, wanted.as_deref(), "PUT")?;
        // Somebody else's object may be there by now.
        call.authorize_object(snapshot, action, (&name, &bucket), &key, wanted.as_deref())?;
        let owners = Owners { owner: object.owner.as_ref().unwrap_or(&bucket.owner), bucket: &bucket.owner };
        let access = snapshot.bucket_access(bucket.id)?;
        let acl = acl::asked(call, snapshot, &access, &document, owners)?;
        acl::admit(&access, &bucket.owner, &acl)?;
        let _first = shown.set(reply::shown_version(bucket.versioning, &row));
        Ok(Command::SetObjectAcl { bucket: name.clone(), key: key.clone(), version: row.version, acl })
    });
    committed.await?;
    let mut response = reply::empty(StatusCode::OK);
    reply::insert_version(response.headers_mut(), shown.into_inner().flatten())?;
    Ok(response)
}
