//! Typed requests, parsed from the headers and the query string.
//!
//! Every request has a `parse(&Head)` that checks everything that can be checked without state.

mod attributes;
mod bucket;
mod content;
mod copy;
mod delete;
mod encryption;
mod get;
mod guard;
mod list;
mod metadata;
mod multipart;
mod rename;
mod upload;

pub use attributes::{GetObjectAttributes, ObjectAttributes};
pub use bucket::{BUCKETS_MAX, ListBuckets};
pub use content::{DocumentBody, Payload};
pub use copy::{CopyObject, CopySource, Directive};
pub use delete::DeleteObject;
pub use encryption::{
    AES256, AWS_KMS, BUCKET_KEY_ENABLED, CUSTOMER_ALGORITHM, CUSTOMER_KEY_BYTES, CUSTOMER_KEY_MD5, CustomerKey,
    ENCRYPTION, KMS_KEY_ID, NewEncryption,
};
pub use get::GetObject;
pub(crate) use get::RESPONSE_OVERRIDES;
pub use list::{Encoding, KEYS_MAX, ListObjectVersions, ListObjects, ListObjectsV2};
pub use metadata::{METADATA_BYTES_MAX, Metadata, StorageClass};
pub use multipart::{
    AbortMultipartUpload, CompleteMultipartUpload, CreateMultipartUpload, ENTRIES_MAX, ListMultipartUploads, ListParts,
    PART_NUMBER_MAX, UploadPart, UploadPartCopy,
};
pub use rename::RenameObject;
pub use upload::PutObject;

use http::HeaderMap;

use crate::error::Error;
use crate::header;
use crate::query::Query;

/// The headers and the query string of a request, read together.
///
/// A presigned URL may carry an `x-amz-*` header as a query parameter ("hoisted"); the signature covers both places
/// alike. A header takes precedence over a parameter.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    headers: &'a HeaderMap,
    query: &'a Query<'a>,
}

impl<'a> Head<'a> {
    /// Borrows both.
    pub fn new(headers: &'a HeaderMap, query: &'a Query<'a>) -> Self {
        Self { headers, query }
    }

    /// The headers.
    pub fn headers(&self) -> &'a HeaderMap {
        self.headers
    }

    /// The query string.
    pub fn query(&self) -> &'a Query<'a> {
        self.query
    }

    /// A header, or the parameter it was hoisted into. `name` in lower case.
    ///
    /// # Errors
    /// `InvalidArgument` if it is repeated or not visible ASCII.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Error> {
        match header::single(self.headers, name)? {
            Some(value) => Ok(Some(value)),
            None if name.starts_with("x-amz-") => self.query.hoisted(name),
            None => Ok(None),
        }
    }

    /// Whether the name of any header or hoisted header begins with `root`, in lower case.
    pub(crate) fn has_any(&self, root: &str) -> bool {
        let begins =
            |name: &[u8]| name.get(..root.len()).is_some_and(|name| name.eq_ignore_ascii_case(root.as_bytes()));
        self.headers.keys().any(|name| begins(name.as_str().as_bytes()))
            || self.query.iter().any(|parameter| begins(&parameter.name))
    }

    /// A header with a whole number.
    ///
    /// # Errors
    /// `InvalidArgument` for any other value.
    pub fn number(&self, name: &'static str) -> Result<Option<u64>, Error> {
        self.text(name)?
            .map(|text| {
                header::decimal(text)
                    .ok_or_else(|| Error::invalid_argument("The header must be a whole number", name, text))
            })
            .transpose()
    }

    /// `x-amz-expected-bucket-owner`: if the bucket has another owner, the response is `AccessDenied`.
    ///
    /// # Errors
    /// `InvalidArgument` if it is repeated.
    pub fn expected_bucket_owner(&self) -> Result<Option<&'a str>, Error> {
        self.text("x-amz-expected-bucket-owner")
    }

    /// `x-amz-source-expected-bucket-owner` of a copy.
    ///
    /// # Errors
    /// `InvalidArgument` if it is repeated.
    pub fn expected_source_bucket_owner(&self) -> Result<Option<&'a str>, Error> {
        self.text("x-amz-source-expected-bucket-owner")
    }

    /// A number in the query string, limited to `max`. S3 parses it as a signed 32-bit number; an empty value counts as
    /// absent.
    pub(crate) fn limit(&self, name: &'static str, max: u32) -> Result<u32, Error> {
        let Some(value) = self.int32(name)? else { return Ok(max) };
        match u32::try_from(value) {
            Ok(value) => Ok(value.min(max)),
            Err(_) => Err(Error::invalid_argument(
                format!("Argument {name} must be an integer between 0 and {}", i32::MAX),
                name,
                value.to_string(),
            )),
        }
    }

    /// A whole number in the query string; an empty value counts as absent.
    pub(crate) fn int32(&self, name: &'static str) -> Result<Option<i32>, Error> {
        let Some(text) = self.query.text(name)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
        let value = header::decimal(digits).and_then(|value| i64::try_from(value).ok());
        match value.and_then(|value| i32::try_from(sign * value).ok()) {
            Some(value) => Ok(Some(value)),
            None => Err(Error::invalid_argument(
                format!("Provided {name} not an integer or within integer range"),
                name,
                text,
            )),
        }
    }

    /// A parameter as owned bytes; an empty value counts as absent.
    pub(crate) fn parameter_bytes(&self, name: &'static str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.query.bytes(name)?.filter(|value| !value.is_empty()).map(<[u8]>::to_vec))
    }

    /// A parameter as owned text; an empty value counts as absent.
    pub(crate) fn parameter_text(&self, name: &'static str) -> Result<Option<String>, Error> {
        Ok(self.query.text(name)?.filter(|value| !value.is_empty()).map(str::to_owned))
    }

    /// `versionId`, opaque here; `null` names the version without an id.
    ///
    /// # Errors
    /// `InvalidArgument` if it is empty or repeated.
    pub fn version_id(&self) -> Result<Option<String>, Error> {
        match self.query.text("versionId")? {
            Some("") => Err(Error::invalid_argument("Version id cannot be the empty string", "versionId", "")),
            other => Ok(other.map(str::to_owned)),
        }
    }
}
