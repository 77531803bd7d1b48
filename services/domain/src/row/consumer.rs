use events::ids::{BucketName, DurableName, LoginKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A durable consumer, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsumerRow {
    /// Its name in JetStream, and that of its user.
    pub durable: DurableName,
    /// The time at which it was added.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub created: Timestamp,
    /// Who added it.
    pub owner: String,
    /// The bucket whose events it gets.
    pub bucket: Option<BucketName>,
    /// The types of the events that it gets; all if there are none.
    pub types: Vec<String>,
    /// The sequence of the first event that it may get.
    pub start: u64,
    /// The public key that its password belongs to.
    pub login: LoginKey,
}
