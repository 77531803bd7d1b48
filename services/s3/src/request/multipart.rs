//! The requests of multipart uploads.

use crate::checksum::{Algorithm, Checksum, ChecksumType};
use crate::condition::{Conditions, WriteConditions};
use crate::error::{Code, Error};
use crate::header;
use crate::range::Range;
use crate::request::{CopySource, CustomerKey, Encoding, Head, Metadata, NewEncryption, Payload, StorageClass};
use crate::tags::Tags;

/// The highest part number; the lowest is 1.
pub const PART_NUMBER_MAX: u16 = 10_000;
/// The maximum number of uploads or parts in one page.
pub const ENTRIES_MAX: u32 = 1000;

/// The `partNumber` parameter.
pub(crate) fn part_number(head: &Head<'_>) -> Result<Option<u16>, Error> {
    let Some(text) = head.query().text("partNumber")? else { return Ok(None) };
    match header::decimal(text).and_then(|number| u16::try_from(number).ok()) {
        Some(number @ 1..=PART_NUMBER_MAX) => Ok(Some(number)),
        _ => Err(Error::invalid_argument(
            format!("Part number must be an integer between 1 and {PART_NUMBER_MAX}, inclusive"),
            "partNumber",
            text,
        )),
    }
}

fn required_part_number(head: &Head<'_>) -> Result<u16, Error> {
    part_number(head)?.ok_or_else(|| Error::invalid_argument("This operation needs a partNumber", "partNumber", ""))
}

fn upload_id(head: &Head<'_>) -> Result<String, Error> {
    match head.query().text("uploadId")? {
        Some(id) if !id.is_empty() => Ok(id.to_owned()),
        Some(_) => Err(Error::new(Code::NoSuchUpload)),
        None => Err(Error::invalid_argument("This operation needs an uploadId", "uploadId", "")),
    }
}

/// `CreateMultipartUpload`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CreateMultipartUpload {
    /// The metadata of the object.
    pub metadata: Metadata,
    /// `x-amz-storage-class`, `STANDARD` if absent.
    pub storage_class: StorageClass,
    /// The tags of the future object.
    pub tags: Tags,
    /// The encryption of the object, if the request specifies it.
    pub encryption: Option<NewEncryption>,
    /// The checksum algorithm of the parts.
    pub checksum_algorithm: Option<Algorithm>,
    /// The scope of the object's checksum; set whenever there is an algorithm.
    pub checksum_type: Option<ChecksumType>,
}

impl CreateMultipartUpload {
    /// # Errors `InvalidRequest` for a type that the algorithm does not support.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let checksum_algorithm = Algorithm::from_head(head)?;
        let asked = ChecksumType::parse(head)?;
        let checksum_type = match (checksum_algorithm, asked) {
            (None, Some(_)) => {
                return Err(Error::invalid_request(
                    "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
                ));
            }
            (None, None) => None,
            (Some(algorithm), None) => Some(algorithm.default_type()),
            (Some(algorithm), Some(asked)) if algorithm.supports(asked) => Some(asked),
            (Some(algorithm), Some(asked)) => {
                return Err(Error::invalid_request(format!(
                    "The {} checksum type cannot be used with the {} checksum algorithm.",
                    asked.name(),
                    algorithm.lower_name(),
                )));
            }
        };
        Ok(Self {
            metadata: Metadata::parse(head)?,
            storage_class: StorageClass::parse(head)?.unwrap_or_default(),
            tags: head.tags()?,
            encryption: NewEncryption::parse(head)?,
            checksum_algorithm,
            checksum_type,
        })
    }
}

/// `UploadPart`; the body is object data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPart {
    /// 1 to [`PART_NUMBER_MAX`].
    pub part_number: u16,
    /// The upload.
    pub upload_id: String,
    /// The key of an upload that was created with SSE-C.
    pub customer_key: Option<CustomerKey>,
    /// Lengths and checksums.
    pub payload: Payload,
}

impl UploadPart {
    /// # Errors
    /// `InvalidArgument`, and those of [`Payload::parse`].
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self {
            part_number: required_part_number(head)?,
            upload_id: upload_id(head)?,
            customer_key: CustomerKey::parse(head)?,
            payload: Payload::parse(head)?,
        })
    }
}

/// `UploadPartCopy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPartCopy {
    /// 1 to [`PART_NUMBER_MAX`].
    pub part_number: u16,
    /// The upload.
    pub upload_id: String,
    /// The source of the copy.
    pub source: CopySource,
    /// The range of the source to copy; all of it if absent.
    pub range: Option<Range>,
    /// Conditions on the source.
    pub source_conditions: Conditions,
    /// The key of an upload that was created with SSE-C.
    pub customer_key: Option<CustomerKey>,
    /// The key of a source that is encrypted with SSE-C.
    pub source_key: Option<CustomerKey>,
}

