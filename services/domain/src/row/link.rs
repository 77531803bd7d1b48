use events::ids::Sealed;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A link to another region, by that region's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// The event that added it. A later link to the same region has another.
    pub id: u64,
    /// The time at which it was added.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub added: Timestamp,
    /// The URL of the region's S3 address.
    pub url: String,
    /// The access key id by which requests are signed there.
    pub access_key: String,
    /// The sealed secret key that belongs to it.
    pub secret: Sealed,
    /// Whether users, keys, groups and policies are sent there.
    pub shares_identities: bool,
    /// The sequence up to which it has all of them; `None` as long as it does not have those that there were before the
    /// link.
    pub identities_sent: Option<u64>,
}
