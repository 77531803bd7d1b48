use axum::response::Response;
use domain::View;
use domain::row::BodyRow;
use events::ids::UploadId;
use http::header::LAST_MODIFIED;
use ledger::Snapshot;
use s3::date;
use s3::request::GetObjectAttributes;
use s3::xml::{GetObjectAttributesOutput, ObjectPart, ObjectParts};

use super::version::version;
use crate::authorization::Authorized;
use crate::convert;
use crate::encryption::open_object;
use crate::failure::Failure;
use crate::reply;

pub(super) async fn get(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = GetObjectAttributes::parse(&call.head())?;
    let key = call.key()?;
    let (call, bucket) = call.into_bucket()?;
    let (row, object) = version(bucket.object(&key, request.version_id.as_deref()), "GET")?;
    open_object(&call, &object, request.customer_key.as_ref()).await?;
    let wanted = request.wanted;
    let page = match object.body {
        BodyRow::Parts(upload) if wanted.object_parts => Some(Page::read(&bucket.snapshot, upload, &request)?),
        // An object stored by one PUT has no parts to list.
        _ => None,
    };
    let etag = object.etag.to_string();
    let class = object.attributes.storage_class.as_deref().unwrap_or(convert::STANDARD);
    let checksum = object
        .checksum
        .as_ref()
        .filter(|_| wanted.checksum)
        .and_then(|checksum| Some((convert::wire_checksum(checksum)?, convert::wire_checksum_type(checksum.kind))));
    let answer = GetObjectAttributesOutput {
        etag: wanted.etag.then_some(&*etag),
        checksum,
        object_parts: page.as_ref().map(|page| page.show(&request)),
        storage_class: wanted.storage_class.then_some(class),
        object_size: wanted.object_size.then_some(object.size),
    };
    let mut response = reply::xml(answer.to_xml());
    let headers = response.headers_mut();
    headers.insert(LAST_MODIFIED, reply::value(&date::http_date(row.modified))?);
    reply::insert_version(headers, reply::shown_version(bucket.row.versioning, &row))?;
    Ok(response)
}

/// A page of an object's parts.
struct Page {
    total: u16,
    parts: Vec<ObjectPart>,
    truncated: bool,
}

impl Page {
    fn read(snapshot: &Snapshot, upload: UploadId, request: &GetObjectAttributes) -> Result<Self, Failure> {
        let total = snapshot.manifest(upload)?.map_or(0, |manifest| manifest.parts);
        let max = request.max_parts as usize;
        let (parts, truncated) = snapshot.list_parts(upload, request.part_number_marker, max)?;
        let parts = parts.into_iter().map(|(number, part)| ObjectPart {
            number: number.get(),
            size: part.size,
            checksum: part.checksum.as_ref().and_then(convert::wire_checksum),
        });
        Ok(Self { total, parts: parts.collect(), truncated })
    }

    fn show(&self, request: &GetObjectAttributes) -> ObjectParts<'_> {
        ObjectParts {
            total: u32::from(self.total),
            part_number_marker: request.part_number_marker,
            max_parts: request.max_parts,
            next_part_number_marker: self.parts.last().map_or(0, |part| part.number),
            is_truncated: self.truncated,
            parts: &self.parts,
        }
    }
}
