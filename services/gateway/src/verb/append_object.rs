//! `PutObject` with an offset: appends its bytes to the existing object.

use axum::body::Body;
use axum::response::Response;
use domain::row::ObjectRow;
use domain::{AppendObject, Command, NewBody, Outcome, Rejection};
use events::bucket::Versioning;
use events::ids::{ETag, Md5Digest, ObjectKey, UploadId, VersionId};
use events::object::{Checksum, ChecksumType};
use http::header::ETAG;
use http::{HeaderName, HeaderValue, StatusCode};
use policy::Action;
use s3::checksum::{Algorithm, Combiner};
use s3::lock::ObjectLock;
use s3::request::{PutObject as Request, StorageClass};
use s3::{Code, Error};

use crate::authorization::Granted;
use crate::convert;
use crate::encryption::Protection;
use crate::failure::{Failure, nothing_to_append, rejected};
use crate::ingest::{Ingested, commit_ingested, ingest};
use crate::lifecycle;
use crate::payload::Payload;
use crate::reply;
use crate::state::{Bucket, ObjectRef};

pub(super) const OBJECT_SIZE: HeaderName = HeaderName::from_static("x-amz-object-size");

/// The object to which bytes are appended.
pub(super) struct Found {
    version: VersionId,
    object: ObjectRow,
}

/// Finds the object that ends at an offset; `None` if its first bytes are to be stored.
pub(super) fn find(
    call: &Granted<'_>,
    wanted: ObjectRef<'_>,
    request: &Request,
    offset: u64,
) -> Result<Option<Found>, Failure> {
    if wanted.bucket.row.versioning != Versioning::Unversioned {
        return Err(rejected(&Rejection::AppendAmongVersions, call.about()).into());
    }
    let declared = request.payload.object_length();
    declared.map_or(Ok(()), check_not_empty)?;
    let found = wanted.current()?.and_then(|row| Some(Found { version: row.version, object: row.object? }));
    let etag = found.as_ref().map(|found| found.object.etag.to_string());
    request.conditions.evaluate(wanted.key.as_bytes(), etag.as_deref())?;
    if found.as_ref().map_or(0, |found| found.object.size) != offset {
        return Err(wrong_offset().into());
    }
    Ok(found)
}

pub(super) async fn append_object(
    call: &Granted<'_>,
    bucket: Bucket,
    body: Body,
    request: Request,
    (key, Found { version, object }): (ObjectKey, Found),
) -> Result<Response, Failure> {
    check_says_nothing_else(call, &request)?;
    call.admit_append(&bucket, request.payload.object_length())?;
    let (bucket, row) = bucket.without_state();
    let offset = object.size;
    let protection = Protection::of_appended(call, &object, request.encryption.as_ref()).await?;
    let payload = Payload::new(body, call, &request.payload)?;
    let algorithm = combinable(&object);
    let ingested = ingest(call, &bucket, payload, &request.payload, algorithm, protection.as_ref()).await?;
    check_not_empty(ingested.size)?;
    let size = offset + ingested.size;
    let (of_piece, whole_checksum) = (AppendedState::of_piece(&ingested), whole_checksum(&object, &ingested));
    let append = AppendObject {
        bucket: bucket.clone(),
        key: key.clone(),
        version: Some(version),
        offset,
        size: ingested.size,
        md5: ingested.md5,
        body: NewBody::Empty,
        checksum: of_piece.checksum.clone(),
        salt: ingested.salt.clone(),
        whole_md5: whole_md5(&object, ingested.md5),
        whole_checksum: whole_checksum.clone(),
        upload: UploadId(call.fresh()),
        precondition: convert::precondition(request.conditions),
    };
    let command = move |body| Command::from(AppendObject { body, ..append.clone() });
    let committed = commit_ingested(call, &bucket, ingested, command).await?;
    let Outcome::Stored { etag, modified, .. } = committed.outcome else {
        return Err(Error::new(Code::InternalError).into());
    };
    // Tag, checksum and rules reveal bytes and tags that others gave the object.
    let may_read = call.may(Action::GetObject)?;
    let visible = if may_read { AppendedState { etag, checksum: whole_checksum } } else { of_piece };
    let mut response = visible.answer(size)?;
    if let Some(protection) = &protection {
        protection.insert_headers(response.headers_mut())?;
    }
    if may_read {
        let current = lifecycle::Current { key: &key, size, tags: &object.attributes.tags, modified };
        lifecycle::insert_expiration(response.headers_mut(), &call.latest(), &row, current)?;
    }
    Ok(response)
}

