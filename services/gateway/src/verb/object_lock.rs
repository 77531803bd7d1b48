//! What locks an object, in its own documents and in the headers of requests and answers about it.

use std::sync::OnceLock;

use axum::body::Body;
use axum::response::Response;
use domain::row::{BucketRow, ObjectRow, VersionRow};
use domain::{Command, SetLegalHold, SetRetention, View};
use events::ids::{BucketName, ObjectKey};
use events::lock::Lock;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use ledger::Snapshot;
use policy::Action;
use s3::lock::{ObjectLock, Retention};
use s3::xml::{ObjectLegalHold, ObjectRetention};
use s3::{Code, Error, date};

use super::get_object::version;
use crate::call::Call;
use crate::convert;
use crate::failure::Failure;
use crate::payload::{Sums, read_document};
use crate::reply;

const MODE: HeaderName = HeaderName::from_static("x-amz-object-lock-mode");
const RETAIN_UNTIL: HeaderName = HeaderName::from_static("x-amz-object-lock-retain-until-date");
const LEGAL_HOLD: HeaderName = HeaderName::from_static("x-amz-object-lock-legal-hold");

/// An object's version, where it was looked for.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) name: &'a BucketName,
    pub(super) bucket: &'a BucketRow,
    pub(super) key: &'a ObjectKey,
    /// The version as it was asked for.
    pub(super) version: Option<&'a str>,
}

impl At<'_> {
    fn may(&self, call: &Call<'_>, action: Action) -> Result<(), Failure> {
        call.authorize_object(self.snapshot, action, (self.name, self.bucket), self.key, self.version)
    }

    /// Whether governance is to be bypassed, by who may.
    pub(super) fn bypasses_governance(&self, call: &Call<'_>) -> Result<bool, Error> {
        Ok(call.head().bypass_governance()? && self.may(call, Action::BypassGovernanceRetention).is_ok())
    }

    /// The headers that tell what locks the version, as far as the caller may know.
    pub(super) fn show(&self, call: &Call<'_>, lock: Lock, headers: &mut HeaderMap) -> Result<(), Error> {
        if let Some(retention) = lock.retention
            && self.may(call, Action::GetObjectRetention).is_ok()
        {
            headers.insert(MODE, HeaderValue::from_static(convert::wire_retention_mode(retention.mode).name()));
            headers.insert(RETAIN_UNTIL, reply::value(&date::iso8601_millis(retention.until))?);
        }
        if let Some(hold) = lock.legal_hold
            && self.may(call, Action::GetObjectLegalHold).is_ok()
        {
            headers.insert(LEGAL_HOLD, HeaderValue::from_static(convert::wire_legal_hold(hold).name()));
        }
        Ok(())
    }
}

/// The lock that a write's headers ask for, if its bucket takes it right now.
pub(super) fn of_new_object(call: &Call<'_>, snapshot: &Snapshot, bucket: &BucketName) -> Result<Lock, Failure> {
    let lock = convert::lock(call.head().object_lock()?);
    if lock != Lock::default() {
        call.admit_lock(snapshot, bucket, lock)?;
    }
    Ok(lock)
}

pub(super) async fn get_retention(call: &Call<'_>) -> Result<Response, Failure> {
    let (lock, shown) = find(call).await?;
    let retention = lock.retention.ok_or_else(|| Error::new(Code::NoSuchObjectLockConfiguration))?;
    let retention = Retention { mode: convert::wire_retention_mode(retention.mode), until: retention.until };
    answer(reply::xml(ObjectRetention { retention: Some(retention) }.to_xml()), shown)
}

pub(super) async fn get_legal_hold(call: &Call<'_>) -> Result<Response, Failure> {
    let (lock, shown) = find(call).await?;
    let hold = lock.legal_hold.ok_or_else(|| Error::new(Code::NoSuchObjectLockConfiguration))?;
    answer(reply::xml(ObjectLegalHold { status: convert::wire_legal_hold(hold) }.to_xml()), shown)
}

pub(super) async fn put_retention(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let wanted = ObjectRetention::parse(&document)?.retention;
    let asked = ObjectLock { retention: wanted, legal_hold: None };
    put(call, asked, Action::PutObjectRetention, |call, at, row| {
        let set = SetRetention {
            bucket: at.name.clone(),
            key: at.key.clone(),
            version: row.version,
            retention: wanted.map(convert::retention),
            bypass_governance: at.bypasses_governance(call)?,
        };
        Ok(set.into())
    })
    .await
}

pub(super) async fn put_legal_hold(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let document = read_document(body, call, Sums::OfDocument).await?;
    let wanted = ObjectLegalHold::parse(&document)?.status;
    let asked = ObjectLock { retention: None, legal_hold: Some(wanted) };
    put(call, asked, Action::PutObjectLegalHold, |_, at, row| {
        let (bucket, key, legal_hold) = (at.name.clone(), at.key.clone(), convert::legal_hold(wanted));
        Ok(SetLegalHold { bucket, key, version: row.version, legal_hold }.into())
    })
    .await
}

/// What locks the addressed version, and the version's name.
async fn find(call: &Call<'_>) -> Result<(Lock, Option<domain::VersionName>), Failure> {
    let wanted = call.head().version_id()?;
    let (snapshot, _, bucket) = call.read_bucket().await?;
    let (row, object) = lockable(&snapshot, &bucket, &call.key()?, wanted.as_deref(), "GET")?;
    Ok((object.lock, reply::shown_version(bucket.versioning, &row)))
}

/// Changes what locks the addressed version, if the caller may ask for just this.
async fn put(
    call: &Call<'_>,
    asked: ObjectLock,
    action: Action,
    command: impl Fn(&Call<'_>, At<'_>, &VersionRow) -> Result<Command, Failure>,
) -> Result<Response, Failure> {
    let wanted = call.head().version_id()?;
    // A document is read once.
    let _first = call.lock.set(asked);
    let (snapshot, name, _) = call.read_bucket().await?;
    let key = call.key()?;
    drop(snapshot);
    let version = wanted.as_deref();
    let shown = OnceLock::new();
    let committed = call.commit_as(|call, snapshot| {
        let bucket = call.judged_bucket(snapshot, &name)?;
        let at = At { snapshot, name: &name, bucket: &bucket, key: &key, version };
        at.may(call, action)?;
        let (row, _) = lockable(snapshot, &bucket, &key, version, "PUT")?;
        let _first = shown.set(reply::shown_version(bucket.versioning, &row));
        command(call, at, &row)
    });
    committed.await?;
    answer(reply::empty(StatusCode::OK), shown.into_inner().flatten())
}

/// The addressed version, in a bucket whose versions may be locked.
fn lockable(
    snapshot: &Snapshot,
    bucket: &BucketRow,
    key: &ObjectKey,
    wanted: Option<&str>,
    method: &'static str,
) -> Result<(VersionRow, ObjectRow), Failure> {
    if snapshot.bucket_settings(bucket.id)?.object_lock.is_none() {
        return Err(missing_object_lock().into());
    }
    version(snapshot, bucket, key, wanted, method)
}

/// The bucket's versions cannot be locked.
pub(crate) fn missing_object_lock() -> Error {
    Error::invalid_request("Bucket is missing Object Lock Configuration")
}

fn answer(mut response: Response, version: Option<domain::VersionName>) -> Result<Response, Failure> {
    reply::insert_version(response.headers_mut(), version)?;
    Ok(response)
}
