//! Lifecycle rules in the wire's form, and the response headers about them.
//!
//! Source: "Lifecycle configuration elements", Amazon S3 User Guide.

use jiff::Timestamp;

use crate::date;
use crate::encoding::encode_into;
use crate::tags::Tags;

/// The maximum number of rules of a bucket.
pub const RULES_MAX: usize = 1_000;
/// Longest id of a rule, in characters.
pub const RULE_ID_CHARS_MAX: usize = 255;
/// The maximum number of newer versions that a rule may keep.
pub const NEWER_VERSIONS_MAX: u32 = 100;

/// A lifecycle rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleRule {
    /// The id of the rule, if it has one.
    pub id: Option<String>,
    /// Whether the rule is enabled.
    pub enabled: bool,
    /// The objects to which the rule applies.
    pub filter: LifecycleFilter,
    /// The expiration of current versions.
    pub expiration: Option<Expiration>,
    /// The expiration of noncurrent versions: the number of days, and the number of newer versions to keep.
    pub noncurrent_expiration: Option<(u32, Option<u32>)>,
    /// The number of days after which a multipart upload is aborted.
    pub abort_uploads_after_days: Option<u32>,
}

/// The filter of a rule. An object must match all of its conditions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LifecycleFilter {
    /// The prefix is at the rule itself: the older form.
    pub is_old_form: bool,
    /// The prefix of the keys.
    pub prefix: Option<String>,
    /// Tags that an object must have.
    pub tags: Tags,
    /// The object must have more bytes than this.
    pub size_greater_than: Option<u64>,
    /// The object must have fewer bytes than this.
    pub size_less_than: Option<u64>,
}

/// The expiration of current versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// The number of days after the object was created.
    Days(u32),
    /// From this midnight on.
    Date(Timestamp),
    /// Remove delete markers without other versions.
    ExpiredObjectDeleteMarker,
}

/// The value of `x-amz-expiration`. The rule's id is escaped, as in S3.
pub fn expiration_header(at: Timestamp, rule_id: &str) -> String {
    format!("expiry-date=\"{}\", rule-id=\"{}\"", date::http_date(at), escaped_rule_id(rule_id))
}

/// A rule's id in the form of headers. `x-amz-abort-rule-id` contains only the id.
pub fn escaped_rule_id(rule_id: &str) -> String {
    let mut escaped = Vec::with_capacity(rule_id.len());
    encode_into(&mut escaped, rule_id.as_bytes(), false);
    String::from_utf8_lossy(&escaped).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_tell_the_time_and_the_rule() {
        let at = "2026-12-23T00:00:00Z".parse().unwrap();
        let header = expiration_header(at, "old \"logs\"\r\n/é");
        assert_eq!(
            header,
            "expiry-date=\"Wed, 23 Dec 2026 00:00:00 GMT\", rule-id=\"old%20%22logs%22%0D%0A%2F%C3%A9\""
        );
    }
}
