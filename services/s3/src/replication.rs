//! Replication rules in the wire's form.
//!
//! Source: "Replication configuration file elements", Amazon S3 User Guide.

use crate::request::StorageClass;
use crate::tags::Tags;

/// The maximum number of rules of a bucket: S3's limit.
pub const REPLICATION_RULES_MAX: usize = 1_000;

/// The destination of a rule. In its ARN, `arn:aws:s3:<region>::<bucket>`, S3 leaves the region empty, because names of
/// buckets are unique in all its regions. Here each region has its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The bucket there.
    pub bucket: String,
    /// The region, if the ARN names one.
    pub region: Option<String>,
}

impl Destination {
    /// Parses an ARN.
    pub fn parse(arn: &str) -> Option<Self> {
        let (region, bucket) = arn.strip_prefix("arn:aws:s3:")?.split_once("::")?;
        let is_one = !bucket.is_empty() && !bucket.contains([':', '/']) && !region.contains([':', '/']);
        is_one.then(|| Self { bucket: bucket.to_owned(), region: (!region.is_empty()).then(|| region.to_owned()) })
    }

    /// The ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:s3:{}::{}", self.region.as_deref().unwrap_or_default(), self.bucket)
    }
}

/// A replication rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationRule {
    /// The id of the rule, if it has one.
    pub id: Option<String>,
    /// `None` for a rule in the older form, which has a prefix and no filter.
    pub priority: Option<i32>,
    /// Whether the rule is enabled.
    pub enabled: bool,
    /// The prefix of the keys.
    pub prefix: String,
    /// Tags that an object must have.
    pub tags: Tags,
    /// Whether delete markers are replicated. Rules in the older form always do it, and do not say it.
    pub delete_markers: bool,
    /// Whether permanent deletions of versions are replicated: the element `DeleteReplication`, which S3 does not have and
    /// `MinIO` does.
    pub removals: Option<bool>,
    /// Whether objects from before the rule are replicated.
    pub existing_objects: Option<bool>,
    /// Whether changes of replicas' metadata are replicated.
    pub replica_modifications: Option<bool>,
    /// To where.
    pub destination: Destination,
    /// The storage class of the replicas.
    pub storage_class: Option<StorageClass>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_a_bucket_and_may_name_its_region() {
        let both = Destination { bucket: "b.1".into(), region: Some("us-west-2".into()) };
        assert_eq!(Destination::parse("arn:aws:s3:us-west-2::b.1"), Some(both.clone()));
        assert_eq!(both.arn(), "arn:aws:s3:us-west-2::b.1");
        let one = Destination::parse("arn:aws:s3:::b").unwrap();
        assert_eq!((one.region.as_deref(), one.arn().as_str()), (None, "arn:aws:s3:::b"));
        for other in ["b", "arn:aws:s3:::", "arn:aws:s3:::b/k", "arn:aws:s3:::b:c", "arn:aws:s3:b", "arn:aws:sqs:::b"] {
            assert_eq!(Destination::parse(other), None, "{other}");
        }
    }
}
