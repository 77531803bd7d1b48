//! Facts about the region as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Author;
use crate::ids::RegionName;

/// Facts up to a level may be written from here on. A program that does not know the level stops here, before it
/// meets a fact it cannot read.
///
/// The shape of this fact never changes: programs older than the level must be able to read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upgraded {
    /// The region.
    pub region: RegionName,
    /// The greatest level that may be written.
    pub level: u32,
    /// The release that says so, for people: any release that knows the level will do.
    pub release: String,
}

/// From here on an author proves what it writes with another key. What it writes with an older one is no fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyChanged {
    /// The region.
    pub region: RegionName,
    /// Whose key it is.
    pub author: Author,
    /// The number of the key. The first one is 0, and each is followed by the next.
    pub number: u32,
}
