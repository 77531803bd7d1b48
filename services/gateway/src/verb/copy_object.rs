use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use domain::row::BodyRow;
use domain::{Command, NewBody, Outcome, PutObject};
use events::ids::{BucketName, ObjectKey};
use events::object::Operation;
use events::tags::Tags;
use futures_util::TryStreamExt;
use http::HeaderName;
use identity::DataKey;
use ledger::Committed;
use policy::Action;
use s3::checksum::{Algorithm, Hasher};
use s3::request::{CopyObject, CopySource, Directive, Payload as Declared};
use s3::xml::CopyObjectResult;
use s3::{Code, Error};

use super::source::{COPY_BYTES_MAX, Source, find};
use super::{acl, object_lock};
use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::convert::version_text;
use crate::encryption::{Protection, etag_of_copy, open_object};
use crate::failure::Failure;
use crate::fetch;
use crate::ingest::{commit_ingested, ingest};
use crate::lifecycle;
use crate::payload::Payload;
use crate::referable::is_body_referable;
use crate::reply;
use crate::request::Request;

pub(super) const SOURCE_VERSION_ID: HeaderName = HeaderName::from_static("x-amz-copy-source-version-id");

pub(super) async fn copy_object(call: Authorized<'_>) -> Result<Response, Failure> {
    call.check_signed("copy objects")?;
    let request = CopyObject::parse(&call.head())?;
    let (call, bucket) = call.into_bucket()?;
    let of_object = acl::of_new_object(&call, &bucket)?;
    let lock = object_lock::of_new_object(&call, &bucket)?;
    let (bucket, row) = bucket.without_state();
    let key = call.key()?;
    let source = find(&call, &request.source, &request.source_conditions).await?;
    check_copyable(&request, &source, &bucket, &key)?;
    let class = request.storage_class.and_then(convert::class_name);
    let mut attributes = match request.metadata_directive {
        Directive::Copy => source.object.attributes.clone(),
        Directive::Replace => convert::attributes(request.metadata, s3::request::StorageClass::Standard, Tags::new()),
    };
    attributes.storage_class = class;
    attributes.tags = match request.tagging_directive {
        Directive::Replace => request.tags,
        Directive::Copy => copied_tags(&call, &request.source, &source, &key)?,
    };
    let source_key = open_object(&call, &source.object, request.source_key.as_ref()).await?;
    let protection = Protection::of_new_object(&call, &row, request.encryption.as_ref(), source_key.clone()).await?;
    let tags = attributes.tags.clone();
    let put = PutObject {
        bucket,
        key: key.clone(),
        size: source.object.size,
        etag: source.object.etag,
        body: same_body(&source),
        checksum: None,
        encryption: None,
        attributes,
        owner: of_object.owner,
        acl: of_object.acl,
        lock,
        operation: Operation::CopyObject,
        precondition: convert::precondition(request.conditions),
    };
    let algorithm = request.checksum_algorithm;
    let same_protection = source_key.is_some() == protection.is_some();
    // Bytes that the nodes do not confirm are read and stored again, if they can still be read.
    let by_name =
        same_protection && is_body_referable(call.gateway, &source.bucket.snapshot, source.object.body).await?;
    let (committed, checksum) = if by_name {
        by_reference(&call, put, &source, (source_key.as_ref(), protection.as_ref()), algorithm).await?
    } else {
        by_bytes(&call, put, &source, (source_key.as_ref(), protection.as_ref()), algorithm).await?
    };
    let Outcome::Stored { version, etag, modified, .. } = committed.outcome else {
        return Err(Error::new(Code::InternalError).into());
    };
    let wire = checksum.as_ref().and_then(convert::wire_checksum);
    let result = CopyObjectResult {
        etag: &etag.to_string(),
        last_modified: modified,
        checksum: wire.as_ref(),
        checksum_type: checksum.as_ref().map(|checksum| convert::wire_checksum_type(checksum.kind)),
    };
    let mut response = reply::xml(result.to_xml());
    insert_source_version(&mut response, &source)?;
    reply::insert_version(response.headers_mut(), version)?;
    if let Some(protection) = &protection {
        protection.insert_headers(response.headers_mut())?;
    }
    let current = lifecycle::Current { key: &key, size: source.object.size, tags: &tags, modified };
    lifecycle::insert_expiration(response.headers_mut(), &call.latest(), &row, current)?;
    Ok(response)
}

/// A copy onto itself must change something, and a larger object is copied in parts.
fn check_copyable(request: &CopyObject, source: &Source, bucket: &BucketName, key: &ObjectKey) -> Result<(), Failure> {
    let in_place = request.source.bucket == bucket.as_str() && request.source.key == key.as_bytes();
    if in_place && request.changes_nothing_in_place() && !is_encrypted_anew(source)? {
        let message = "This copy request is illegal because it is trying to copy an object to itself without \
                       changing the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(Error::invalid_request(message).into());
    }
    if source.object.size > COPY_BYTES_MAX {
        let message =
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
        return Err(Error::invalid_request(message).into());
    }
    Ok(())
}

