use axum::response::Response;
use domain::row::VersionRow;
use events::ids::UserId;
use ledger::{Entry, ObjectsPage, Page, Snapshot, StateError};
use s3::request::{ListObjects, ListObjectsV2};
use s3::xml::{ContinuationToken, ListBucketResult, ListBucketResultV2, ListedObject};

use super::owner::Names;
use crate::authorization::Authorized;
use crate::convert;
use crate::failure::Failure;
use crate::reply;

pub(super) fn v1(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = ListObjects::parse(&call.head())?;
    let (_, bucket) = call.into_bucket()?;
    let marker = request.marker.as_deref().unwrap_or_default();
    let page = Page {
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref().unwrap_or_default(),
        after: marker,
        max: request.max_keys as usize,
    };
    let page = bucket.snapshot.list_objects(bucket.row.id, &page)?;
    let lines = Lines::new(&page);
    let names = lines.names(&bucket.snapshot, &bucket.row.owner)?;
    // S3 returns the next marker only with a delimiter; otherwise the client uses the last key.
    let next = page.entries.last().filter(|_| page.truncated && request.delimiter.is_some()).map(Entry::name);
    let result = ListBucketResult {
        bucket: bucket.name.as_str(),
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref(),
        marker,
        max_keys: request.max_keys,
        encoding: request.encoding,
        is_truncated: page.truncated,
        next_marker: next,
        objects: &lines.objects(Some((&names, &bucket.row.owner))),
        common_prefixes: &lines.common_prefixes,
    };
    Ok(reply::xml(result.to_xml()))
}

pub(super) fn v2(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = ListObjectsV2::parse(&call.head())?;
    let (_, bucket) = call.into_bucket()?;
    let page = Page {
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref().unwrap_or_default(),
        after: request.after().unwrap_or_default(),
        max: request.max_keys as usize,
    };
    let page = bucket.snapshot.list_objects(bucket.row.id, &page)?;
    let lines = Lines::new(&page);
    let next = page.entries.last().filter(|_| page.truncated).map(|entry| ContinuationToken::encode(entry.name()));
    let names = lines.names(&bucket.snapshot, &bucket.row.owner)?;
    let owner = request.fetch_owner.then_some((&names, &bucket.row.owner));
    let result = ListBucketResultV2 {
        bucket: bucket.name.as_str(),
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref(),
        max_keys: request.max_keys,
        encoding: request.encoding,
        start_after: request.start_after.as_deref(),
        continuation_token: request.continuation_token.as_deref(),
        next_continuation_token: next.as_deref(),
        objects: &lines.objects(owner),
        common_prefixes: &lines.common_prefixes,
    };
    Ok(reply::xml(result.to_xml()))
}

/// The entries of a page, split as the XML needs them.
struct Lines<'a> {
    keys: Vec<(&'a [u8], &'a VersionRow, String)>,
    common_prefixes: Vec<&'a [u8]>,
}

impl<'a> Lines<'a> {
    fn new(page: &'a ObjectsPage) -> Self {
        let mut lines = Self { keys: Vec::with_capacity(page.entries.len()), common_prefixes: Vec::new() };
        for entry in &page.entries {
            match entry {
                Entry::CommonPrefix(prefix) => lines.common_prefixes.push(prefix),
                Entry::Key(key, row) => {
                    let etag = row.object.as_ref().map(|object| object.etag.to_string());
                    lines.keys.push((key, row, etag.unwrap_or_default()));
                }
            }
        }
        lines
    }

    /// The names of all owners in the page other than the bucket's owner.
    fn names(&self, snapshot: &Snapshot, bucket_owner: &UserId) -> Result<Names, StateError> {
        let owners = self.keys.iter().filter_map(|(_, row, _)| row.object.as_ref()?.owner.as_ref());
        Names::of(snapshot, owners.chain([bucket_owner]))
    }

    /// The objects, with their owners if `owners` is given.
    fn objects<'s>(&'s self, owners: Option<(&'s Names, &'s UserId)>) -> Vec<ListedObject<'s>> {
        let objects = self.keys.iter().filter_map(|(key, row, etag)| {
            let object = row.object.as_ref()?;
            Some(ListedObject {
                key,
                last_modified: row.modified,
                etag,
                size: object.size,
                storage_class: object.attributes.storage_class.as_deref().unwrap_or(convert::STANDARD),
                owner: owners.map(|(names, bucket)| names.show(object.owner.as_ref().unwrap_or(bucket))),
                checksum: convert::listed_checksum(object.checksum.as_ref()),
            })
        });
        objects.collect()
    }
}
