//! The listing of versions.

use bytes::Bytes;
use jiff::Timestamp;

use crate::checksum::{Algorithm, ChecksumType};
use crate::request::Encoding;
use crate::xml::{Owner, Writer};

const ENTRY_BYTES: usize = 448;

/// A version or delete marker in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedVersion<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The version; `null` for the one without an id.
    pub version_id: &'a str,
    /// Whether it is the current one.
    pub is_latest: bool,
    /// The modification time.
    pub last_modified: Timestamp,
    /// The owner.
    pub owner: Option<Owner<'a>>,
    /// The object of the version; `None` for a delete marker.
    pub object: Option<VersionedObject<'a>>,
}

/// The properties of a version that a delete marker does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionedObject<'a> {
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// The size in bytes.
    pub size: u64,
    /// The storage class by name.
    pub storage_class: &'a str,
    /// The checksum's algorithm and type, if there is one.
    pub checksum: Option<(Algorithm, ChecksumType)>,
}

impl ListedVersion<'_> {
    fn write(&self, writer: &mut Writer, encoding: Encoding) {
        let name = if self.object.is_some() { "Version" } else { "DeleteMarker" };
        writer.open(name);
        writer.key("Key", self.key, encoding);
        writer.text("VersionId", self.version_id);
        writer.flag("IsLatest", self.is_latest);
        writer.time("LastModified", self.last_modified);
        if let Some(object) = self.object {
            writer.etag(object.etag);
            if let Some((algorithm, kind)) = object.checksum {
                writer.text("ChecksumAlgorithm", algorithm.name());
                writer.checksum_type(Some(kind));
            }
            writer.number("Size", object.size);
            writer.text("StorageClass", object.storage_class);
        }
        if let Some(owner) = self.owner {
            writer.owner("Owner", owner);
        }
        writer.close(name);
    }
}

/// The response of `ListObjectVersions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListVersionsResult<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The value in the request.
    pub prefix: &'a [u8],
    /// The value in the request.
    pub delimiter: Option<&'a [u8]>,
    /// The value in the request.
    pub key_marker: &'a [u8],
    /// The value in the request.
    pub version_id_marker: &'a str,
    /// The value in the request.
    pub max_keys: u32,
    /// The value in the request.
    pub encoding: Encoding,
    /// Whether there are more; then there must be a next key marker.
    pub is_truncated: bool,
    /// The last key or common prefix.
    pub next_key_marker: Option<&'a [u8]>,
    /// The last version; `None` after a common prefix.
    pub next_version_id_marker: Option<&'a str>,
    /// Versions and delete markers, by key and then newest first.
    pub versions: &'a [ListedVersion<'a>],
    /// The common prefixes, in byte order.
    pub common_prefixes: &'a [&'a [u8]],
}

impl ListVersionsResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let room: usize = self.versions.iter().map(|version| version.key.len() + ENTRY_BYTES).sum();
        let mut writer = Writer::root("ListVersionsResult", room + self.common_prefixes.len() * 128 + 512);
        writer.text("Name", self.bucket);
        writer.key("Prefix", self.prefix, self.encoding);
        writer.key("KeyMarker", self.key_marker, self.encoding);
        writer.text("VersionIdMarker", self.version_id_marker);
        if self.is_truncated {
            writer.optional_key("NextKeyMarker", self.next_key_marker, self.encoding);
            writer.optional("NextVersionIdMarker", self.next_version_id_marker);
        }
        writer.number("MaxKeys", u64::from(self.max_keys));
        writer.optional_key("Delimiter", self.delimiter, self.encoding);
        writer.encoding_type(self.encoding);
        writer.flag("IsTruncated", self.is_truncated);
        for version in self.versions {
            version.write(&mut writer, self.encoding);
        }
        writer.common_prefixes(self.common_prefixes, self.encoding);
        writer.end("ListVersionsResult")
    }
}
