use axum::body::Body;
use axum::response::Response;
use domain::{Command, Outcome, PutObject};
use events::object::Operation;
use http::header::ETAG;
use http::{HeaderValue, StatusCode};
use s3::{Code, Error};

use super::{acl, append_object, object_lock};
use crate::call::Call;
use crate::convert;
use crate::encryption::Protection;
use crate::failure::Failure;
use crate::ingest::{commit_ingested, ingest};
use crate::lifecycle;
use crate::payload::Payload;
use crate::reply;

pub(super) async fn put_object(call: &Call<'_>, body: Body) -> Result<Response, Failure> {
    let request = s3::request::PutObject::parse(&call.head())?;
    match request.write_offset {
        None => store(call, body, request).await,
        Some(offset) => append_object::append_object(call, body, request, offset).await,
    }
}

/// Stores an object, whatever is under its key.
pub(super) async fn store(call: &Call<'_>, body: Body, request: s3::request::PutObject) -> Result<Response, Failure> {
    let key = call.key()?;
    let (snapshot, bucket, row) = call.read_bucket().await?;
    if !request.conditions.is_empty() {
        // Decided for good at the commit; looking first may spare the body.
        let current = domain::View::current(&**snapshot, row.id, &key)?;
        let etag = current.and_then(|row| row.object).map(|object| object.etag.to_string());
        request.conditions.evaluate(key.as_bytes(), etag.as_deref())?;
    }
    call.admit(&snapshot, &bucket, &key, request.payload.object_length())?;
    let of_object = acl::of_new_object(call, &snapshot, &row)?;
    let lock = object_lock::of_new_object(call, &snapshot, &bucket)?;
    drop(snapshot);
    let protection = Protection::of_new_object(call, &row, request.encryption.as_ref(), None).await?;
    let payload = Payload::new(body, call, &request.payload)?;
    let ingested = ingest(call, &bucket, payload, &request.payload, None, protection.as_ref()).await?;
    let appends = request.write_offset.is_some();
    if appends {
        append_object::check_not_empty(ingested.size)?;
    }
    let checksum = ingested.checksum.as_ref().map(convert::full_checksum);
    let (size, tags) = (ingested.size, request.tags.clone());
    let put = PutObject {
        bucket: bucket.clone(),
        key: key.clone(),
        size: ingested.size,
        etag: convert::etag_of_body(ingested.md5),
        body: domain::NewBody::Empty,
        checksum: checksum.clone(),
        encryption: protection.as_ref().map(|protection| protection.encryption(ingested.salt.clone())),
        attributes: convert::attributes(request.metadata, request.storage_class, request.tags),
        owner: of_object.owner,
        acl: of_object.acl,
        lock,
        operation: Operation::PutObject,
        precondition: convert::precondition(request.conditions),
    };
    let command = move |body| Command::PutObject(Box::new(PutObject { body, ..put.clone() }));
    let committed = commit_ingested(call, &bucket, ingested, command).await?;
    let Outcome::Stored { version, etag, modified, .. } = committed.outcome else {
        return Err(Error::new(Code::InternalError).into());
    };
    let mut response = reply::empty(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(ETAG, reply::quoted(etag)?);
    reply::insert_version(headers, version)?;
    if appends {
        headers.insert(append_object::OBJECT_SIZE, HeaderValue::from(size));
    }
    if let Some(protection) = &protection {
        protection.insert_headers(headers)?;
    }
    let current = lifecycle::Current { key: &key, size, tags: &tags, modified };
    lifecycle::insert_expiration(headers, &call.gateway.0.ledger.latest(), &row, current)?;
    if let Some(checksum) = &checksum {
        reply::insert_checksum(headers, checksum)?;
    }
    Ok(response)
}
