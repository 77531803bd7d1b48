//! Notification rules in the wire's form.
//!
//! Source: "Amazon S3 Event Notifications", Amazon S3 User Guide.

/// The maximum number of rules of a bucket.
pub const NOTIFICATION_RULES_MAX: usize = 100;

/// What comes before the name of a target in its ARN.
pub const TARGET_ARN: &str = "arn:planetstore:target:::";

/// The names of events that S3 has. A name that ends with `*` stands for all that begin alike.
pub const EVENT_NAMES: &[&str] = &[
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
];

/// What S3 calls the target of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationKind {
    /// `TopicConfiguration`.
    Topic,
    /// `QueueConfiguration`.
    Queue,
    /// `CloudFunctionConfiguration`.
    CloudFunction,
}

impl NotificationKind {
    /// All of them, in the order in which S3 lists them.
    pub const ALL: [Self; 3] = [Self::Topic, Self::Queue, Self::CloudFunction];

    /// The element of a rule, and that of its target within.
    pub const fn elements(self) -> (&'static str, &'static str) {
        match self {
            Self::Topic => ("TopicConfiguration", "Topic"),
            Self::Queue => ("QueueConfiguration", "Queue"),
            Self::CloudFunction => ("CloudFunctionConfiguration", "CloudFunction"),
        }
    }
}

/// A notification rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRule {
    /// The id of the rule, if it has one.
    pub id: Option<String>,
    /// What S3 calls its target.
    pub kind: NotificationKind,
    /// The name of the target, without [`TARGET_ARN`].
    pub target: String,
    /// At least one of [`EVENT_NAMES`], each once.
    pub events: Vec<String>,
    /// Only keys that begin with this.
    pub prefix: Option<String>,
    /// Only keys that end with this.
    pub suffix: Option<String>,
}

/// Whether a name, which may end with `*`, stands for the event of another name.
pub fn covers(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |beginning| name.starts_with(beginning))
}

/// Whether one event about one key could be meant by both rules, which S3 refuses.
pub fn overlap(one: &NotificationRule, other: &NotificationRule) -> bool {
    let share = |one: &str, other: &str| covers(one, other) || covers(other, one);
    let has_common_event = one.events.iter().any(|name| other.events.iter().any(|other| share(name, other)));
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let (prefixes, suffixes) = ((text(&one.prefix), text(&other.prefix)), (text(&one.suffix), text(&other.suffix)));
    has_common_event
        && (prefixes.0.starts_with(&prefixes.1) || prefixes.1.starts_with(&prefixes.0))
        && (suffixes.0.ends_with(&suffixes.1) || suffixes.1.ends_with(&suffixes.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(events: &[&str], prefix: Option<&str>, suffix: Option<&str>) -> NotificationRule {
        NotificationRule {
            id: None,
            kind: NotificationKind::Queue,
            target: "t".into(),
            events: events.iter().map(|name| (*name).to_owned()).collect(),
            prefix: prefix.map(str::to_owned),
            suffix: suffix.map(str::to_owned),
        }
    }

    #[test]
    fn rules_overlap_if_one_event_about_one_key_fits_both() {
        let (created, put) = (["s3:ObjectCreated:*"], ["s3:ObjectCreated:Put"]);
        assert!(overlap(&rule(&created, None, None), &rule(&put, Some("a"), Some("z"))));
        assert!(overlap(&rule(&created, Some("a"), None), &rule(&put, Some("a/b"), Some(".jpg"))));
        assert!(!overlap(&rule(&created, Some("a"), None), &rule(&put, Some("b"), None)));
        assert!(!overlap(&rule(&created, None, Some(".jpg")), &rule(&put, None, Some(".png"))));
        assert!(!overlap(&rule(&created, None, None), &rule(&["s3:ObjectRemoved:*"], None, None)));
        assert!(!overlap(&rule(&put, None, None), &rule(&["s3:ObjectCreated:Copy"], None, None)));
    }
}
