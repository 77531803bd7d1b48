use std::ops::Range;
use std::sync::Arc;

use axum::response::Response;
use domain::row::{BodyRow, BucketRow, ObjectRow, VersionRow};
use domain::{VersionName, View, find_version, newest_version};
use events::ids::{BucketName, ObjectKey};
use http::header::{ALLOW, CONTENT_RANGE, HeaderMap, HeaderValue, LAST_MODIFIED};
use http::{HeaderName, StatusCode};
use identity::DataKey;
use ledger::Snapshot;
use policy::Action;
use s3::condition::Outcome;
use s3::request::GetObject;
use s3::{Code, Error, date};

use super::object_lock::At;
use crate::call::{Call, version_name};
use crate::encryption::{insert_headers, open_object};
use crate::failure::Failure;
use crate::fetch;
use crate::lifecycle;
use crate::reply;

const TAGGING_COUNT: HeaderName = HeaderName::from_static("x-amz-tagging-count");
const PARTS_COUNT: HeaderName = HeaderName::from_static("x-amz-mp-parts-count");

pub(super) async fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let found = find(call, "GET").await?;
    let stretches = fetch::stretches(&found.snapshot, &found.object, found.range.clone(), found.key.as_ref())?;
    let body = fetch::body(call, stretches).await?;
    let mut response = Response::new(body);
    *response.status_mut() = found.status;
    *response.headers_mut() = found.headers;
    Ok(response)
}

pub(super) async fn head(call: &Call<'_>) -> Result<Response, Failure> {
    let found = find(call, "HEAD").await?;
    let mut response = reply::empty(found.status);
    *response.headers_mut() = found.headers;
    Ok(response)
}

/// What a GET would send, without its bytes.
struct Found {
    snapshot: Arc<Snapshot>,
    object: ObjectRow,
    /// The object's, if it is encrypted.
    key: Option<DataKey>,
    range: Range<u64>,
    status: StatusCode,
    headers: HeaderMap,
}

async fn find(call: &Call<'_>, method: &'static str) -> Result<Found, Failure> {
    let request = GetObject::parse(&call.head())?;
    if call.caller.account.is_none() && !request.overrides.is_empty() {
        return Err(Error::invalid_request("Only a signed request may ask for other response headers.").into());
    }
    let key = call.key()?;
    let (snapshot, name, bucket) = call.read_bucket().await?;
    let wanted = request.version_id.as_deref();
    let (row, object) = version(&snapshot, &bucket, &key, wanted, method)?;
    // Before conditions and ranges: their answers tell of the object too.
    let object_key = open_object(call, &object, request.customer_key.as_ref()).await?;
    let mut headers = reply::object_headers(bucket.versioning, &row, &object)?;
    let at = At { snapshot: &snapshot, name: &name, bucket: &bucket, key: &key, version: wanted };
    at.show(call, object.lock, &mut headers)?;
    insert_tag_count(call, (&snapshot, &name, &bucket), &request, &object, &mut headers)?;
    insert_expiration(&snapshot, &bucket, &key, (&row, &object), &mut headers)?;
    match request.conditions.evaluate(&object.etag.to_string(), row.modified, call.now) {
        Outcome::Proceed => {}
        Outcome::NotModified => {
            let mut failure = Failure::from(Error::new(Code::NotModified));
            failure.headers = headers.drain().filter_map(|(name, value)| Some((name?, value))).collect();
            return Err(failure);
        }
        refused @ Outcome::PreconditionFailed(_) => refused.into_result()?,
    }
    let (range, status) = selected(&snapshot, &row, &object, &request, &mut headers)?;
    if let Some(encryption) = &object.encryption {
        insert_headers(&mut headers, &encryption.method, request.customer_key.as_ref())?;
    }
    reply::insert_length(&mut headers, range.end - range.start);
    // A part of a multipart upload has a checksum of its own; any other range that is all of the object has the object's.
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
    Ok(Found { snapshot, object, key: object_key, range, status, headers })
}

/// When a rule ends the version, if it is the current one.
fn insert_expiration(
    snapshot: &Snapshot,
    bucket: &BucketRow,
    key: &ObjectKey,
    (row, object): (&VersionRow, &ObjectRow),
    headers: &mut HeaderMap,
) -> Result<(), Failure> {
    // A bucket without settings is spared the look.
    if bucket.settings == 0 || snapshot.current(bucket.id, key)?.is_none_or(|current| current.version != row.version) {
        return Ok(());
    }
    let (size, tags, modified) = (object.size, &object.attributes.tags, row.modified);
    lifecycle::insert_expiration(headers, snapshot, bucket, lifecycle::Current { key, size, tags, modified })
}

