use std::ops::Range;

use axum::response::Response;
use domain::View;
use domain::row::{BodyRow, ObjectRow, VersionRow};
use http::header::{CONTENT_RANGE, HeaderMap, HeaderValue};
use http::{HeaderName, StatusCode};
use identity::DataKey;
use ledger::Snapshot;
use policy::Action;
use s3::condition::Outcome;
use s3::request::GetObject;
use s3::{Code, Error};

use super::object_lock;
use super::replica::STATUS;
use super::version::version;
use crate::authorization::{Authorized, Granted};
use crate::encryption::{insert_headers, open_object};
use crate::failure::Failure;
use crate::fetch;
use crate::lifecycle;
use crate::reply;
use crate::request::Request;
use crate::state::{Bucket, ObjectRef};

const TAGGING_COUNT: HeaderName = HeaderName::from_static("x-amz-tagging-count");
const PARTS_COUNT: HeaderName = HeaderName::from_static("x-amz-mp-parts-count");

pub(super) async fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let (call, found) = find(call, "GET").await?;
    let stretches = fetch::stretches(&found.bucket.snapshot, &found.object, found.range.clone(), found.key.as_ref())?;
    drop(found.bucket);
    let body = fetch::body(&call, stretches).await?;
    let mut response = Response::new(body);
    *response.status_mut() = found.status;
    *response.headers_mut() = found.headers;
    Ok(response)
}

pub(super) async fn head(call: Authorized<'_>) -> Result<Response, Failure> {
    let (_, found) = find(call, "HEAD").await?;
    let mut response = reply::empty(found.status);
    *response.headers_mut() = found.headers;
    Ok(response)
}

/// The response of a GET, without its bytes.
struct Found {
    bucket: Bucket,
    object: ObjectRow,
    /// The object's key, if it is encrypted.
    key: Option<DataKey>,
    range: Range<u64>,
    status: StatusCode,
    headers: HeaderMap,
}

async fn find<'a>(call: Authorized<'a>, method: &'static str) -> Result<(Granted<'a>, Found), Failure> {
    let request = GetObject::parse(&call.head())?;
    if call.caller.account.is_none() && !request.overrides.is_empty() {
        return Err(Error::invalid_request("Only a signed request may ask for other response headers.").into());
    }
    let key = call.key()?;
    let (call, bucket) = call.into_bucket()?;
    let wanted = bucket.object(&key, request.version_id.as_deref());
    let (row, object) = version(wanted, method)?;
    // Checked before conditions and ranges, whose responses reveal the object too.
    let object_key = open_object(&call, &object, request.customer_key.as_ref()).await?;
    let mut headers = reply::object_headers(bucket.row.versioning, &row, &object)?;
    object_lock::show(&call, wanted, object.lock, &mut headers)?;
    insert_tag_count(&call, wanted, &object, &mut headers);
    insert_expiration(wanted, (&row, &object), &mut headers)?;
    if let Some(replication) = &row.replication {
        headers.insert(STATUS, HeaderValue::from_static(replication.status()));
    }
    match request.conditions.evaluate(&object.etag.to_string(), row.modified, call.now) {
        Outcome::Proceed => {}
        Outcome::NotModified => {
            let mut failure = Failure::from(Error::new(Code::NotModified));
            failure.headers = headers.drain().filter_map(|(name, value)| Some((name?, value))).collect();
            return Err(failure);
        }
        refused @ Outcome::PreconditionFailed(_) => refused.into_result()?,
    }
    let (range, status) = selected(&bucket.snapshot, &row, &object, &request, &mut headers)?;
    if let Some(encryption) = &object.encryption {
        insert_headers(&mut headers, &encryption.method, request.customer_key.as_ref())?;
    }
    reply::insert_length(&mut headers, range.end - range.start);
    // A part of a multipart upload has its own checksum. Any other range that covers all of the object has the
    // object's.
    let is_whole = range == (0..object.size) && !headers.contains_key(PARTS_COUNT);
    if request.checksum_mode
        && is_whole
        && let Some(checksum) = &object.checksum
    {
        reply::insert_checksum(&mut headers, checksum)?;
    }
    for (name, value) in request.overrides {
        headers.insert(name, value);
    }
    Ok((call, Found { bucket, object, key: object_key, range, status, headers }))
}

