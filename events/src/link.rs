//! Facts about links, by which a region replicates to others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{RegionName, Sealed};

/// A link to another region was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Added {
    /// The region that it leads to, which is the link's name.
    pub link: RegionName,
    /// The URL of that region's S3 address.
    pub url: String,
    /// The access key id by which requests are signed there.
    pub access_key: String,
    /// The sealed secret key that belongs to it.
    pub secret: Sealed,
}

/// A link was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// The region that it led to.
    pub link: RegionName,
}