/// What a response says about the bytes: about all of them, or only about the new ones, for a caller who may not read.
struct AppendedState {
    etag: ETag,
    checksum: Option<Checksum>,
}

impl AppendedState {
    fn of_piece(ingested: &Ingested) -> Self {
        let checksum = ingested.checksum.as_ref().map(convert::full_checksum);
        Self { etag: convert::etag_of_body(ingested.md5), checksum }
    }

    fn answer(&self, object_size: u64) -> Result<Response, Failure> {
        let mut response = reply::empty(StatusCode::OK);
        let headers = response.headers_mut();
        headers.insert(ETAG, reply::quoted(self.etag)?);
        headers.insert(OBJECT_SIZE, HeaderValue::from(object_size));
        if let Some(checksum) = &self.checksum {
            reply::insert_checksum(headers, checksum)?;
        }
        Ok(response)
    }
}

pub(super) fn wrong_offset() -> Error {
    Error::new(Code::InvalidWriteOffset)
}

pub(super) fn check_not_empty(size: u64) -> Result<(), Error> {
    if size == 0 { Err(nothing_to_append()) } else { Ok(()) }
}

/// The properties of an object stay: other values sent with an append would be ignored, so they are refused.
fn check_says_nothing_else(call: &Granted<'_>, request: &Request) -> Result<(), Error> {
    let head = call.head();
    let (what, is_said) = [
        ("user-defined object metadata", !request.metadata.user.is_empty()),
        ("tags", !request.tags.is_empty()),
        ("an ACL", head.acl()?.is_some()),
        ("a storage class", request.storage_class != StorageClass::default()),
        ("a lock", head.object_lock()? != ObjectLock::default()),
    ]
    .into_iter()
    .find(|(_, is_said)| *is_said)
    .unwrap_or_default();
    if is_said {
        let message = format!("Cannot specify both a write offset value and {what} for existing objects.");
        return Err(Error::invalid_request(message));
    }
    Ok(())
}

/// The checksum algorithm for the new bytes that combines with the object's checksum.
fn combinable(object: &ObjectRow) -> Option<Algorithm> {
    let checksum = object.checksum.as_ref().filter(|checksum| checksum.kind == ChecksumType::FullObject)?;
    let algorithm = convert::wire_algorithm(checksum.algorithm);
    Combiner::new(algorithm).map(|_| algorithm)
}

/// The checksum of all bytes, if both sides have a CRC of the same kind.
fn whole_checksum(object: &ObjectRow, added: &Ingested) -> Option<Checksum> {
    let of_added = added.checksum.as_ref()?;
    if object.size == 0 {
        return Some(convert::full_checksum(of_added));
    }
    let mut combiner = Combiner::new(combinable(object)?)?;
    combiner.push(&convert::wire_checksum(object.checksum.as_ref()?)?, object.size)?;
    combiner.push(of_added, added.size)?;
    combiner.finish().as_ref().map(convert::full_checksum)
}

/// The hash in the new entity tag, made of the previous hash and that of the new bytes. So an append does not read the
/// tags of all parts, of which there may be ten thousand.
fn whole_md5(object: &ObjectRow, added: Md5Digest) -> Md5Digest {
    Md5Digest(*s3::ETag::of_parts([&object.etag.md5.0, &added.0]).md5())
}
