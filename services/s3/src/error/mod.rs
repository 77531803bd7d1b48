//! The errors of S3, as clients receive them.

mod code;

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;

pub use code::Code;

use crate::date;
use crate::xml::Writer;

/// An S3 error: the code, a message, and elements with details.
///
/// Boxed inside, so that a `Result` with it stays small.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    code: Code,
    message: Cow<'static, str>,
    details: Vec<(&'static str, String)>,
}

impl Error {
    /// An error with the default message of its code.
    pub fn new(code: Code) -> Self {
        Self::with_message(code, code.message())
    }

    /// An error with a message of its own.
    pub fn with_message(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), details: Vec::new() }))
    }

    /// Adds one element to the error document. `name` must be a plain XML element name.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.details.push((name, value.into()));
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The HTTP status of the code.
    pub fn status(&self) -> StatusCode {
        self.0.code.status()
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The further elements of the document, in order.
    pub fn details(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.details.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The error document. `resource` is the path as the client sent it; `request_id` must equal the `x-amz-request-id`
    /// header of the response.
    pub fn to_xml(&self, resource: &str, request_id: &str, host_id: &str) -> Bytes {
        let mut writer = Writer::document(512 + self.0.message.len());
        writer.open("Error");
        writer.text("Code", self.0.code.name());
        writer.text("Message", &self.0.message);
        for (name, value) in &self.0.details {
            writer.text(name, value);
        }
        writer.text("Resource", resource);
        writer.text("RequestId", request_id);
        writer.text("HostId", host_id);
        writer.close("Error");
        writer.finish()
    }
}

/// The error document of S3 Control.
impl Error {
    /// As [`Error::to_xml`], in the envelope of S3 Control.
    pub fn to_control_xml(&self, resource: &str, request_id: &str, host_id: &str) -> Bytes {
        let mut writer = Writer::document(512 + self.0.message.len());
        writer.open("ErrorResponse");
        writer.open("Error");
        writer.text("Code", self.0.code.name());
        writer.text("Message", &self.0.message);
        for (name, value) in &self.0.details {
            writer.text(name, value);
        }
        writer.text("Resource", resource);
        writer.close("Error");
        writer.text("RequestId", request_id);
        writer.text("HostId", host_id);
        writer.close("ErrorResponse");
        writer.finish()
    }
}

/// Errors with the elements that AWS returns.
impl Error {
    /// `NotImplemented` that names what is missing.
    pub fn not_implemented(what: impl fmt::Display) -> Self {
        Self::with_message(Code::NotImplemented, format!("{what} is not implemented"))
    }

    /// `InvalidArgument` with the argument's name and value.
    pub fn invalid_argument(
        message: impl Into<Cow<'static, str>>,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        Self::with_message(Code::InvalidArgument, message).detail("ArgumentName", name).detail("ArgumentValue", value)
    }

    /// `InvalidRequest` with a message.
    pub fn invalid_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_message(Code::InvalidRequest, message)
    }

    /// `AccessDenied` with a message.
    pub fn access_denied(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_message(Code::AccessDenied, message)
    }

    /// `MalformedXML` with the default message.
    pub fn malformed_xml() -> Self {
        Self::new(Code::MalformedXML)
    }

    /// `NoSuchBucket` with the bucket.
    pub fn no_such_bucket(bucket: &str) -> Self {
        Self::new(Code::NoSuchBucket).detail("BucketName", bucket)
    }

    /// `BucketAlreadyOwnedByYou` or `BucketAlreadyExists` with the bucket.
    pub fn bucket_exists(bucket: &str, is_yours: bool) -> Self {
        let code = if is_yours { Code::BucketAlreadyOwnedByYou } else { Code::BucketAlreadyExists };
        Self::new(code).detail("BucketName", bucket)
    }

    /// `NoSuchKey` with the key. Bytes that are not UTF-8 are shown as U+FFFD.
    pub fn no_such_key(key: &[u8]) -> Self {
        Self::new(Code::NoSuchKey).detail("Key", String::from_utf8_lossy(key))
    }

    /// `NoSuchVersion` with key and version.
    pub fn no_such_version(key: &[u8], version_id: &str) -> Self {
        Self::new(Code::NoSuchVersion).detail("Key", String::from_utf8_lossy(key)).detail("VersionId", version_id)
    }

    /// `NoSuchUpload` with the upload id.
    pub fn no_such_upload(upload_id: &str) -> Self {
        Self::new(Code::NoSuchUpload).detail("UploadId", upload_id)
    }

    /// `PreconditionFailed` with the header that failed, e.g. `If-Match`.
    pub fn precondition_failed(condition: &'static str) -> Self {
        Self::new(Code::PreconditionFailed).detail("Condition", condition)
    }

    /// `MethodNotAllowed` with the method.
    pub fn method_not_allowed(method: &str, resource_type: &'static str) -> Self {
        Self::new(Code::MethodNotAllowed).detail("Method", method).detail("ResourceType", resource_type)
    }

    /// `RequestTimeTooSkewed` with both clocks. `skew_max_ms` in milliseconds.
    pub fn request_time_too_skewed(request: Timestamp, server: Timestamp, skew_max_ms: u64) -> Self {
        Self::new(Code::RequestTimeTooSkewed)
            .detail("RequestTime", date::iso8601_basic(request))
            .detail("ServerTime", date::iso8601_seconds(server))
            .detail("MaxAllowedSkewMilliseconds", skew_max_ms.to_string())
    }

    /// `InvalidRange` with the requested range and the size in bytes.
    pub fn invalid_range(requested: &str, size: u64) -> Self {
        Self::new(Code::InvalidRange).detail("RangeRequested", requested).detail("ActualObjectSize", size.to_string())
    }

    /// `InvalidPartNumber` of a GET or HEAD with a `partNumber` that the object does not have.
    pub fn no_such_part(requested: u16, parts: u32) -> Self {
        Self::new(Code::InvalidPartNumber)
            .detail("PartNumberRequested", requested.to_string())
            .detail("ActualPartCount", parts.to_string())
    }

    /// `AuthorizationHeaderMalformed` that names the expected region.
    pub fn wrong_region(sent: &str, expected: &str) -> Self {
        Self::with_message(
            Code::AuthorizationHeaderMalformed,
            format!("The authorization header is malformed; the region '{sent}' is wrong; expecting '{expected}'"),
        )
        .detail("Region", expected)
    }

    /// `EntityTooLarge` with both sizes in bytes.
    pub fn entity_too_large(proposed: u64, max: u64) -> Self {
        Self::new(Code::EntityTooLarge)
            .detail("ProposedSize", proposed.to_string())
            .detail("MaxSizeAllowed", max.to_string())
    }

    /// `EntityTooSmall` of a part that is not the last, sizes in bytes.
    pub fn entity_too_small(proposed: u64, min: u64, part_number: u16, etag: &str) -> Self {
        Self::new(Code::EntityTooSmall)
            .detail("ProposedSize", proposed.to_string())
            .detail("MinSizeAllowed", min.to_string())
            .detail("PartNumber", part_number.to_string())
            .detail("ETag", etag)
    }

    /// `InvalidPart` with the part that is missing or whose `ETag` differs.
    pub fn invalid_part(upload_id: &str, part_number: u16, etag: &str) -> Self {
        Self::new(Code::InvalidPart)
            .detail("UploadId", upload_id)
            .detail("PartNumber", part_number.to_string())
            .detail("ETag", etag)
    }

    /// `BadDigest` for a checksum or MD5 that differs from what arrived.
    pub fn bad_digest(algorithm: &str) -> Self {
        Self::with_message(
            Code::BadDigest,
            format!("The {algorithm} you specified did not match the calculated checksum."),
        )
    }

    /// `BadDigest` for a `Content-MD5`, with both digests spelled as S3 spells them: hex and base64.
    pub fn bad_md5(declared: &[u8; 16], computed: &[u8; 16]) -> Self {
        Self::with_message(Code::BadDigest, "The Content-MD5 you specified did not match what we received.")
            .detail("ExpectedDigest", hex::encode(declared))
            .detail("CalculatedDigest", BASE64.encode(computed))
    }

    /// `XAmzContentSHA256Mismatch` with both hashes in hex.
    pub fn content_sha256_mismatch(declared: &str, computed: &str) -> Self {
        Self::new(Code::XAmzContentSHA256Mismatch)
            .detail("ClientComputedContentSHA256", declared)
            .detail("S3ComputedContentSHA256", computed)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("details", &self.0.details)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.name(), self.0.message)
    }
}

impl std::error::Error for Error {}
