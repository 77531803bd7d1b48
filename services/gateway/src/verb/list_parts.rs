use axum::response::Response;
use s3::request::ListParts;
use s3::xml::{ListPartsResult, ListedPart};

use super::owner::Names;
use super::upload_part::find_upload;
use crate::authorization::Authorized;
use crate::convert;
use crate::failure::Failure;
use crate::lifecycle;
use crate::reply;

pub(super) fn list_parts(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = ListParts::parse(&call.head())?;
    let key = call.key()?;
    let (_, bucket) = call.into_bucket()?;
    let (upload, row) = find_upload(&bucket, &key, &request.upload_id)?;
    // A marker above every part number is a position after the last part.
    let after = u16::try_from(request.part_number_marker).unwrap_or(u16::MAX);
    let (parts, truncated) = bucket.snapshot.list_parts(upload, after, request.max_parts as usize)?;
    let etags: Vec<_> = parts.iter().map(|(_, part)| part.md5.to_string()).collect();
    let listed: Vec<_> = parts
        .iter()
        .zip(&etags)
        .map(|((number, part), etag)| ListedPart {
            number: number.get(),
            last_modified: part.modified,
            etag,
            size: part.size,
            checksum: part.checksum.as_ref().and_then(convert::wire_checksum),
        })
        .collect();
    let owner = row.owner.as_ref().unwrap_or(&bucket.row.owner);
    let initiator = row.initiator.as_ref().unwrap_or(&bucket.row.owner);
    let names = Names::of(&bucket.snapshot, [owner, initiator])?;
    let result = ListPartsResult {
        bucket: bucket.name.as_str(),
        key: key.as_bytes(),
        upload_id: &request.upload_id,
        encoding: request.encoding,
        part_number_marker: request.part_number_marker,
        max_parts: request.max_parts,
        next_part_number_marker: parts.last().map_or(0, |(number, _)| number.get()),
        is_truncated: truncated,
        owner: names.show(owner),
        initiator: names.show(initiator),
        storage_class: row.attributes.storage_class.as_deref().unwrap_or(convert::STANDARD),
        checksum: convert::listed_plan(row.checksum),
        parts: &listed,
    };
    let mut response = reply::xml(result.to_xml());
    lifecycle::insert_abort(response.headers_mut(), &bucket.snapshot, &bucket.row, &key, row.created)?;
    Ok(response)
}
