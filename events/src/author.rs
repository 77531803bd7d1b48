//! Who writes facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of process wrote a fact. Each proves what it writes with keys of its own, and writes what it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A gateway, which holds the region's master key and writes all that clients and operators ask for.
    Gateway,
    /// What follows lifecycle rules.
    Lifecycle,
}

impl Author {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Gateway, Self::Lifecycle];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Lifecycle => "lifecycle",
        }
    }
}
