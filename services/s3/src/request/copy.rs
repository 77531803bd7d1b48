//! `CopyObject`, and the source that `UploadPartCopy` also has.

use crate::address::{validate_bucket, validate_key};
use crate::checksum::Algorithm;
use crate::condition::{Conditions, WriteConditions};
use crate::encoding::{self, Plus};
use crate::error::Error;
use crate::request::{CustomerKey, Head, Metadata, NewEncryption, StorageClass};
use crate::tags::Tags;

/// The source of a copy, from `x-amz-copy-source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopySource {
    /// A valid bucket name.
    pub bucket: String,
    /// The key, decoded once.
    pub key: Vec<u8>,
    /// The version, `null` included.
    pub version_id: Option<String>,
}

impl CopySource {
    /// Parses `/bucket/key?versionId=id`. The leading slash is optional, and the value is decoded once, as in S3: `+`
    /// is a space, because the URL encoders of Java and Go write spaces that way, and `%2B` is a plus sign. A `?` that
    /// does not start `?versionId=` belongs to the key.
    ///
    /// # Errors
    /// `InvalidArgument`, `KeyTooLongError`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refused = |message| move || Error::invalid_argument(message, "x-amz-copy-source", text);
        let no_encoding = refused("Invalid copy source encoding");
        let no_bucket = refused("Invalid copy source bucket name");
        let no_key = refused("Invalid copy source object key");
        let decode = |raw: &str| {
            encoding::decode(raw.as_bytes(), Plus::Space).map(std::borrow::Cow::into_owned).ok_or_else(no_encoding)
        };
        let (path, version_id) = match text.rsplit_once("?versionId=") {
            Some((path, version)) => (path, Some(String::from_utf8(decode(version)?).map_err(|_| no_encoding())?)),
            None => (text, None),
        };
        if version_id.as_ref().is_some_and(String::is_empty) {
            return Err(Error::invalid_argument("Version id cannot be the empty string", "x-amz-copy-source", text));
        }
        let path = decode(path)?;
        let path = path.strip_prefix(b"/").unwrap_or(&path);
        let slash = path.iter().position(|&byte| byte == b'/').ok_or_else(no_key)?;
        let (bucket, key) = (&path[..slash], &path[slash + 1..]);
        if key.is_empty() {
            return Err(no_key());
        }
        let bucket = std::str::from_utf8(bucket).map_err(|_| no_bucket())?;
        validate_bucket(bucket).map_err(|_| no_bucket())?;
        validate_key(key)?;
        Ok(Self { bucket: bucket.to_owned(), key: key.to_vec(), version_id })
    }

    pub(crate) fn from_head(head: &Head<'_>) -> Result<Self, Error> {
        let text = head.text("x-amz-copy-source")?;
        text.map_or_else(
            || Err(Error::invalid_argument("Copy Source is missing", "x-amz-copy-source", "")),
            Self::parse,
        )
    }
}

/// Whether the target gets a value from the source or from the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Directive {
    /// From the source.
    #[default]
    Copy,
    /// From the request.
    Replace,
}

impl Directive {
    fn parse(head: &Head<'_>, name: &'static str) -> Result<Self, Error> {
        match head.text(name)? {
            None | Some("COPY") => Ok(Self::Copy),
            Some("REPLACE") => Ok(Self::Replace),
            Some(other) => Err(Error::invalid_argument("Unknown directive", name, other)),
        }
    }
}

/// `CopyObject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyObject {
    /// The source of the copy.
    pub source: CopySource,
    /// Conditions on the source.
    pub source_conditions: Conditions,
    /// Conditions on the target.
    pub conditions: WriteConditions,
    /// Whether the target gets the source's metadata or the request's.
    pub metadata_directive: Directive,
    /// Whether the target gets the source's tags or the request's.
    pub tagging_directive: Directive,
    /// The metadata of the request; used if the directive says so.
    pub metadata: Metadata,
    /// The tags of the request; likewise.
    pub tags: Tags,
    /// The class of the target; `STANDARD` if absent, whatever the source has.
    pub storage_class: Option<StorageClass>,
    /// The encryption of the target, if the request specifies it.
    pub encryption: Option<NewEncryption>,
    /// The key of a source that is encrypted with SSE-C.
    pub source_key: Option<CustomerKey>,
    /// The checksum to compute for the target.
    pub checksum_algorithm: Option<Algorithm>,
}

impl CopyObject {
    /// # Errors
    /// Those of the parts; see [`CopySource::parse`], [`Conditions::parse`] and [`Metadata::parse`].
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Ok(Self {
            source: CopySource::from_head(head)?,
            source_conditions: Conditions::parse_copy_source(head)?,
            conditions: WriteConditions::parse(head)?,
            metadata_directive: Directive::parse(head, "x-amz-metadata-directive")?,
            tagging_directive: Directive::parse(head, "x-amz-tagging-directive")?,
            metadata: Metadata::parse(head)?,
            tags: head.tags()?,
            storage_class: StorageClass::parse(head)?,
            encryption: NewEncryption::parse(head)?,
            source_key: CustomerKey::parse_copy_source(head)?,
            checksum_algorithm: Algorithm::from_head(head)?,
        })
    }

    /// Whether the copy of an object onto itself would change nothing, which S3 refuses. The caller knows whether
    /// source and target are the same object.
    pub fn changes_nothing_in_place(&self) -> bool {
        self.source.version_id.is_none()
            && self.metadata_directive == Directive::Copy
            && self.tagging_directive == Directive::Copy
            && self.storage_class.is_none()
            && self.checksum_algorithm.is_none()
            && self.encryption.is_none()
    }
}
