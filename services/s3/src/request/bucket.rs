//! Requests on the service and on buckets.

use crate::error::Error;
use crate::request::Head;

/// Most buckets of one page.
pub const BUCKETS_MAX: u32 = 10_000;

/// `ListBuckets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBuckets {
    /// Only buckets whose name starts so.
    pub prefix: Option<String>,
    /// Most buckets to answer.
    pub max_buckets: u32,
    /// Whether the client asked for pages; without it a token must not be sent.
    pub paginated: bool,
    /// Opaque; see `xml::ContinuationToken`.
    pub continuation_token: Option<String>,
    /// Only buckets of this region.
    pub region: Option<String>,
}

impl ListBuckets {
    /// # Errors
    /// `InvalidArgument`.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let query = head.query();
        let max_buckets = head.limit("max-buckets", BUCKETS_MAX)?;
        if max_buckets == 0 {
            return Err(Error::invalid_argument(
                format!("Argument max-buckets must be an integer between 1 and {BUCKETS_MAX}"),
                "max-buckets",
                "0",
            ));
        }
        Ok(Self {
            prefix: head.parameter_text("prefix")?,
            max_buckets,
            paginated: query.has("max-buckets") || query.has("continuation-token"),
            continuation_token: head.parameter_text("continuation-token")?,
            region: head.parameter_text("bucket-region")?,
        })
    }
}
