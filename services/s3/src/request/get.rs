//! `GetObject` and `HeadObject`.

use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, EXPIRES};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;

use crate::condition::Conditions;
use crate::date;
use crate::error::Error;
use crate::etag::unquote;
use crate::range::Range;
use crate::request::encryption::refuse_on_read;
use crate::request::multipart::part_number;
use crate::request::{CustomerKey, Head};

/// Query parameters that replace a header of the response.
pub(crate) const RESPONSE_OVERRIDES: [(&str, HeaderName); 6] = [
    ("response-cache-control", CACHE_CONTROL),
    ("response-content-disposition", CONTENT_DISPOSITION),
    ("response-content-encoding", CONTENT_ENCODING),
    ("response-content-language", CONTENT_LANGUAGE),
    ("response-content-type", CONTENT_TYPE),
    ("response-expires", EXPIRES),
];

/// `GetObject` and `HeadObject`, which differ only in the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetObject {
    /// The range; `None` if it is absent or ignored.
    pub range: Option<Range>,
    /// `If-Range`, as sent; see [`GetObject::range_if`].
    pub if_range: Option<String>,
    /// `partNumber`: the requested part of a multipart upload.
    pub part_number: Option<u16>,
    /// The version, `null` included.
    pub version_id: Option<String>,
    /// The four conditions.
    pub conditions: Conditions,
    /// Headers to replace in the response. Only signed requests may do this.
    pub overrides: Vec<(HeaderName, HeaderValue)>,
    /// The key of an object that is encrypted with SSE-C.
    pub customer_key: Option<CustomerKey>,
    /// Whether the response should have checksums.
    pub checksum_mode: bool,
}

impl GetObject {
    /// # Errors
    /// `InvalidRequest` for both a range and a part, `InvalidArgument` for malformed values.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        refuse_on_read(head)?;
        let range = head.text("range")?;
        let part_number = part_number(head)?;
        if range.is_some() && part_number.is_some() {
            return Err(Error::invalid_request("Cannot specify both Range header and partNumber query parameter."));
        }
        let mut overrides = Vec::new();
        for (parameter, name) in RESPONSE_OVERRIDES {
            if let Some(value) = head.query().bytes(parameter)? {
                let value = HeaderValue::from_bytes(value).map_err(|_| {
                    Error::invalid_argument("The value cannot be a header", parameter, String::from_utf8_lossy(value))
                })?;
                overrides.push((name, value));
            }
        }
        Ok(Self {
            range: range.and_then(Range::parse),
            if_range: head.text("if-range")?.map(str::to_owned),
            part_number,
            version_id: head.version_id()?,
            conditions: Conditions::parse(head)?,
            overrides,
            customer_key: CustomerKey::parse(head)?,
            checksum_mode: head.text("x-amz-checksum-mode")?.is_some_and(|mode| mode.eq_ignore_ascii_case("enabled")),
        })
    }

    /// The range to answer with for the existing object; `None`, the whole object, if `If-Range` names another one (RFC
    /// 9110 section 13.1.5). `etag` is without quotes.
    pub fn range_if(&self, etag: &str, last_modified: Timestamp) -> Option<Range> {
        let same = match &self.if_range {
            None => true,
            Some(text) if text.starts_with('"') => unquote(text) == etag,
            Some(text) => date::parse_http_date(text) == Some(date::whole_seconds(last_modified)),
        };
        self.range.filter(|_| same)
    }
}
