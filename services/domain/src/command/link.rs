//! Commands about links to other regions.

use events::ids::{RegionName, Sealed};
use serde::{Deserialize, Serialize};

use super::Command;

/// Links of a region, at most.
pub const LINKS_MAX: usize = 16;

/// A request for a change of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of the facts")]
pub enum LinkCommand {
    /// Add a link.
    Add { link: RegionName, url: String, access_key: String, secret: Sealed, shares_identities: bool },
    /// Remove a link.
    Remove { link: RegionName },
    /// Record that the other region has all users, keys, groups and policies up to a place in the log. `added` is the event
    /// that added the link.
    NoteIdentities { link: RegionName, added: u64, up_to: u64 },
    /// Seal the secret key of a link with another key; given as it was found, and as it will be.
    Reseal { link: RegionName, from: Sealed, to: Sealed },
}

/// The reason why a change of a link is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum LinkRejection {
    /// Add it first.
    #[error("there is no link to the region {0}")]
    NoSuch(RegionName),
    /// Remove it first.
    #[error("there is a link to that region already")]
    Exists,
    /// Nothing is to be sent there, or more than this was sent already.
    #[error("the link does not share identities, or they were sent up to that place already")]
    NotShared,
    /// Remove one first.
    #[error("there are {LINKS_MAX} links already, and more are not allowed")]
    TooMany,
}

impl From<LinkCommand> for Command {
    fn from(command: LinkCommand) -> Self {
        Self::Link(Box::new(command))
    }
}
