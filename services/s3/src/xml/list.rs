//! The listings of objects, versions 1 and 2.

use bytes::Bytes;
use jiff::Timestamp;

use crate::checksum::{Algorithm, ChecksumType};
use crate::request::Encoding;
use crate::xml::{Owner, Writer};

/// Bytes to reserve for an entry besides its key, so that a listing of a thousand does not grow its buffer.
const ENTRY_BYTES: usize = 320;

/// An object in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedObject<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The modification time.
    pub last_modified: Timestamp,
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// The size in bytes.
    pub size: u64,
    /// The storage class by name.
    pub storage_class: &'a str,
    /// Returned in version 1, and in version 2 if requested.
    pub owner: Option<Owner<'a>>,
    /// The checksum's algorithm and type, if there is one.
    pub checksum: Option<(Algorithm, ChecksumType)>,
}

fn object(writer: &mut Writer, object: &ListedObject<'_>, encoding: Encoding) {
    writer.open("Contents");
    writer.key("Key", object.key, encoding);
    writer.time("LastModified", object.last_modified);
    writer.etag(object.etag);
    if let Some((algorithm, kind)) = object.checksum {
        writer.text("ChecksumAlgorithm", algorithm.name());
        writer.checksum_type(Some(kind));
    }
    writer.number("Size", object.size);
    if let Some(owner) = object.owner {
        writer.owner("Owner", owner);
    }
    writer.text("StorageClass", object.storage_class);
    writer.close("Contents");
}

fn room(objects: &[ListedObject<'_>], prefixes: &[&[u8]]) -> usize {
    let keys: usize = objects.iter().map(|object| object.key.len() + ENTRY_BYTES).sum();
    keys + prefixes.iter().map(|prefix| prefix.len() + 64).sum::<usize>() + 512
}

/// The response of `ListObjects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListBucketResult<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The value in the request.
    pub prefix: &'a [u8],
    /// The value in the request.
    pub delimiter: Option<&'a [u8]>,
    /// The value in the request.
    pub marker: &'a [u8],
    /// The value in the request.
    pub max_keys: u32,
    /// The value in the request.
    pub encoding: Encoding,
    /// Whether there are more.
    pub is_truncated: bool,
    /// The last key or common prefix, if there are more. S3 sends it only with a delimiter; it does no harm without
    /// one.
    pub next_marker: Option<&'a [u8]>,
    /// The objects, in byte order of their keys.
    pub objects: &'a [ListedObject<'a>],
    /// The common prefixes, in byte order.
    pub common_prefixes: &'a [&'a [u8]],
}

impl ListBucketResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("ListBucketResult", room(self.objects, self.common_prefixes));
        writer.text("Name", self.bucket);
        writer.echoed_prefix(self.prefix, self.encoding);
        writer.key("Marker", self.marker, self.encoding);
        if self.is_truncated {
            writer.optional_key("NextMarker", self.next_marker, self.encoding);
        }
        writer.number("MaxKeys", u64::from(self.max_keys));
        writer.optional_key("Delimiter", self.delimiter, self.encoding);
        writer.encoding_type(self.encoding);
        writer.flag("IsTruncated", self.is_truncated);
        for entry in self.objects {
            object(&mut writer, entry, self.encoding);
        }
        writer.common_prefixes(self.common_prefixes, self.encoding);
        writer.end("ListBucketResult")
    }
}

/// The response of `ListObjectsV2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListBucketResultV2<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The value in the request.
    pub prefix: &'a [u8],
    /// The value in the request.
    pub delimiter: Option<&'a [u8]>,
    /// The value in the request.
    pub max_keys: u32,
    /// The value in the request.
    pub encoding: Encoding,
    /// The value in the request.
    pub start_after: Option<&'a [u8]>,
    /// The value in the request.
    pub continuation_token: Option<&'a str>,
    /// The token for the next page, if there is one; see [`crate::xml::ContinuationToken`].
    pub next_continuation_token: Option<&'a str>,
    /// The objects, in byte order of their keys.
    pub objects: &'a [ListedObject<'a>],
    /// The common prefixes, in byte order.
    pub common_prefixes: &'a [&'a [u8]],
}

impl ListBucketResultV2<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("ListBucketResult", room(self.objects, self.common_prefixes));
        writer.text("Name", self.bucket);
        writer.key("Prefix", self.prefix, self.encoding);
        writer.optional_key("StartAfter", self.start_after, self.encoding);
        writer.optional("ContinuationToken", self.continuation_token);
        writer.optional("NextContinuationToken", self.next_continuation_token);
        writer.number("KeyCount", (self.objects.len() + self.common_prefixes.len()) as u64);
        writer.number("MaxKeys", u64::from(self.max_keys));
        writer.optional_key("Delimiter", self.delimiter, self.encoding);
        writer.encoding_type(self.encoding);
        writer.flag("IsTruncated", self.next_continuation_token.is_some());
        for entry in self.objects {
            object(&mut writer, entry, self.encoding);
        }
        writer.common_prefixes(self.common_prefixes, self.encoding);
        writer.end("ListBucketResult")
    }
}
