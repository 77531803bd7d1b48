use axum::response::Response;
use events::ids::UploadId;
use ledger::{Entry, Page};
use s3::Error;
use s3::request::ListMultipartUploads;
use s3::xml::{ListMultipartUploadsResult, ListedUpload};

use super::owner::Names;
use crate::authorization::Authorized;
use crate::convert;
use crate::failure::Failure;
use crate::reply;

pub(super) fn list_uploads(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = ListMultipartUploads::parse(&call.head())?;
    let (_, bucket) = call.into_bucket()?;
    let key_marker = request.key_marker.as_deref().unwrap_or_default();
    // S3 ignores an upload-id marker without a key marker.
    let upload_marker = request.upload_id_marker.as_deref().filter(|_| !key_marker.is_empty()).unwrap_or_default();
    let below = Some(upload_marker).filter(|text| !text.is_empty()).map(marker).transpose()?;
    let page = Page {
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref().unwrap_or_default(),
        after: key_marker,
        max: request.max_uploads as usize,
    };
    let page = bucket.snapshot.list_uploads(bucket.row.id, &page, below)?;
    let (mut lines, mut common_prefixes) = (Vec::new(), Vec::new());
    for entry in &page.entries {
        match entry {
            Entry::CommonPrefix(prefix) => common_prefixes.push(&**prefix),
            Entry::Key(key, (upload, row)) => lines.push((&**key, upload.to_string(), row)),
        }
    }
    let bucket_owner = &bucket.row.owner;
    let users = lines.iter().flat_map(|(_, _, row)| [row.owner.as_ref(), row.initiator.as_ref()]);
    let names = Names::of(&bucket.snapshot, users.flatten().chain([bucket_owner]))?;
    let uploads: Vec<_> = lines
        .iter()
        .map(|(key, upload_id, row)| ListedUpload {
            key,
            upload_id,
            initiated: row.created,
            owner: names.show(row.owner.as_ref().unwrap_or(bucket_owner)),
            initiator: names.show(row.initiator.as_ref().unwrap_or(bucket_owner)),
            storage_class: row.attributes.storage_class.as_deref().unwrap_or(convert::STANDARD),
            checksum: convert::listed_plan(row.checksum),
        })
        .collect();
    // S3 returns a next marker on the last page too, but not after a common prefix.
    let next = page.entries.last().filter(|entry| page.truncated || matches!(entry, Entry::Key(..)));
    let next_upload = lines.last().filter(|_| matches!(next, Some(Entry::Key(..))));
    let result = ListMultipartUploadsResult {
        bucket: bucket.name.as_str(),
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref(),
        key_marker,
        upload_id_marker: upload_marker,
        max_uploads: request.max_uploads,
        encoding: request.encoding,
        is_truncated: page.truncated,
        next_key_marker: next.map(Entry::name).unwrap_or_default(),
        next_upload_id_marker: next_upload.map(|(_, upload, _)| upload.as_str()).unwrap_or_default(),
        uploads: &uploads,
        common_prefixes: &common_prefixes,
    };
    Ok(reply::xml(result.to_xml()))
}

/// The upload after which a listing continues within a key. An upload that has ended meanwhile keeps its position.
fn marker(text: &str) -> Result<UploadId, Error> {
    text.parse().map_err(|_| Error::invalid_argument("Invalid uploadId marker", "upload-id-marker", text))
}
