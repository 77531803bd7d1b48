//! CORS: the web pages of other origins that may access a bucket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An HTTP method that a CORS rule can allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are HTTP's")]
pub enum Method {
    Get,
    Put,
    Post,
    Delete,
    Head,
}

/// A CORS rule. The first rule that allows a request applies.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The id that the bucket's owner gave the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The allowed origins, each with at most one `*`.
    pub allowed_origins: Vec<String>,
    /// The allowed methods.
    pub allowed_methods: Vec<Method>,
    /// The request headers that a page may send, each with at most one `*`.
    pub allowed_headers: Vec<String>,
    /// The response headers that a page may read.
    pub expose_headers: Vec<String>,
    /// The time in seconds for which a browser may cache the preflight response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u32>,
}
