use jiff::Timestamp;

use super::Standing;

/// Where versions of a key stand, told one by one from the newest on. Whoever meets them in this order need not look
/// for their successors, as [`end_of_version`](super::end_of_version) does for one alone.
#[derive(Debug, Clone, Copy)]
pub struct Succession {
    /// When the version that was told last was made.
    since: Timestamp,
    /// How many objects were told that are not the newest version.
    newer: u32,
}

impl Succession {
    /// Begins with a key's newest version.
    pub fn of_newest(modified: Timestamp) -> Self {
        Self { since: modified, newer: 0 }
    }

    /// Where the next older version stands.
    pub fn next(&mut self, is_object: bool, modified: Timestamp) -> Standing {
        let standing = Standing::Replaced { since: self.since, newer: self.newer };
        *self = Self { since: modified, newer: self.newer.saturating_add(u32::from(is_object)) };
        standing
    }
}
