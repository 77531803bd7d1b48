//! The authors of facts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kind of process that wrote a fact. Each kind has its own keys to prove its facts and may write certain facts
/// only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A gateway, which holds the region's master key and writes the facts that clients and operators request.
    Gateway,
    /// The lifecycle service.
    Lifecycle,
    /// The services that keep contents whole and give space back: monitor, repair, garbage collection, deduplication.
    Maintenance,
}

impl Author {
    /// All authors.
    pub const ALL: [Self; 3] = [Self::Gateway, Self::Lifecycle, Self::Maintenance];

    /// The author's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Lifecycle => "lifecycle",
            Self::Maintenance => "maintenance",
        }
    }
}
