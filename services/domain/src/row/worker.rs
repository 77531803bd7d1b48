use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};

/// The settings of a background worker, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct WorkerRow {
    /// Whether the worker is paused.
    pub paused: bool,
    /// The most that the worker does in a second, in its own unit; without it the worker's default.
    pub rate: Option<NonZeroU64>,
    /// The last event by which an operator asked it to look at everything; 0 if none did.
    pub asked: u64,
}
