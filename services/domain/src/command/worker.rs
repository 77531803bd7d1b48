use std::num::NonZeroU64;

use events::ids::{RegionName, WorkerName};
use serde::{Deserialize, Serialize};

use super::Command;

/// Change settings of a background worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeWorker {
    /// The region.
    pub region: RegionName,
    /// The worker.
    pub worker: WorkerName,
    /// Whether it is to be paused; `None` leaves that as it is.
    pub paused: Option<bool>,
    /// The rate that it is to keep to, or its default if that is `None`; `None` outside leaves it as it is.
    #[serde(with = "super::twice")]
    pub rate: Option<Option<NonZeroU64>>,
}

/// Ask a background worker to look at once, and from the beginning, at all that it has to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AskWorker {
    /// The region.
    pub region: RegionName,
    /// The worker.
    pub worker: WorkerName,
}

impl From<AskWorker> for Command {
    fn from(ask: AskWorker) -> Self {
        Self::AskWorker(Box::new(ask))
    }
}

impl From<ChangeWorker> for Command {
    fn from(change: ChangeWorker) -> Self {
        Self::ChangeWorker(Box::new(change))
    }
}
