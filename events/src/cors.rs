//! Which pages of other origins a browser may let at a bucket.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A method that a rule may allow.
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

/// What pages of some origins may do. The first rule that allows a request counts.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Its owner's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Origins, each with one `*` at most.
    pub allowed_origins: Vec<String>,
    /// Methods.
    pub allowed_methods: Vec<Method>,
    /// Names of headers that a page may send, each with one `*` at most.
    pub allowed_headers: Vec<String>,
    /// Names of headers that a page may see in answers.
    pub expose_headers: Vec<String>,
    /// Seconds for which a browser may remember what it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u32>,
}
