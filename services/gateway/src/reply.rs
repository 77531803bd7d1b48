//! Responses: status, headers, bodies.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::VersionName;
use domain::row::{ObjectRow, VersionRow};
use events::bucket::Versioning;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED};
use http::{HeaderMap, StatusCode};
use s3::{Code, Error, date};

use crate::convert;
use crate::convert::version_text;
use crate::failure::Failure;

pub(crate) const VERSION_ID: HeaderName = HeaderName::from_static("x-amz-version-id");
pub(crate) const DELETE_MARKER: HeaderName = HeaderName::from_static("x-amz-delete-marker");
pub(crate) const BUCKET_ARN: HeaderName = HeaderName::from_static("x-amz-bucket-arn");
const STORAGE_CLASS: HeaderName = HeaderName::from_static("x-amz-storage-class");
const CHECKSUM_TYPE: HeaderName = HeaderName::from_static("x-amz-checksum-type");

/// The content type of objects that were stored without one.
const CONTENT_TYPE_DEFAULT: &str = "binary/octet-stream";

/// The outcome of a granted request.
pub(crate) struct Answer {
    /// The caller was authenticated, possibly only by the body.
    pub(crate) known: bool,
    pub(crate) result: Result<Response, Failure>,
}

pub(crate) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub(crate) fn xml(document: Bytes) -> Response {
    let mut response = Response::new(Body::from(document));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

/// A header's value. Text that no header can carry is an internal error.
pub(crate) fn value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|_| Error::new(Code::InternalError))
}

pub(crate) fn quoted(etag: events::ids::ETag) -> Result<HeaderValue, Error> {
    value(&format!("\"{etag}\""))
}

pub(crate) fn insert_version(headers: &mut HeaderMap, version: Option<VersionName>) -> Result<(), Error> {
    if let Some(name) = version {
        headers.insert(VERSION_ID, value(&version_text(name))?);
    }
    Ok(())
}

/// The version's name, if the bucket has or had versioning.
pub(crate) fn shown_version(versioning: Versioning, row: &VersionRow) -> Option<VersionName> {
    (versioning != Versioning::Unversioned).then(|| row.name())
}

/// The headers that GET, HEAD and 304 share.
pub(crate) fn object_headers(versioning: Versioning, row: &VersionRow, object: &ObjectRow) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::with_capacity(16);
    headers.insert(ETAG, quoted(object.etag)?);
    headers.insert(LAST_MODIFIED, value(&date::http_date(row.modified))?);
    headers.insert(http::header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    insert_version(&mut headers, shown_version(versioning, row))?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE_DEFAULT));
    for (name, text) in &object.attributes.headers {
        if let (Ok(name), Some(value)) = (HeaderName::try_from(name), s3::header::from_text(text)) {
            headers.insert(name, value);
        }
    }
    for (name, text) in &object.attributes.metadata {
        let name = HeaderName::try_from(format!("x-amz-meta-{name}"));
        if let (Ok(name), Some(value)) = (name, s3::header::from_text(text)) {
            headers.insert(name, value);
        }
    }
    if let Some(class) = &object.attributes.storage_class {
        headers.insert(STORAGE_CLASS, value(class)?);
    }
    Ok(headers)
}

pub(crate) fn insert_checksum(headers: &mut HeaderMap, checksum: &events::object::Checksum) -> Result<(), Error> {
    let name = HeaderName::from_static(convert::wire_algorithm(checksum.algorithm).header_name());
    headers.insert(name, value(&checksum.value)?);
    headers.insert(CHECKSUM_TYPE, HeaderValue::from_static(convert::wire_checksum_type(checksum.kind).name()));
    Ok(())
}

pub(crate) fn insert_length(headers: &mut HeaderMap, length: u64) {
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
}
