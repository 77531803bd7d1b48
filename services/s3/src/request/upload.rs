//! `PutObject`.

use crate::condition::WriteConditions;
use crate::error::Error;
use crate::request::{Head, Metadata, NewEncryption, Payload, StorageClass};
use crate::tags::Tags;

/// The header with the offset of an append.
pub(crate) const WRITE_OFFSET: &str = "x-amz-write-offset-bytes";

/// The head of `PutObject`; the body is object data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PutObject {
    /// The metadata of the object.
    pub metadata: Metadata,
    /// `x-amz-storage-class`, `STANDARD` if absent.
    pub storage_class: StorageClass,
    /// `If-Match` and `If-None-Match`.
    pub conditions: WriteConditions,
    /// The tags of the future object.
    pub tags: Tags,
    /// The encryption of the object, if the request specifies it.
    pub encryption: Option<NewEncryption>,
    /// `x-amz-write-offset-bytes`: the bytes are appended to the object, which must have this size.
    pub write_offset: Option<u64>,
    /// Lengths and checksums.
    pub payload: Payload,
}

impl PutObject {
    /// # Errors
    /// Those of the parts; see [`Metadata::parse`], [`WriteConditions::parse`] and [`Payload::parse`].
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self {
            metadata: Metadata::parse(head)?,
            storage_class: StorageClass::parse(head)?.unwrap_or_default(),
            conditions: WriteConditions::parse(head)?,
            tags: head.tags()?,
            encryption: NewEncryption::parse(head)?,
            write_offset: head.number(WRITE_OFFSET)?,
            payload: Payload::parse(head)?,
        })
    }
}
