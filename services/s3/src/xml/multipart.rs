//! The other responses of multipart uploads.

use bytes::Bytes;
use jiff::Timestamp;

use crate::checksum::{Algorithm, Checksum, ChecksumType};
use crate::request::Encoding;
use crate::xml::{Owner, Writer};

/// The response of `CreateMultipartUpload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitiateMultipartUploadResult<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a [u8],
    /// The upload.
    pub upload_id: &'a str,
}

impl InitiateMultipartUploadResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("InitiateMultipartUploadResult", 256 + self.key.len());
        writer.text("Bucket", self.bucket);
        writer.key("Key", self.key, Encoding::Plain);
        writer.text("UploadId", self.upload_id);
        writer.end("InitiateMultipartUploadResult")
    }
}

/// A part in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedPart<'a> {
    /// 1 to 10,000.
    pub number: u16,
    /// The modification time.
    pub last_modified: Timestamp,
    /// The entity tag without quotes.
    pub etag: &'a str,
    /// The size in bytes.
    pub size: u64,
    /// The checksum, if there is one.
    pub checksum: Option<Checksum>,
}

/// The response of `ListParts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPartsResult<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a [u8],
    /// The upload.
    pub upload_id: &'a str,
    /// The value in the request.
    pub encoding: Encoding,
    /// The value in the request.
    pub part_number_marker: u32,
    /// The value in the request.
    pub max_parts: u32,
    /// The last part of the page; 0 for an empty one. S3 also sends it on the last page.
    pub next_part_number_marker: u16,
    /// Whether there are more.
    pub is_truncated: bool,
    /// The owner of the upload.
    pub owner: Owner<'a>,
    /// The initiator of the upload.
    pub initiator: Owner<'a>,
    /// The storage class by name.
    pub storage_class: &'a str,
    /// The checksum algorithm and type of the parts.
    pub checksum: Option<(Algorithm, ChecksumType)>,
    /// The parts, by number.
    pub parts: &'a [ListedPart<'a>],
}

impl ListPartsResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let mut writer = Writer::root("ListPartsResult", 1024 + self.key.len() + self.parts.len() * 256);
        writer.text("Bucket", self.bucket);
        writer.key("Key", self.key, self.encoding);
        writer.encoding_type(self.encoding);
        writer.text("UploadId", self.upload_id);
        writer.owner("Initiator", self.initiator);
        writer.owner("Owner", self.owner);
        writer.text("StorageClass", self.storage_class);
        writer.number("PartNumberMarker", u64::from(self.part_number_marker));
        writer.number("NextPartNumberMarker", u64::from(self.next_part_number_marker));
        writer.number("MaxParts", u64::from(self.max_parts));
        writer.flag("IsTruncated", self.is_truncated);
        if let Some((algorithm, kind)) = self.checksum {
            writer.text("ChecksumAlgorithm", algorithm.name());
            writer.checksum_type(Some(kind));
        }
        for part in self.parts {
            writer.open("Part");
            writer.number("PartNumber", u64::from(part.number));
            writer.time("LastModified", part.last_modified);
            writer.etag(part.etag);
            writer.number("Size", part.size);
            writer.checksum(part.checksum.as_ref());
            writer.close("Part");
        }
        writer.end("ListPartsResult")
    }
}

/// An upload in a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedUpload<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The upload.
    pub upload_id: &'a str,
    /// The time at which the upload was created.
    pub initiated: Timestamp,
    /// The owner of the upload.
    pub owner: Owner<'a>,
    /// The initiator of the upload.
    pub initiator: Owner<'a>,
    /// The storage class by name.
    pub storage_class: &'a str,
    /// The checksum algorithm and type of the parts.
    pub checksum: Option<(Algorithm, ChecksumType)>,
}

/// The response of `ListMultipartUploads`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListMultipartUploadsResult<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// The value in the request.
    pub prefix: &'a [u8],
    /// The value in the request.
    pub delimiter: Option<&'a [u8]>,
    /// The value in the request.
    pub key_marker: &'a [u8],
    /// The value in the request.
    pub upload_id_marker: &'a str,
    /// The value in the request.
    pub max_uploads: u32,
    /// The value in the request.
    pub encoding: Encoding,
    /// Whether there are more.
    pub is_truncated: bool,
    /// The last key or common prefix; empty if there is none. S3 also sends it on the last page.
    pub next_key_marker: &'a [u8],
    /// The last upload; empty after a common prefix. S3 also sends it on the last page.
    pub next_upload_id_marker: &'a str,
    /// The uploads, by key and then by time of creation.
    pub uploads: &'a [ListedUpload<'a>],
    /// The common prefixes, in byte order.
    pub common_prefixes: &'a [&'a [u8]],
}

impl ListMultipartUploadsResult<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let room: usize = self.uploads.iter().map(|upload| upload.key.len() + 512).sum();
        let mut writer = Writer::root("ListMultipartUploadsResult", 1024 + room);
        writer.text("Bucket", self.bucket);
        writer.key("KeyMarker", self.key_marker, self.encoding);
        writer.text("UploadIdMarker", self.upload_id_marker);
        writer.key("NextKeyMarker", self.next_key_marker, self.encoding);
        writer.text("NextUploadIdMarker", self.next_upload_id_marker);
        writer.optional_key("Delimiter", self.delimiter, self.encoding);
        writer.key("Prefix", self.prefix, self.encoding);
        writer.encoding_type(self.encoding);
        writer.number("MaxUploads", u64::from(self.max_uploads));
        writer.flag("IsTruncated", self.is_truncated);
        for upload in self.uploads {
            writer.open("Upload");
            writer.key("Key", upload.key, self.encoding);
            writer.text("UploadId", upload.upload_id);
            writer.owner("Initiator", upload.initiator);
            writer.owner("Owner", upload.owner);
            writer.text("StorageClass", upload.storage_class);
            writer.time("Initiated", upload.initiated);
            if let Some((algorithm, kind)) = upload.checksum {
                writer.text("ChecksumAlgorithm", algorithm.name());
                writer.checksum_type(Some(kind));
            }
            writer.close("Upload");
        }
        writer.common_prefixes(self.common_prefixes, self.encoding);
        writer.end("ListMultipartUploadsResult")
    }
}
