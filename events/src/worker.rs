//! Facts about background workers.

use std::num::NonZeroU64;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{RegionName, WorkerName};

/// The settings of a background worker changed, in every process that runs it. The fact has all settings, not only those
/// that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Changed {
    /// The region.
    pub region: RegionName,
    /// The worker.
    pub worker: WorkerName,
    /// Whether the worker is paused.
    pub paused: bool,
    /// The maximum rate of the worker per second, in its own unit, such as bytes or objects. If absent, the worker's
    /// default applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<NonZeroU64>,
}

/// An operator requested that a background worker starts over now and looks at everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// The region.
    pub region: RegionName,
    /// The worker.
    pub worker: WorkerName,
}
