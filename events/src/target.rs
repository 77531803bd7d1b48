//! Facts about targets: addresses outside of the store to which events are sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, RegionName, Sealed, TargetName};
use crate::lease::Term;

/// The kind of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An HTTP endpoint that receives a POST for each event.
    Webhook,
    /// A NATS subject on the servers of the store. A subscriber that takes an event has to reply, as a stream does.
    Nats,
}

/// The form in which a target receives events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// One JSON document with the attributes and the data of an event, as `CloudEvents` has it.
    CloudeventsStructured,
    /// The attributes of an event as headers, and its data as the body.
    CloudeventsBinary,
    /// The `Records` document of S3 event notifications.
    AwsRecords,
}

/// The events of the log that a target receives besides those that the notification configurations of buckets send to
/// it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct Filter {
    /// The types of events; all types if there are none.
    #[serde(default)]
    pub types: Vec<String>,
    /// The buckets that the events are about; all events if there are none.
    #[serde(default)]
    pub buckets: Vec<BucketName>,
}

/// What an operator says of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// The kind of the target.
    pub kind: Kind,
    /// The URL of a webhook, or the NATS subject.
    pub address: String,
    /// The form in which it receives events.
    pub format: Format,
    /// The events that it receives by itself; absent if only buckets send it events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Whether events are sent. Events from a time in which the target was disabled are sent once it is enabled again.
    pub enabled: bool,
}

/// A target was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    /// The target.
    pub target: TargetName,
    /// What it is.
    #[serde(flatten)]
    pub settings: Settings,
    /// The sealed key by which requests to a webhook are signed; absent for other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// The sequence in the log after which its events begin.
    pub after: u64,
}

/// The settings of a target were changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The target.
    pub target: TargetName,
    /// All of its settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// The new sealed key by which requests to a webhook are signed; absent if the key stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Sealed>,
    /// The sequence in the log after which its events continue; absent if they continue where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// A target was deleted. Events that it had not received yet are not sent any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deleted {
    /// The target.
    pub target: TargetName,
}

/// An operator requested a test of a target: this event is sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestAsked {
    /// The target.
    pub target: TargetName,
}

/// An operator requested that events which a target had refused are sent to it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RedeliveryAsked {
    /// The target.
    pub target: TargetName,
    /// The sequences of the events.
    pub sequences: Vec<u64>,
}

/// An operator discarded events that a target had refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadDiscarded {
    /// The target.
    pub target: TargetName,
    /// The sequences of the events.
    pub sequences: Vec<u64>,
}

/// An event that a target refused again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// The sequence of the event.
    pub sequence: u64,
    /// The reason of the last refusal.
    pub error: String,
    /// The number of attempts to send it.
    pub attempts: u32,
}

/// The progress of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// The target.
    pub target: TargetName,
    /// The sequence of the event that had last changed the target by then.
    pub changed: u64,
    /// The sequence in the log up to which the target has received or refused all its events.
    pub position: u64,
    /// The events that it refused since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dead: Vec<DeadLetter>,
    /// The sequences of events that it had refused and that it received since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redelivered: Vec<u64>,
    /// The reason why the target receives nothing at present; absent if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Events were sent to targets. This is recorded at most every few seconds, so after a crash the events of the last few
/// seconds are sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Advanced {
    /// The region.
    pub region: RegionName,
    /// The targets whose progress changed.
    pub targets: Vec<Progress>,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}
