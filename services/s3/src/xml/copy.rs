//! The responses of copies.

use bytes::Bytes;
use jiff::Timestamp;

use crate::checksum::{Checksum, ChecksumType};
use crate::xml::Writer;

/// The response of `CopyObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyObjectResult<'a> {
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// The modification time of the target.
    pub last_modified: Timestamp,
    /// The checksum, if there is one.
    pub checksum: Option<&'a Checksum>,
    /// The scope of the checksum.
    pub checksum_type: Option<ChecksumType>,
}

impl CopyObjectResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        copied("CopyObjectResult", self.etag, self.last_modified, self.checksum, self.checksum_type)
    }
}

/// The response of `UploadPartCopy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyPartResult<'a> {
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// The modification time of the part.
    pub last_modified: Timestamp,
    /// The checksum, if there is one.
    pub checksum: Option<&'a Checksum>,
}

impl CopyPartResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        copied("CopyPartResult", self.etag, self.last_modified, self.checksum, None)
    }
}

/// The elements of both responses; only an object has a checksum type.
fn copied(
    root: &str,
    etag: &str,
    last_modified: Timestamp,
    checksum: Option<&Checksum>,
    kind: Option<ChecksumType>,
) -> Bytes {
    let mut writer = Writer::root(root, 256);
    writer.time("LastModified", last_modified);
    writer.etag(etag);
    writer.checksum_type(kind);
    writer.checksum(checksum);
    writer.end(root)
}
