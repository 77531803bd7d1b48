use events::Author;
use events::ids::RegionName;

use super::Command;

/// Have an author prove its facts with the next key.
#[derive(Debug, Clone)]
pub struct ChangeKey {
    /// The region.
    pub region: RegionName,
    /// The author whose key is rotated.
    pub author: Author,
    /// The key's number: one more than that of the key it has.
    pub number: u32,
}

impl From<ChangeKey> for Command {
    fn from(change: ChangeKey) -> Self {
        Self::ChangeKey(change)
    }
}
