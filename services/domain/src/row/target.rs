//! Rows of targets, to which events are sent.

use events::ids::{BucketName, Sealed, TargetName};
use events::notification::{Kind as RuleKind, Rule};
use events::target::{Filter, Format, Kind, Settings};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A target, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRow {
    /// The event that created it. A later target of the same name has another.
    pub id: u64,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// How it is reached.
    pub kind: Kind,
    /// The URL of a webhook, or the NATS subject.
    pub address: String,
    /// The form in which it receives events.
    pub format: Format,
    /// Which events it receives by itself.
    pub filter: Option<Filter>,
    /// Whether events are sent.
    pub enabled: bool,
    /// The sealed key by which requests are signed.
    pub secret: Option<Sealed>,
    /// The event that last changed any of the above, or the position from without.
    pub changed: u64,
    /// The sequence in the log up to which it has received everything, or refused it.
    pub position: u64,
    /// The reason why the target receives nothing at present.
    pub error: Option<String>,
    /// The number of its dead letters.
    pub dead: u32,
    /// Of those, how many are to be sent again.
    pub asked: u32,
}

impl TargetRow {
    /// What an operator says of it.
    pub fn settings(&self) -> Settings {
        Settings {
            kind: self.kind,
            address: self.address.clone(),
            format: self.format,
            filter: self.filter.clone(),
            enabled: self.enabled,
        }
    }

    /// Takes over what an operator says.
    pub(crate) fn set(&mut self, settings: &Settings) {
        let Settings { kind, address, format, filter, enabled } = settings.clone();
        (self.kind, self.address, self.format, self.filter, self.enabled) = (kind, address, format, filter, enabled);
    }
}

/// An event that a target refused again and again, by target and sequence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterRow {
    /// The time at which it was given up.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub time: Timestamp,
    /// The reason of the last refusal.
    pub error: String,
    /// How often it was sent.
    pub attempts: u32,
    /// Whether it is to be sent again.
    pub asked: bool,
}

/// A rule of a bucket's notification configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRow {
    /// The id of the rule.
    pub id: String,
    /// What S3 calls its target.
    pub kind: RuleKind,
    /// The target.
    pub target: TargetName,
    /// The names of S3 events.
    pub events: Vec<String>,
    /// Only keys that begin with this.
    pub prefix: Option<String>,
    /// Only keys that end with this.
    pub suffix: Option<String>,
    /// The event by which the bucket got this very rule: the rule is about later events only.
    pub since: u64,
}

impl NotificationRow {
    pub(crate) fn new(rule: &Rule, since: u64) -> Self {
        let Rule { id, kind, target, events, prefix, suffix } = rule.clone();
        Self { id, kind, target, events, prefix, suffix, since }
    }

    /// The rule as the bucket's owner sees it.
    pub fn rule(&self) -> Rule {
        Rule {
            id: self.id.clone(),
            kind: self.kind,
            target: self.target.clone(),
            events: self.events.clone(),
            prefix: self.prefix.clone(),
            suffix: self.suffix.clone(),
        }
    }
}

/// Whether a filter names a bucket, or all of them.
pub fn names_bucket(filter: &Filter, bucket: Option<&BucketName>) -> bool {
    filter.buckets.is_empty() || bucket.is_some_and(|bucket| filter.buckets.contains(bucket))
}
