//! `GetObjectAttributes`.

use crate::error::Error;
use crate::header;
use crate::request::encryption::refuse_on_read;
use crate::request::{CustomerKey, ENTRIES_MAX, Head};

/// The attributes of an object that a request can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are S3's five attributes, asked for one by one")]
pub struct ObjectAttributes {
    /// The entity tag.
    pub etag: bool,
    /// The checksum.
    pub checksum: bool,
    /// The parts.
    pub object_parts: bool,
    /// The storage class.
    pub storage_class: bool,
    /// The size in bytes.
    pub object_size: bool,
}

/// `GetObjectAttributes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetObjectAttributes {
    /// The version, `null` included.
    pub version_id: Option<String>,
    /// The requested attributes, at least one.
    pub wanted: ObjectAttributes,
    /// The maximum number of parts, 0 to [`ENTRIES_MAX`].
    pub max_parts: u32,
    /// Only parts after this number; 0 for all.
    pub part_number_marker: u16,
    /// The key of an object that is encrypted with SSE-C.
    pub customer_key: Option<CustomerKey>,
}

/// The header with the names.
const NAMES: &str = "x-amz-object-attributes";

impl GetObjectAttributes {
    /// # Errors `InvalidArgument` for unknown names, for an empty list, and for malformed numbers.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        refuse_on_read(head)?;
        let max_parts = match head.number("x-amz-max-parts")? {
            None => ENTRIES_MAX,
            Some(number) => u32::try_from(number).unwrap_or(ENTRIES_MAX).min(ENTRIES_MAX),
        };
        let part_number_marker = match head.text("x-amz-part-number-marker")?.filter(|text| !text.is_empty()) {
            None => 0,
            Some(text) => header::decimal(text).and_then(|number| u16::try_from(number).ok()).ok_or_else(|| {
                Error::invalid_argument(
                    "x-amz-part-number-marker must be a part number",
                    "x-amz-part-number-marker",
                    text,
                )
            })?,
        };
        let customer_key = CustomerKey::parse(head)?;
        let wanted = wanted(head)?;
        Ok(Self { version_id: head.version_id()?, wanted, max_parts, part_number_marker, customer_key })
    }
}

/// The requested attributes: one list, or a header line for each, as some SDKs send them.
fn wanted(head: &Head<'_>) -> Result<ObjectAttributes, Error> {
    let lines: Vec<String> = if head.headers().contains_key(NAMES) {
        head.headers().get_all(NAMES).iter().map(header::to_text).collect()
    } else {
        head.text(NAMES)?.map(str::to_owned).into_iter().collect()
    };
    let mut wanted = ObjectAttributes::default();
    for name in lines.iter().flat_map(|line| line.split(',')).map(str::trim).filter(|name| !name.is_empty()) {
        let attribute = match name {
            "ETag" => &mut wanted.etag,
            "Checksum" => &mut wanted.checksum,
            "ObjectParts" => &mut wanted.object_parts,
            "StorageClass" => &mut wanted.storage_class,
            "ObjectSize" => &mut wanted.object_size,
            other => return Err(Error::invalid_argument("Invalid attribute name specified.", NAMES, other)),
        };
        *attribute = true;
    }
    if wanted == ObjectAttributes::default() {
        let message =
            "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty";
        return Err(Error::invalid_argument(message, NAMES, ""));
    }
    Ok(wanted)
}
