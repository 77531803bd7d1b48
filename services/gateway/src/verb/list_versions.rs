use axum::response::Response;
use domain::row::{BucketId, VersionRow};
use domain::{VersionName, find_version};
use events::ids::{ObjectKey, UserId, VersionId};
use ledger::{Entry, Page, Snapshot};
use s3::Error;
use s3::request::ListObjectVersions;
use s3::xml::{ListVersionsResult, ListedVersion, VersionedObject};

use super::owner::Names;
use crate::authorization::Authorized;
use crate::convert;
use crate::convert::{version_name, version_text};
use crate::failure::Failure;
use crate::reply;

/// A version, and the texts the XML borrows.
struct Line<'a> {
    key: &'a [u8],
    row: &'a VersionRow,
    latest: bool,
    version: String,
    etag: String,
}

pub(super) fn list_versions(call: Authorized<'_>) -> Result<Response, Failure> {
    let request = ListObjectVersions::parse(&call.head())?;
    let (_, bucket) = call.into_bucket()?;
    let key_marker = request.key_marker.as_deref().unwrap_or_default();
    let version_marker = request.version_id_marker.as_deref();
    // S3 lists nothing after a version of the empty key.
    let is_nowhere = key_marker.is_empty() && version_marker.is_some();
    let below = version_marker.filter(|_| !is_nowhere);
    let below = below.map(|text| marker(&bucket.snapshot, bucket.row.id, key_marker, text)).transpose()?;
    let page = Page {
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref().unwrap_or_default(),
        after: key_marker,
        max: if is_nowhere { 0 } else { request.max_keys as usize },
    };
    let page = bucket.snapshot.list_versions(bucket.row.id, &page, below)?;
    let (mut lines, mut common_prefixes) = (Vec::with_capacity(page.entries.len()), Vec::new());
    for entry in &page.entries {
        match entry {
            Entry::CommonPrefix(prefix) => common_prefixes.push(&**prefix),
            Entry::Key(key, (row, latest)) => lines.push(line(key, row, *latest)),
        }
    }
    let owners = lines.iter().filter_map(|line| line.row.object.as_ref()?.owner.as_ref());
    let names = Names::of(&bucket.snapshot, owners.chain([&bucket.row.owner]))?;
    let versions: Vec<_> = lines.iter().map(|line| listed(line, &names, &bucket.row.owner)).collect();
    let next = page.entries.last().filter(|_| page.truncated);
    let next_version = next.and_then(|entry| match entry {
        Entry::Key(_, (row, _)) => Some(version_text(row.name())),
        Entry::CommonPrefix(_) => None,
    });
    let result = ListVersionsResult {
        bucket: bucket.name.as_str(),
        prefix: &request.prefix,
        delimiter: request.delimiter.as_deref(),
        key_marker,
        version_id_marker: version_marker.unwrap_or_default(),
        max_keys: request.max_keys,
        encoding: request.encoding,
        is_truncated: page.truncated,
        next_key_marker: next.map(Entry::name),
        next_version_id_marker: next_version.as_deref(),
        versions: &versions,
        common_prefixes: &common_prefixes,
    };
    Ok(reply::xml(result.to_xml()))
}

fn line<'a>(key: &'a [u8], row: &'a VersionRow, latest: bool) -> Line<'a> {
    let etag = row.object.as_ref().map(|object| object.etag.to_string()).unwrap_or_default();
    Line { key, row, latest, version: version_text(row.name()), etag }
}

fn listed<'a>(line: &'a Line<'a>, names: &'a Names, bucket_owner: &'a UserId) -> ListedVersion<'a> {
    let owner = line.row.object.as_ref().and_then(|object| object.owner.as_ref()).unwrap_or(bucket_owner);
    let object = line.row.object.as_ref().map(|object| VersionedObject {
        etag: &line.etag,
        size: object.size,
        storage_class: object.attributes.storage_class.as_deref().unwrap_or(convert::STANDARD),
        checksum: convert::listed_checksum(object.checksum.as_ref()),
    });
    ListedVersion {
        key: line.key,
        version_id: &line.version,
        is_latest: line.latest,
        last_modified: line.row.modified,
        owner: Some(names.show(owner)),
        object,
    }
}

/// The version from which a listing continues within a key. A deleted version keeps its position.
fn marker(snapshot: &Snapshot, bucket: BucketId, key: &[u8], text: &str) -> Result<VersionId, Failure> {
    let key = ObjectKey::from_bytes(key).map_err(|_| {
        Error::invalid_argument(
            "A version-id marker cannot be specified without a key marker.",
            "version-id-marker",
            text,
        )
    })?;
    match version_name(key.as_bytes(), text)? {
        VersionName::Id(id) => Ok(id),
        VersionName::Null => {
            let row = find_version(&**snapshot, bucket, &key, VersionName::Null)?;
            Ok(row.map_or(VersionId::MIN, |row| row.version))
        }
    }
}
