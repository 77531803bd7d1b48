use events::consumer::{Added, Removed};
use serde::{Deserialize, Serialize};

use super::Command;

/// Durable consumers of a region. Each costs the log's server some memory, and reads of its disk.
pub const CONSUMERS_MAX: usize = 64;

/// Add a durable consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddConsumer(pub Added);

/// Remove a durable consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveConsumer(pub Removed);

impl From<AddConsumer> for Command {
    fn from(add: AddConsumer) -> Self {
        Self::AddConsumer(Box::new(add))
    }
}

impl From<RemoveConsumer> for Command {
    fn from(remove: RemoveConsumer) -> Self {
        Self::RemoveConsumer(Box::new(remove))
    }
}
