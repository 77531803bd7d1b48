//! Facts about durable consumers: programs outside of the store that read its events over NATS.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, ConsumerName, DurableName, LoginKey};

/// A durable consumer was added. The log stores the position of its reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Added {
    /// The consumer.
    pub consumer: ConsumerName,
    /// The name of its durable consumer in JetStream, and of its NATS user. A consumer that is added again under the same
    /// name gets another one.
    pub durable: DurableName,
    /// The bucket whose events it gets; all of the region if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<BucketName>,
    /// The types of the events that it gets; if empty, all types except those for the store itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// The sequence of the first event that it may get.
    pub start: u64,
    /// The public key that its password belongs to. The password itself is not stored anywhere.
    pub login: LoginKey,
}

/// A durable consumer was removed, with its login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// The consumer.
    pub consumer: ConsumerName,
}
