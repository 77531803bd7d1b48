//! Requests on the service and on buckets.

use crate::error::Error;
use crate::header::decimal;
use crate::request::Head;

/// The maximum number of buckets in one page.
pub const BUCKETS_MAX: u32 = 10_000;

/// `ListBuckets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBuckets {
    /// The prefix of the buckets' names.
    pub prefix: Option<String>,
    /// The maximum number of buckets in the response.
    pub max_buckets: u32,
    /// Whether the request has any parameter: then S3 returns more about each bucket.
    pub has_parameters: bool,
    /// The opaque token; see `xml::ContinuationToken`.
    pub continuation_token: Option<String>,
    /// Only buckets of this region.
    pub region: Option<String>,
}

impl ListBuckets {
    /// # Errors
    /// `InvalidArgument`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let max_buckets = match head.query().text("max-buckets")?.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(max_buckets(text)?),
        };
        let prefix = head.parameter_text("prefix")?;
        let continuation_token = head.parameter_text("continuation-token")?;
        let region = head.parameter_text("bucket-region")?;
        Ok(Self {
            has_parameters: max_buckets.is_some()
                || [&prefix, &continuation_token, &region].into_iter().any(Option::is_some),
            max_buckets: max_buckets.unwrap_or(BUCKETS_MAX),
            prefix,
            continuation_token,
            region,
        })
    }
}

fn max_buckets(text: &str) -> Result<u32, Error> {
    let number = decimal(text).and_then(|number| u32::try_from(number).ok());
    number.filter(|number| (1..=BUCKETS_MAX).contains(number)).ok_or_else(|| {
        let message = format!("Argument max-buckets must be an integer between 1 and {BUCKETS_MAX}");
        Error::invalid_argument(message, "max-buckets", text)
    })
}