/// Whether a copy onto itself without encryption headers changes the encryption. It drops the key of the source, and S3
/// lets it encrypt the object by the bucket's default even if it is encrypted already.
fn is_encrypted_anew(source: &Source) -> Result<bool, Failure> {
    Ok(source.object.encryption.is_some() || source.bucket.settings()?.encryption.is_some())
}

/// The source's key and the target's encryption, if they have any.
type Keys<'a> = (Option<&'a DataKey>, Option<&'a Protection>);

/// The outcome of the commit, and the target's checksum.
type Copied = (Committed, Option<events::object::Checksum>);

/// Copies without moving bytes: the target refers to the bytes of the source. If they are encrypted, the source's key
/// is sealed again for the target.
async fn by_reference(
    call: &Granted<'_>,
    put: PutObject,
    source: &Source,
    (source_key, protection): Keys<'_>,
    algorithm: Option<Algorithm>,
) -> Result<Copied, Failure> {
    let checksum = checksum(call, source, algorithm, source_key).await?;
    let salt = source.object.encryption.as_ref().and_then(|encryption| encryption.salt.clone());
    let encryption = protection.map(|protection| protection.encryption(salt));
    let etag = protection.map_or(source.object.etag, |protection| etag_of_copy(&source.object, protection));
    let put = PutObject { checksum: checksum.clone(), encryption, etag, ..put };
    Ok((call.commit(Command::PutObject(Box::new(put))).await?, checksum))
}

/// Copies the bytes into a new content, if only one side is encrypted, or too few shards are left.
async fn by_bytes(
    call: &Granted<'_>,
    put: PutObject,
    source: &Source,
    (source_key, protection): Keys<'_>,
    algorithm: Option<Algorithm>,
) -> Result<Copied, Failure> {
    let length = source.object.size;
    let of_source = source.object.checksum.as_ref().map(|checksum| convert::wire_algorithm(checksum.algorithm));
    let stretches = fetch::stretches(&source.bucket.snapshot, &source.object, 0..length, source_key)?;
    let payload = Payload::of_object(Body::from_stream(fetch::bytes(call, stretches)), length);
    let declared = Declared { content_length: Some(length), ..Declared::default() };
    let bucket = put.bucket.clone();
    // Checked before the first byte is read, because there may be many.
    call.admit(&call.bucket_in(Arc::clone(&source.bucket.snapshot))?, &put.key, Some(length))?;
    let ingested = ingest(call, &bucket, payload, &declared, algorithm.or(of_source), protection).await?;
    let checksum = ingested.checksum.as_ref().map(convert::full_checksum);
    let put = PutObject {
        etag: convert::etag_of_body(ingested.md5),
        checksum: checksum.clone(),
        encryption: protection.map(|protection| protection.encryption(ingested.salt.clone())),
        ..put
    };
    let command = move |body| Command::PutObject(Box::new(PutObject { body, ..put.clone() }));
    Ok((commit_ingested(call, &bucket, ingested, command).await?, checksum))
}

pub(super) fn insert_source_version(response: &mut Response, source: &Source) -> Result<(), Error> {
    if let Some(name) = reply::shown_version(source.bucket.row.versioning, &source.row) {
        response.headers_mut().insert(SOURCE_VERSION_ID, reply::value(&version_text(name))?);
    }
    Ok(())
}

/// The source's tags. Reading them and setting them are separate rights.
fn copied_tags(request: &Request<'_>, named: &CopySource, source: &Source, key: &ObjectKey) -> Result<Tags, Failure> {
    let tags = &source.object.attributes.tags;
    if !tags.is_empty() {
        source.authorize(request, named, Action::GetObjectTagging, Action::GetObjectVersionTagging)?;
        let target = request.bucket_in(Arc::clone(&source.bucket.snapshot))?;
        request.authorize_key(Action::PutObjectTagging, &target, key)?;
    }
    Ok(tags.clone())
}

fn same_body(source: &Source) -> NewBody {
    match source.object.body {
        BodyRow::Empty => NewBody::Empty,
        BodyRow::Content(content) => NewBody::Known(content),
        BodyRow::Parts(upload) => NewBody::Parts(upload),
    }
}

/// The source's checksum, or one of the requested algorithm, computed from the bytes.
async fn checksum(
    request: &Request<'_>,
    source: &Source,
    wanted: Option<Algorithm>,
    key: Option<&DataKey>,
) -> Result<Option<events::object::Checksum>, Failure> {
    let known = source.object.checksum.clone();
    match wanted {
        Some(wanted) if known.as_ref().is_none_or(|known| known.algorithm != convert::algorithm(wanted)) => {
            let stretches = fetch::stretches(&source.bucket.snapshot, &source.object, 0..source.object.size, key)?;
            let bytes = fetch::bytes(request, stretches);
            let hasher = bytes.try_fold(Hasher::new(wanted), |mut hasher, bytes| async move {
                hasher.update(&bytes);
                Ok(hasher)
            });
            Ok(Some(convert::full_checksum(&hasher.await?.finish())))
        }
        _ => Ok(known),
    }
}
