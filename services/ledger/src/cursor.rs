use events::CHAIN_START;
use events::ids::{EventId, Sha256Digest};
use serde::{Deserialize, Serialize};

/// The version of the rows and of `project`. A projection of another version is made anew from the log.
pub(crate) const PROJECTION_VERSION: u32 = 16;

/// The position up to which the log is folded. It is written in the same transaction as the rows. The first two fields
/// stay where they are in every version, so that each can read them of any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// [`PROJECTION_VERSION`] of the program that wrote the rows.
    pub version: u32,
    /// The sequence of the last event folded; 0 before the first.
    pub sequence: u64,
    /// The id of that event; [`EventId::NONE`] for an entry that is not a fact.
    pub event: EventId,
    /// The hash of its bytes, which the next event carries.
    pub hash: Sha256Digest,
    /// The time of the newest fact of a gateway, in microseconds since 1970.
    pub said: i64,
}

impl Default for Cursor {
    fn default() -> Self {
        let (event, hash) = (EventId::NONE, CHAIN_START);
        Self { version: PROJECTION_VERSION, sequence: 0, event, hash, said: i64::MIN }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `project` reads these, so another value makes other rows of the same log.
    #[test]
    fn what_the_fold_reads_changes_only_with_its_version() {
        let policies = events::policy::BUILT_IN;
        let read = (domain::SESSIONS_PER_USER_MAX, events::quota::WARNING_PERCENT, policies);
        let freed = (domain::FREED_AT_ONCE_MAX, domain::ENDED_FORGOTTEN_MAX);
        let grown = (domain::growth::GROWTH_HOURS, domain::row::WRITERS_MAX);
        let of_version = ((32, 80, ["readonly", "readwrite", "writeonly", "bucketowner"]), (64, 256), (2_160, 32));
        assert_eq!(
            (PROJECTION_VERSION, (read, freed, grown)),
            (16, of_version),
            "raise PROJECTION_VERSION, then write both down here"
        );
    }
}
