//! The answers of copies.

use bytes::Bytes;
use jiff::Timestamp;

use crate::checksum::{Checksum, ChecksumType};
use crate::xml::Writer;

/// The answer of `CopyObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyObjectResult<'a> {
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// When the target was written.
    pub last_modified: Timestamp,
    /// The checksum, if there is one.
    pub checksum: Option<&'a Checksum>,
    /// Its type.
    pub checksum_type: Option<ChecksumType>,
}

impl CopyObjectResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("CopyObjectResult", 256);
        writer.time("LastModified", self.last_modified);
        writer.etag(self.etag);
        writer.checksum_type(self.checksum_type);
        writer.checksum(self.checksum);
        writer.end("CopyObjectResult")
    }
}

/// The answer of `UploadPartCopy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyPartResult<'a> {
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// When the part was written.
    pub last_modified: Timestamp,
    /// The checksum, if there is one.
    pub checksum: Option<&'a Checksum>,
}

impl CopyPartResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("CopyPartResult", 256);
        writer.time("LastModified", self.last_modified);
        writer.etag(self.etag);
        writer.checksum(self.checksum);
        writer.end("CopyPartResult")
    }
}
