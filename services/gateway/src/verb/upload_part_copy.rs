use axum::body::Body;
use axum::response::Response;
use domain::row::BodyRow;
use domain::{NewBody, Outcome};
use events::ids::ETag;
use jiff::Timestamp;
use s3::request::{Payload as Declared, UploadPartCopy};
use s3::xml::CopyPartResult;
use s3::{Code, Error};

use super::copy_object::insert_source_version;
use super::source::{COPY_BYTES_MAX, Source, find};
use super::upload_part::Target;
use crate::call::Call;
use crate::convert;
use crate::failure::Failure;
use crate::fetch;
use crate::ingest::ingest;
use crate::payload::Payload;
use crate::reply;

pub(super) async fn upload_part_copy(call: &Call<'_>) -> Result<Response, Failure> {
    let request = UploadPartCopy::parse(&call.head())?;
    let target = Target::find(call, &request.upload_id, request.part_number, None).await?;
    let source = find(call, &request.source, &request.source_conditions).await?;
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
    let whole = length == source.object.size;
    let (etag, modified, checksum) = match whole.then(|| same_content(&source, &target)).flatten() {
        Some((body, checksum)) => by_reference(call, target, &source, body, checksum).await?,
        None => by_bytes(call, target, &source, range).await?,
    };
    let wire = checksum.as_ref().and_then(convert::wire_checksum);
    let result = CopyPartResult { etag: &etag.to_string(), last_modified: modified, checksum: wire.as_ref() };
    let mut response = reply::xml(result.to_xml());
    insert_source_version(&mut response, &source)?;
    Ok(response)
}

type Stored = (ETag, Timestamp, Option<events::object::Checksum>);

/// The source as one content with the checksum the upload wants, if it is that.
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

/// No byte moves: the part names the content of its source.
async fn by_reference(
    call: &Call<'_>,
    target: Target,
    source: &Source,
    body: NewBody,
    checksum: Option<events::object::Checksum>,
) -> Result<Stored, Failure> {
    let command = target.known(source.object.size, source.object.etag.md5, body, checksum.clone());
    match call.commit(command).await?.outcome {
        Outcome::Stored { etag, modified, .. } => Ok((etag, modified, checksum)),
        Outcome::Done | Outcome::Deleted { .. } | Outcome::SessionRevoked => {
            Err(Error::new(Code::InternalError).into())
        }
    }
}

/// A range, or an assembled object: the bytes make a new content.
async fn by_bytes(
    call: &Call<'_>,
    target: Target,
    source: &Source,
    range: std::ops::Range<u64>,
) -> Result<Stored, Failure> {
    let length = range.end - range.start;
    let stretches = fetch::stretches(&source.snapshot, &source.object, range)?;
    let body = Body::from_stream(fetch::bytes(call.gateway.clone(), stretches));
    let payload = Payload::of_object(body, length);
    let declared = Declared { content_length: Some(length), ..Declared::default() };
    let ingested = ingest(call, &target.bucket, payload, &declared, target.algorithm()).await?;
    let checksum = ingested.checksum.as_ref().map(convert::full_checksum);
    let (etag, modified) = target.store(call, ingested).await?;
    Ok((etag, modified, checksum))
}