/// How many tags there are, for whoever may read them.
fn insert_tag_count(
    call: &Call<'_>,
    (snapshot, name, bucket): (&Snapshot, &BucketName, &BucketRow),
    request: &GetObject,
    object: &ObjectRow,
    headers: &mut HeaderMap,
) -> Result<(), Failure> {
    if object.attributes.tags.is_empty() {
        return Ok(());
    }
    let version = request.version_id.as_deref();
    let action = if version.is_some() { Action::GetObjectVersionTagging } else { Action::GetObjectTagging };
    if call.authorize_object(snapshot, action, (name, bucket), &call.key()?, version).is_ok() {
        headers.insert(TAGGING_COUNT, HeaderValue::from(object.attributes.tags.len()));
    }
    Ok(())
}

/// The version that is asked for, if it is an object.
pub(super) fn version(
    snapshot: &Snapshot,
    bucket: &BucketRow,
    key: &ObjectKey,
    wanted: Option<&str>,
    method: &'static str,
) -> Result<(VersionRow, ObjectRow), Failure> {
    let row = match wanted {
        None => match snapshot.current(bucket.id, key)? {
            Some(row) => row,
            None => return Err(absent(snapshot, bucket, key)?),
        },
        Some(text) => {
            let name = version_name(key.as_bytes(), text)?;
            let row = find_version(&**snapshot, bucket.id, key, name)?;
            row.ok_or_else(|| Error::no_such_version(key.as_bytes(), text))?
        }
    };
    match row.object.clone() {
        Some(object) => Ok((row, object)),
        None => Err(not_of_markers(&row, method)?),
    }
}

/// A delete marker takes no other method than the one that takes it away.
fn not_of_markers(row: &VersionRow, method: &'static str) -> Result<Failure, Failure> {
    Ok(marker(Error::method_not_allowed(method, "DeleteMarker"), row.name())?
        .with_header(ALLOW, HeaderValue::from_static("DELETE"))
        .with_header(LAST_MODIFIED, reply::value(&date::http_date(row.modified))?))
}

/// As [`version`], for what S3 refuses to do with a delete marker also where the key alone is named.
pub(super) fn version_but_no_marker(
    snapshot: &Snapshot,
    bucket: &BucketRow,
    key: &ObjectKey,
    wanted: Option<&str>,
    method: &'static str,
) -> Result<(VersionRow, ObjectRow), Failure> {
    if wanted.is_none()
        && snapshot.current(bucket.id, key)?.is_none()
        && let Some(row) = newest_version(&**snapshot, bucket.id, key)?
    {
        return Err(not_of_markers(&row, method)?);
    }
    version(snapshot, bucket, key, wanted, method)
}

/// A key without a current object: never stored, or hidden by a delete marker.
fn absent(snapshot: &Snapshot, bucket: &BucketRow, key: &ObjectKey) -> Result<Failure, Failure> {
    let error = Error::no_such_key(key.as_bytes());
    match newest_version(&**snapshot, bucket.id, key)? {
        Some(row) => marker(error, row.name()),
        None => Ok(Failure::from(error).with_header(reply::DELETE_MARKER, HeaderValue::from_static("false"))),
    }
}

fn marker(error: Error, name: VersionName) -> Result<Failure, Failure> {
    let version = reply::value(&crate::call::version_text(name))?;
    Ok(Failure::from(error)
        .with_header(reply::DELETE_MARKER, HeaderValue::from_static("true"))
        .with_header(reply::VERSION_ID, version))
}

/// The bytes that are asked for by range or by part.
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
        // An object of one PUT is its own only part, and S3 sends it as the range that it is.
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
        // The part's own value under the type of its object: so S3 has it.
        if let Some(of_object) = &object.checksum {
            checksum.kind = of_object.kind;
        }
        reply::insert_checksum(headers, &checksum)?;
    }
    Ok((range, status))
}

/// What a part is answered with: as a range, unless it has no bytes, which no `Content-Range` can name.
fn partial(range: Range<u64>, size: u64, headers: &mut HeaderMap) -> Result<(Range<u64>, StatusCode), Failure> {
    if range.is_empty() {
        return Ok((range, StatusCode::OK));
    }
    let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    headers.insert(CONTENT_RANGE, reply::value(&content_range)?);
    Ok((range, StatusCode::PARTIAL_CONTENT))
}
