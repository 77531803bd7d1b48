//! Object lock, in documents of its own and in the headers of requests and responses.

use std::sync::OnceLock;

use axum::body::Body;
use axum::response::Response;
use domain::row::{ObjectRow, VersionRow};
use domain::{Command, SetLegalHold, SetRetention};
use events::lock::Lock;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use policy::Action;
use s3::lock::ObjectLock;
use s3::xml::{ObjectLegalHold, ObjectRetention};
use s3::{Code, Error, date};

use super::version::version;
use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::failure::{Failure, missing_object_lock};
use crate::payload::{Sums, read_document};
use crate::reply;
use crate::request::{Document, Request};
use crate::state::{Bucket, ObjectRef};

const MODE: HeaderName = HeaderName::from_static("x-amz-object-lock-mode");
const RETAIN_UNTIL: HeaderName = HeaderName::from_static("x-amz-object-lock-retain-until-date");
const LEGAL_HOLD: HeaderName = HeaderName::from_static("x-amz-object-lock-legal-hold");

/// Whether the request bypasses governance for an object and the caller may do so.
pub(super) fn bypasses_governance(request: &Request<'_>, object: ObjectRef<'_>) -> Result<bool, Error> {
    let may = || request.authorize_object(Action::BypassGovernanceRetention, object).is_ok();
    Ok(request.head().bypass_governance()? && may())
}

/// Inserts the headers about an object's lock that the caller may see.
pub(super) fn show(
    request: &Request<'_>,
    object: ObjectRef<'_>,
    lock: Lock,
    headers: &mut HeaderMap,
) -> Result<(), Error> {
    if let Some(retention) = lock.retention
        && request.authorize_object(Action::GetObjectRetention, object).is_ok()
    {
        headers.insert(MODE, HeaderValue::from_static(convert::wire_retention_mode(retention.mode).name()));
        headers.insert(RETAIN_UNTIL, reply::value(&date::iso8601_millis(retention.until))?);
    }
    if let Some(hold) = lock.legal_hold
        && request.authorize_object(Action::GetObjectLegalHold, object).is_ok()
    {
        headers.insert(LEGAL_HOLD, HeaderValue::from_static(convert::wire_legal_hold(hold).name()));
    }
    Ok(())
}

/// The lock that the headers of a write ask for, if its bucket accepts it.
pub(super) fn of_new_object(request: &Request<'_>, bucket: &Bucket) -> Result<Lock, Failure> {
    let lock = convert::lock(request.head().object_lock()?);
    if lock != Lock::default() {
        request.admit_lock(bucket, lock)?;
    }
    Ok(lock)
}

pub(super) fn get_retention(call: Authorized<'_>) -> Result<Response, Failure> {
    let (lock, shown) = find(call)?;
    let retention = lock.retention.ok_or_else(|| Error::new(Code::NoSuchObjectLockConfiguration))?;
    answer(reply::xml(ObjectRetention { retention: Some(convert::wire_retention(retention)) }.to_xml()), shown)
}

pub(super) fn get_legal_hold(call: Authorized<'_>) -> Result<Response, Failure> {
    let (lock, shown) = find(call)?;
    let hold = lock.legal_hold.ok_or_else(|| Error::new(Code::NoSuchObjectLockConfiguration))?;
    answer(reply::xml(ObjectLegalHold { status: convert::wire_legal_hold(hold) }.to_xml()), shown)
}

pub(super) async fn put_retention(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let wanted = ObjectRetention::parse(&document)?.retention;
    let asked = ObjectLock { retention: wanted, legal_hold: None };
    put(call, asked, Action::PutObjectRetention, |request, object, row| {
        let set = SetRetention {
            bucket: object.bucket.name.clone(),
            key: object.key.clone(),
            version: row.version,
            retention: wanted.map(convert::retention),
            bypass_governance: bypasses_governance(request, object)?,
        };
        Ok(set.into())
    })
    .await
}

pub(super) async fn put_legal_hold(call: Granted<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, &call, Sums::OfDocument).await?;
    let wanted = ObjectLegalHold::parse(&document)?.status;
    let asked = ObjectLock { retention: None, legal_hold: Some(wanted) };
    put(call, asked, Action::PutObjectLegalHold, |_, object, row| {
        let (bucket, key) = (object.bucket.name.clone(), object.key.clone());
        let legal_hold = convert::legal_hold(wanted);
        Ok(SetLegalHold { bucket, key, version: row.version, legal_hold }.into())
    })
    .await
}

/// The lock of the addressed version, and the version's name.
fn find(call: Authorized<'_>) -> Result<(Lock, Option<domain::VersionName>), Failure> {
    let (wanted, key) = (call.head().version_id()?, call.key()?);
    let (_, bucket) = call.into_bucket()?;
    let (row, object) = lockable(bucket.object(&key, wanted.as_deref()), "GET")?;
    Ok((object.lock, reply::shown_version(bucket.row.versioning, &row)))
}

/// Changes the lock of the addressed version, if the caller may set this one.
async fn put(
    call: Granted<'_>,
    asked: ObjectLock,
    action: Action,
    command: impl Fn(&Request<'_>, ObjectRef<'_>, &VersionRow) -> Result<Command, Failure>,
) -> Result<Response, Failure> {
    let (wanted, key) = (call.head().version_id()?, call.key()?);
    let call = call.with_document(Document::Lock(asked));
    call.read_bucket().await?;
    let shown = OnceLock::new();
    let committed = call.commit_as(|call| {
        let bucket = call.bucket()?;
        let object = bucket.object(&key, wanted.as_deref());
        call.authorize_object(action, object)?;
        let (row, _) = lockable(object, "PUT")?;
        let _first = shown.set(reply::shown_version(bucket.row.versioning, &row));
        command(call, object, &row)
    });
    committed.await.map_err(|failure| call.hide_absence(failure))?;
    answer(reply::empty(StatusCode::OK), shown.into_inner().flatten())
}

/// The addressed version, in a bucket that has object lock.
fn lockable(wanted: ObjectRef<'_>, method: &'static str) -> Result<(VersionRow, ObjectRow), Failure> {
    if wanted.bucket.settings()?.object_lock.is_none() {
        return Err(missing_object_lock().into());
    }
    version(wanted, method)
}

fn answer(mut response: Response, version: Option<domain::VersionName>) -> Result<Response, Failure> {
    reply::insert_version(response.headers_mut(), version)?;
    Ok(response)
}
