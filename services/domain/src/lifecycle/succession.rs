use jiff::Timestamp;

use super::Standing;

/// The positions of the versions of a key, computed one by one from the newest on. A caller that reads them in this
/// order need not search for their successors, as [`end_of_version`](super::end_of_version) does for a single version.
#[derive(Debug, Clone, Copy)]
pub struct Succession {
    /// The time of creation of the last version passed in.
    since: Timestamp,
    /// The number of noncurrent objects passed in.
    newer: u32,
}

impl Succession {
    /// Starts with a key's newest version.
    pub fn of_newest(modified: Timestamp) -> Self {
        Self { since: modified, newer: 0 }
    }

    /// Returns the position of the next older version.
    pub fn next(&mut self, is_object: bool, modified: Timestamp) -> Standing {
        let standing = Standing::Replaced { since: self.since, newer: self.newer };
        *self = Self { since: modified, newer: self.newer.saturating_add(u32::from(is_object)) };
        standing
    }
}
