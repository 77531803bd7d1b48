use events::Author;
use events::ids::{KeyCheck, MasterKeyId, RegionName};

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

/// Have secrets sealed with the next master key, and facts proven with keys that are made of it.
#[derive(Debug, Clone)]
pub struct ChangeMasterKey {
    /// The region.
    pub region: RegionName,
    /// The master key's number: one more than that of the one in use.
    pub number: u32,
    /// Its id.
    pub key: MasterKeyId,
    /// What tells the gateways' keys under it from others.
    pub gateway: KeyCheck,
    /// The same of what follows lifecycle rules.
    pub lifecycle: KeyCheck,
}

impl From<ChangeMasterKey> for Command {
    fn from(change: ChangeMasterKey) -> Self {
        Self::ChangeMasterKey(change)
    }
}