impl UploadPartCopy {
    /// # Errors
    /// `InvalidArgument`, and those of [`CopySource::parse`].
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self {
            part_number: required_part_number(head)?,
            upload_id: upload_id(head)?,
            source: CopySource::from_head(head)?,
            range: head.text("x-amz-copy-source-range")?.map(Range::parse_copy_source).transpose()?,
            source_conditions: Conditions::parse_copy_source(head)?,
            customer_key: CustomerKey::parse(head)?,
            source_key: CustomerKey::parse_copy_source(head)?,
        })
    }
}

/// The head of `CompleteMultipartUpload`; the body is `xml::CompleteMultipartUpload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompleteMultipartUpload {
    /// The upload.
    pub upload_id: String,
    /// `If-Match` and `If-None-Match`.
    pub conditions: WriteConditions,
    /// The checksum that the client expects of the whole object.
    pub checksum: Option<Checksum>,
    /// The type of that checksum.
    pub checksum_type: Option<ChecksumType>,
    /// `x-amz-mp-object-size`: the size in bytes that the client expects of the whole object.
    pub object_size: Option<u64>,
    /// The key of an upload that was created with SSE-C.
    pub customer_key: Option<CustomerKey>,
}

impl CompleteMultipartUpload {
    /// # Errors
    /// `InvalidArgument`, `InvalidRequest`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self {
            upload_id: upload_id(head)?,
            conditions: WriteConditions::parse(head)?,
            checksum: Checksum::of_object_from_head(head)?,
            checksum_type: ChecksumType::parse(head)?,
            object_size: head.number("x-amz-mp-object-size")?,
            customer_key: CustomerKey::parse(head)?,
        })
    }
}

/// `AbortMultipartUpload`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbortMultipartUpload {
    /// The upload.
    pub upload_id: String,
}

impl AbortMultipartUpload {
    /// # Errors
    /// `InvalidArgument`; `NotImplemented` for the condition of directory buckets.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        if head.text("x-amz-if-match-initiated-time")?.is_some() {
            return Err(Error::not_implemented("the header x-amz-if-match-initiated-time"));
        }
        Ok(Self { upload_id: upload_id(head)? })
    }
}

/// `ListParts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListParts {
    /// The upload.
    pub upload_id: String,
    /// The maximum number of parts, 0 to [`ENTRIES_MAX`].
    pub max_parts: u32,
    /// Only parts after this number; 0 for all.
    pub part_number_marker: u32,
    /// The encoding of the key.
    pub encoding: Encoding,
}

impl ListParts {
    /// # Errors
    /// `InvalidArgument`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let marker = head.int32("part-number-marker")?.unwrap_or(0);
        let part_number_marker = u32::try_from(marker).map_err(|_| {
            Error::invalid_argument(
                format!("Argument part-number-marker must be an integer between 0 and {}", i32::MAX),
                "part-number-marker",
                marker.to_string(),
            )
        })?;
        Ok(Self {
            upload_id: upload_id(head)?,
            max_parts: head.limit("max-parts", ENTRIES_MAX)?,
            part_number_marker,
            encoding: Encoding::parse(head)?,
        })
    }
}

/// `ListMultipartUploads`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListMultipartUploads {
    /// The prefix of the keys.
    pub prefix: Vec<u8>,
    /// The delimiter: keys that contain it after the prefix are rolled up.
    pub delimiter: Option<Vec<u8>>,
    /// The key after which, or within which, to start.
    pub key_marker: Option<Vec<u8>>,
    /// The upload of `key_marker` to start after; ignored without a key marker.
    pub upload_id_marker: Option<String>,
    /// The maximum number of uploads, 0 to [`ENTRIES_MAX`].
    pub max_uploads: u32,
    /// The encoding of keys.
    pub encoding: Encoding,
}

impl ListMultipartUploads {
    /// # Errors
    /// `InvalidArgument`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let key_marker = head.parameter_bytes("key-marker")?;
        let upload_id_marker = head.parameter_text("upload-id-marker")?.filter(|_| key_marker.is_some());
        Ok(Self {
            prefix: head.parameter_bytes("prefix")?.unwrap_or_default(),
            delimiter: head.parameter_bytes("delimiter")?,
            key_marker,
            upload_id_marker,
            max_uploads: head.limit("max-uploads", ENTRIES_MAX)?,
            encoding: Encoding::parse(head)?,
        })
    }
}
