//! Facts about links, by which a region replicates to others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{RegionName, Sealed};
use crate::lease::Term;

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
    /// Whether users, groups, keys and policies of this region are sent there, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shares_identities: bool,
}

/// The other region has all users, groups, keys and policies as they were at a place in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IdentitiesSent {
    /// The region that the link leads to.
    pub link: RegionName,
    /// The sequence of the event that added the link.
    pub added: u64,
    /// The sequence in the log up to which it has all of them.
    pub up_to: u64,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}

/// A link was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Removed {
    /// The region that it led to.
    pub link: RegionName,
}
