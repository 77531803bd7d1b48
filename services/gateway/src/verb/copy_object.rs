use axum::response::Response;
use domain::row::{BodyRow, BucketRow};
use domain::{Command, NewBody, Outcome, PutObject};
use events::ids::{BucketName, ObjectKey};
use events::object::Operation;
use events::tags::Tags;
use futures_util::TryStreamExt;
use http::HeaderName;
use policy::Action;
use s3::checksum::{Algorithm, Hasher};
use s3::request::{CopyObject, CopySource, Directive};
use s3::xml::CopyObjectResult;
use s3::{Code, Error};

use super::source::{COPY_BYTES_MAX, Source, find};
use super::{acl, object_lock};
use crate::call::{Call, version_text};
use crate::convert;
use crate::failure::Failure;
use crate::fetch;
use crate::reply;

pub(super) const SOURCE_VERSION_ID: HeaderName = HeaderName::from_static("x-amz-copy-source-version-id");

pub(super) async fn copy_object(call: &Call<'_>) -> Result<Response, Failure> {
    let request = CopyObject::parse(&call.head())?;
    let (snapshot, bucket, row) = call.read_bucket().await?;
    let of_object = acl::of_new_object(call, &snapshot, &row)?;
    let lock = object_lock::of_new_object(call, &snapshot, &bucket)?;
    drop(snapshot);
    let key = call.key()?;
    let source = find(call, &request.source, &request.source_conditions).await?;
    let in_place = request.source.bucket == bucket.as_str() && request.source.key == key.as_bytes();
    if in_place && request.source.version_id.is_none() && request.changes_nothing_in_place() {
        let message = "This copy request is illegal because it is trying to copy an object to itself without \
                       changing the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(Error::invalid_request(message).into());
    }
    if source.object.size > COPY_BYTES_MAX {
        let message =
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120";
        return Err(Error::invalid_request(message).into());
    }
    let class = request.storage_class.and_then(convert::class_name);
    let mut attributes = match request.metadata_directive {
        Directive::Copy => source.object.attributes.clone(),
        Directive::Replace => convert::attributes(request.metadata, s3::request::StorageClass::Standard, Tags::new()),
    };
    attributes.storage_class = class;
    attributes.tags = match request.tagging_directive {
        Directive::Replace => request.tags,
        Directive::Copy => copied_tags(call, &request.source, &source, (&bucket, &row), &key)?,
    };
    let checksum = checksum(call, &source, request.checksum_algorithm).await?;
    let put = PutObject {
        bucket,
        key,
        size: source.object.size,
        etag: source.object.etag,
        body: same_body(&source),
        checksum: checksum.clone(),
        attributes,
        owner: of_object.owner,
        acl: of_object.acl,
        lock,
        operation: Operation::CopyObject,
        precondition: convert::precondition(request.conditions),
    };
    let committed = call.commit(Command::PutObject(Box::new(put))).await?;
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
    Ok(response)
}

pub(super) fn insert_source_version(response: &mut Response, source: &Source) -> Result<(), Error> {
    if let Some(name) = reply::shown_version(source.bucket.versioning, &source.row) {
        response.headers_mut().insert(SOURCE_VERSION_ID, reply::value(&version_text(name))?);
    }
    Ok(())
}

/// The source's tags, which to read and to give are rights of their own.
fn copied_tags(
    call: &Call<'_>,
    named: &CopySource,
    source: &Source,
    target: (&BucketName, &BucketRow),
    key: &ObjectKey,
) -> Result<Tags, Failure> {
    let tags = &source.object.attributes.tags;
    if !tags.is_empty() {
        source.authorize(call, named, Action::GetObjectTagging, Action::GetObjectVersionTagging)?;
        call.authorize_key(&source.snapshot, Action::PutObjectTagging, target, key)?;
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

/// The source's checksum, or one of the algorithm that is asked for instead, computed from the bytes.
async fn checksum(
    call: &Call<'_>,
    source: &Source,
    wanted: Option<Algorithm>,
) -> Result<Option<events::object::Checksum>, Failure> {
    let known = source.object.checksum.clone();
    match wanted {
        Some(wanted) if known.as_ref().is_none_or(|known| known.algorithm != convert::algorithm(wanted)) => {
            let stretches = fetch::stretches(&source.snapshot, &source.object, 0..source.object.size)?;
            let bytes = fetch::bytes(call.gateway.clone(), stretches);
            let hasher = bytes.try_fold(Hasher::new(wanted), |mut hasher, bytes| async move {
                hasher.update(&bytes);
                Ok(hasher)
            });
            Ok(Some(convert::full_checksum(&hasher.await?.finish())))
        }
        _ => Ok(known),
    }
}
