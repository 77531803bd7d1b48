use axum::body::Body;
use axum::response::Response;
use domain::{Command, Outcome, PutObject};
use events::ids::ObjectKey;
use events::object::Operation;
use http::header::ETAG;
use http::{HeaderValue, StatusCode};
use s3::condition::Tags;
use s3::{Code, Error};

use super::{acl, append_object, object_lock};
use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::encryption::Protection;
use crate::failure::Failure;
use crate::ingest::{commit_ingested, ingest};
use crate::lifecycle;
use crate::payload::Payload;
use crate::reply;
use crate::state::Bucket;

pub(super) async fn put_object(call: Authorized<'_>, body: Body) -> Result<Response, Failure> {
    let request = s3::request::PutObject::parse(&call.head())?;
    let key = call.key()?;
    let (call, bucket) = call.into_bucket()?;
    let Some(offset) = request.write_offset else { return store(&call, bucket, body, request, key).await };
    match append_object::find(&call, bucket.object(&key, None), &request, offset)? {
        Some(found) => append_object::append_object(&call, bucket, body, request, (key, found)).await,
        None => store_first_bytes(&call, bucket, body, request, key).await,
    }
}

/// Stores the first bytes of an object that does not exist yet: of several concurrent writers, one creates it.
async fn store_first_bytes(
    call: &Granted<'_>,
    bucket: Bucket,
    body: Body,
    mut request: s3::request::PutObject,
    key: ObjectKey,
) -> Result<Response, Failure> {
    let asked = request.conditions.if_none_match.replace(Tags::Any).is_some();
    store(call, bucket, body, request, key).await.map_err(|failure| match failure.error.code() {
        Code::PreconditionFailed if !asked => append_object::wrong_offset().into(),
        _ => failure,
    })
}

/// Stores an object, replacing the one under its key.
async fn store(
    call: &Granted<'_>,
    bucket: Bucket,
    body: Body,
    request: s3::request::PutObject,
    key: ObjectKey,
) -> Result<Response, Failure> {
    if !request.conditions.is_empty() {
        // The commit decides for good; checking first may avoid reading the body.
        let current = bucket.object(&key, None).current()?;
        let etag = current.and_then(|row| row.object).map(|object| object.etag.to_string());
        request.conditions.evaluate(key.as_bytes(), etag.as_deref())?;
    }
    call.admit(&bucket, &key, request.payload.object_length())?;
    let of_object = acl::of_new_object(call, &bucket)?;
    let lock = object_lock::of_new_object(call, &bucket)?;
    let (bucket, row) = bucket.without_state();
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
    lifecycle::insert_expiration(headers, &call.latest(), &row, current)?;
    if let Some(checksum) = &checksum {
        reply::insert_checksum(headers, checksum)?;
    }
    Ok(response)
}
