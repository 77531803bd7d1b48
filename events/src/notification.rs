//! Which events of a bucket are sent to which target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::TargetName;

/// The kind of a rule's target in S3. All kinds are treated alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `TopicConfiguration`.
    Topic,
    /// `QueueConfiguration`.
    Queue,
    /// `CloudFunctionConfiguration`.
    CloudFunction,
}

/// A rule of a bucket's notification configuration.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// The id of the rule, unique in its bucket.
    pub id: String,
    /// The kind of its target in S3.
    pub kind: Kind,
    /// The target.
    pub target: TargetName,
    /// The names of S3 events, such as `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// Only keys that begin with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Only keys that end with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}
