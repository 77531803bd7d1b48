//! The answer of `GetObjectAttributes`.

use bytes::Bytes;

use crate::checksum::{Checksum, ChecksumType};
use crate::xml::Writer;

/// A part of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectPart {
    /// 1 to 10,000.
    pub number: u16,
    /// Bytes.
    pub size: u64,
    /// The checksum, if there is one.
    pub checksum: Option<Checksum>,
}

/// A page of the parts an object was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectParts<'a> {
    /// The number of all parts.
    pub total: u32,
    /// The value in the request.
    pub part_number_marker: u16,
    /// The value in the request.
    pub max_parts: u32,
    /// The last part of the page; 0 for an empty one. S3 sends it whether or not there are more.
    pub next_part_number_marker: u16,
    /// Whether there are more.
    pub is_truncated: bool,
    /// The parts of the page, by number.
    pub parts: &'a [ObjectPart],
}

/// The answer of `GetObjectAttributes`: what was asked for, of what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GetObjectAttributesOutput<'a> {
    /// The entity tag without quotes, and so it is shown.
    pub etag: Option<&'a str>,
    /// The checksum and what it covers.
    pub checksum: Option<(Checksum, ChecksumType)>,
    /// The parts, of an object that has some.
    pub object_parts: Option<ObjectParts<'a>>,
    /// The storage class by name.
    pub storage_class: Option<&'a str>,
    /// Bytes.
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
        // The SDKs' TotalPartsCount is spelled so on the wire.
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
