use axum::body::Body;
use axum::response::Response;
use domain::row::BodyRow;
use domain::{NewBody, Outcome};
use events::ids::ETag;
use http::HeaderMap;
use jiff::Timestamp;
use s3::request::{Payload as Declared, UploadPartCopy};
use s3::xml::CopyPartResult;
use s3::{Code, Error};

use super::copy_object::insert_source_version;
use super::source::{COPY_BYTES_MAX, Source, find};
use super::upload_part::Target;
use crate::authorization::{Authorized, Granted};
use crate::convert;
use crate::encryption::{Protection, open_object};
use crate::failure::Failure;
use crate::fetch::{self, Stretch};
use crate::ingest::ingest;
use crate::payload::Payload;
use crate::referable::is_body_referable;
use crate::reply;

pub(super) async fn upload_part_copy(call: Authorized<'_>) -> Result<Response, Failure> {
    call.check_signed("copy objects")?;
    let request = UploadPartCopy::parse(&call.head())?;
    let (call, target) = Target::find(call, &request.upload_id, request.part_number, None)?;
    let source = find(&call, &request.source, &request.source_conditions).await?;
    let range = match request.range {
        None => 0..source.object.size,
        Some(range) => {
            let resolved = range.resolve_within(source.object.size)?;
            resolved.start..resolved.end
        }
    };
    let length = range.end - range.start;
    if length > COPY_BYTES_MAX {
        return Err(Error::entity_too_large(length, COPY_BYTES_MAX).into());
    }
    target.admit(&call, &source.bucket.snapshot, length)?;
    let protection = target.protection(&call, request.customer_key).await?;
    let source_key = open_object(&call, &source.object, request.source_key.as_ref()).await?;
    // Each object has its own key, so two objects never share encrypted bytes.
    let whole = length == source.object.size && protection.is_none() && source_key.is_none();
    let mut encryption_headers = HeaderMap::new();
    if let Some(protection) = &protection {
        protection.insert_headers(&mut encryption_headers)?;
    }
    let whole = whole && is_body_referable(call.gateway, &source.bucket.snapshot, source.object.body).await?;
    let same = whole.then(|| same_content(&source, &target)).flatten();
    let (etag, modified, checksum) = if let Some((body, checksum)) = same {
        by_reference(&call, target, &source, body, checksum).await?
    } else {
        let stretches = fetch::stretches(&source.bucket.snapshot, &source.object, range, source_key.as_ref())?;
        by_bytes(&call, target, (stretches, length), protection.as_ref()).await?
    };
    let wire = checksum.as_ref().and_then(convert::wire_checksum);
    let result = CopyPartResult { etag: &etag.to_string(), last_modified: modified, checksum: wire.as_ref() };
    let mut response = reply::xml(result.to_xml());
    insert_source_version(&mut response, &source)?;
    response.headers_mut().extend(encryption_headers);
    Ok(response)
}

type Stored = (ETag, Timestamp, Option<events::object::Checksum>);

/// The source as one content with the checksum the upload needs, if it has that form.
fn same_content(source: &Source, target: &Target) -> Option<(NewBody, Option<events::object::Checksum>)> {
    let body = match source.object.body {
        BodyRow::Empty => NewBody::Empty,
        BodyRow::Content(content) => NewBody::Known(content),
        BodyRow::Parts(_) => return None,
    };
    let known = source.object.checksum.clone();
    match target.algorithm() {
        None => Some((body, known)),
        Some(wanted) => {
            known.filter(|known| known.algorithm == convert::algorithm(wanted)).map(|known| (body, Some(known)))
        }
    }
}

/// Copies without moving bytes: the part refers to the content of its source.
async fn by_reference(
    call: &Granted<'_>,
    target: Target,
    source: &Source,
    body: NewBody,
    checksum: Option<events::object::Checksum>,
) -> Result<Stored, Failure> {
    let command = target.known(source.object.size, source.object.etag.md5, body, checksum.clone());
    match call.commit(command).await?.outcome {
        Outcome::Stored { etag, modified, .. } => Ok((etag, modified, checksum)),
        Outcome::Done
        | Outcome::Deleted { .. }
        | Outcome::Placed { .. }
        | Outcome::Reclaimed { .. }
        | Outcome::SessionRevoked => Err(Error::new(Code::InternalError).into()),
    }
}

/// Copies the bytes into a new content: for a range, an assembled object, or one with too few shards left.
async fn by_bytes(
    call: &Granted<'_>,
    target: Target,
    (stretches, length): (Vec<Stretch>, u64),
    protection: Option<&Protection>,
) -> Result<Stored, Failure> {
    let body = Body::from_stream(fetch::bytes(call, stretches));
    let payload = Payload::of_object(body, length);
    let declared = Declared { content_length: Some(length), ..Declared::default() };
    let ingested = ingest(call, &target.bucket, payload, &declared, target.algorithm(), protection).await?;
    let checksum = ingested.checksum.as_ref().map(convert::full_checksum);
    let (etag, modified) = target.store(call, ingested).await?;
    Ok((etag, modified, checksum))
}