/// Inserts when a rule expires the version, if it is the current one.
fn insert_expiration(
    wanted: ObjectRef<'_>,
    (row, object): (&VersionRow, &ObjectRow),
    headers: &mut HeaderMap,
) -> Result<(), Failure> {
    let Bucket { snapshot, row: bucket, .. } = wanted.bucket;
    // A bucket without settings needs no lookup.
    if bucket.settings == 0 || wanted.current()?.is_none_or(|current| current.version != row.version) {
        return Ok(());
    }
    let (size, tags, modified) = (object.size, &object.attributes.tags, row.modified);
    lifecycle::insert_expiration(
        headers,
        snapshot,
        bucket,
        lifecycle::Current { key: wanted.key, size, tags, modified },
    )
}

/// Inserts the number of tags, if the caller may read them.
fn insert_tag_count(request: &Request<'_>, wanted: ObjectRef<'_>, object: &ObjectRow, headers: &mut HeaderMap) {
    if object.attributes.tags.is_empty() {
        return;
    }
    let is_versioned = wanted.version.is_some();
    let action = if is_versioned { Action::GetObjectVersionTagging } else { Action::GetObjectTagging };
    if request.authorize_object(action, wanted).is_ok() {
        headers.insert(TAGGING_COUNT, HeaderValue::from(object.attributes.tags.len()));
    }
}

/// The range of bytes that a request selects, by range or by part number.
fn selected(
    snapshot: &Snapshot,
    row: &VersionRow,
    object: &ObjectRow,
    request: &GetObject,
    headers: &mut HeaderMap,
) -> Result<(Range<u64>, StatusCode), Failure> {
    if let Some(wanted) = request.part_number {
        return part(snapshot, object, wanted, headers);
    }
    match request.range_if(&object.etag.to_string(), row.modified) {
        None => Ok((0..object.size, StatusCode::OK)),
        Some(range) => {
            let Some(resolved) = range.select(object.size)? else { return Ok((0..0, StatusCode::OK)) };
            headers.insert(CONTENT_RANGE, reply::value(&resolved.content_range())?);
            Ok((resolved.start..resolved.end, StatusCode::PARTIAL_CONTENT))
        }
    }
}

fn part(
    snapshot: &Snapshot,
    object: &ObjectRow,
    wanted: u16,
    headers: &mut HeaderMap,
) -> Result<(Range<u64>, StatusCode), Failure> {
    let BodyRow::Parts(upload) = object.body else {
        // An object stored by one PUT is its own only part, and S3 sends it as a range.
        return if wanted == 1 {
            partial(0..object.size, object.size, headers)
        } else {
            Err(Error::no_such_part(wanted, 1).into())
        };
    };
    let parts = snapshot.manifest(upload)?.map_or(0, |manifest| manifest.parts);
    let Some((number, range)) = fetch::part_range(snapshot, upload, wanted)? else {
        return Err(Error::no_such_part(wanted, u32::from(parts)).into());
    };
    headers.insert(PARTS_COUNT, HeaderValue::from(parts));
    let (range, status) = partial(range, object.size, headers)?;
    if status == StatusCode::PARTIAL_CONTENT
        && let Some(mut checksum) = snapshot.part(upload, number)?.and_then(|part| part.checksum)
    {
        // The part's own checksum with the type of its object's, as in S3.
        if let Some(of_object) = &object.checksum {
            checksum.kind = of_object.kind;
        }
        reply::insert_checksum(headers, &checksum)?;
    }
    Ok((range, status))
}

/// A part is sent as a range, unless it is empty: no `Content-Range` can name an empty range.
fn partial(range: Range<u64>, size: u64, headers: &mut HeaderMap) -> Result<(Range<u64>, StatusCode), Failure> {
    if range.is_empty() {
        return Ok((range, StatusCode::OK));
    }
    let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    headers.insert(CONTENT_RANGE, reply::value(&content_range)?);
    Ok((range, StatusCode::PARTIAL_CONTENT))
}
