use events::lease::Owner;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A lease, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRow {
    /// The number of the term, from 1.
    pub epoch: u64,
    /// The process that owns the lease; `None` once it gave the lease back.
    pub owner: Option<Owner>,
    /// The time of the last change of owner. It is shown to people, and nothing is decided by it.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub since: Timestamp,
}
