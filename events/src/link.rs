//! Facts about links, by which a region replicates to others.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{BucketName, RegionName, Sealed, UserName};
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

/// A user said for another region up to which time all that its rules send here has arrived (ADR 60).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoundMoved {
    /// The region that it is said of.
    pub link: RegionName,
    /// The user by whose key it was said. Any user may who may replicate to these buckets: whom to believe, readers decide.
    pub user: UserName,
    /// All that was acknowledged there before this time, by that region's clock, and that its rules send, has arrived.
    #[schemars(with = "String")]
    pub before: Timestamp,
    /// The sequence in that region's log up to which it is.
    pub up_to: u64,
    /// The buckets that this is about; absent if they are as they were said before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buckets: Option<Vec<BoundBucket>>,
}

/// A bucket that another region sends here, and what of it may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BoundBucket {
    /// The bucket of this region.
    pub bucket: BucketName,
    /// The bucket of the other region.
    pub source: BucketName,
    /// Whether it has less than the time of all buckets says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
    /// The time of this bucket, if it waits; absent if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub before: Option<Timestamp>,
    /// Whether the buckets are being compared or were not looked at yet, so that more may be missing than the time says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub copies: bool,
    /// Whether this region refused versions, which are missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refused: bool,
}
