//! The response of `GetObjectAttributes`.

use bytes::Bytes;

use crate::checksum::{Checksum, ChecksumType};
use crate::xml::Writer;

/// A part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectPart {
    /// 1 to 10,000.
    pub number: u16,
    /// The size in bytes.
    pub size: u64,
    /// The checksum, if there is one.
    pub checksum: Option<Checksum>,
}

/// A page of an object's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectParts<'a> {
    /// The number of all parts.
    pub total: u32,
    /// The value in the request.
    pub part_number_marker: u16,
    /// The value in the request.
    pub max_parts: u32,
    /// The last part of the page; 0 for an empty one. S3 also sends it on the last page.
    pub next_part_number_marker: u16,
    /// Whether there are more.
    pub is_truncated: bool,
    /// The parts of the page, by number.
    pub parts: &'a [ObjectPart],
}

/// The response of `GetObjectAttributes`: the requested attributes that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GetObjectAttributesOutput<'a> {
    /// The entity tag, without quotes in the document too.
    pub etag: Option<&'a str>,
    /// The checksum and its scope.
    pub checksum: Option<(Checksum, ChecksumType)>,
    /// The parts, if the object has any.
    pub object_parts: Option<ObjectParts<'a>>,
    /// The storage class by name.
    pub storage_class: Option<&'a str>,
    /// The size in bytes.
    pub object_size: Option<u64>,
}

impl GetObjectAttributesOutput<'_> {
    /// The document.
    pub fn to_xml(&self) -> Bytes {
        let room = self.object_parts.map_or(0, |page| page.parts.len() * 160);
        let mut writer = Writer::root("GetObjectAttributesResponse", 512 + room);
        writer.optional("ETag", self.etag);
        if let Some((checksum, kind)) = &self.checksum {
            writer.open("Checksum");
            writer.checksum(Some(checksum));
            writer.checksum_type(Some(*kind));
            writer.close("Checksum");
        }
        if let Some(page) = &self.object_parts {
            page.write(&mut writer);
        }
        writer.optional("StorageClass", self.storage_class);
        if let Some(size) = self.object_size {
            writer.number("ObjectSize", size);
        }
        writer.end("GetObjectAttributesResponse")
    }
}

impl ObjectParts<'_> {
    fn write(&self, writer: &mut Writer) {
        writer.open("ObjectParts");
        // On the wire the SDKs' `TotalPartsCount` has this name.
        writer.number("PartsCount", u64::from(self.total));
        writer.number("PartNumberMarker", u64::from(self.part_number_marker));
        writer.number("NextPartNumberMarker", u64::from(self.next_part_number_marker));
        writer.number("MaxParts", u64::from(self.max_parts));
        writer.flag("IsTruncated", self.is_truncated);
        for part in self.parts {
            writer.open("Part");
            writer.number("PartNumber", u64::from(part.number));
            writer.number("Size", part.size);
            writer.checksum(part.checksum.as_ref());
            writer.close("Part");
        }
        writer.close("ObjectParts");
    }
}
