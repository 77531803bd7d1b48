use events::Author;
use events::ids::{KeyCheck, MasterKeyId, RegionName};
use serde::{Deserialize, Serialize};

use super::Command;

/// Rotate the key with which an author proves its facts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeKey {
    /// The region.
    pub region: RegionName,
    /// The author whose key is rotated.
    pub author: Author,
    /// The number of the new key: one more than that of the key in use.
    pub number: u32,
}

impl From<ChangeKey> for Command {
    fn from(change: ChangeKey) -> Self {
        Self::ChangeKey(change)
    }
}

/// Rotate the master key that seals secrets and from which the keys of authors are derived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChangeMasterKey {
    /// The region.
    pub region: RegionName,
    /// The number of the new master key: one more than that of the one in use.
    pub number: u32,
    /// The id of the new master key.
    pub key: MasterKeyId,
    /// A check value of the gateways' keys under it.
    pub gateway: KeyCheck,
    /// A check value of the lifecycle service's keys under it.
    pub lifecycle: KeyCheck,
    /// The same of the services that keep contents whole.
    pub maintenance: KeyCheck,
}

impl From<ChangeMasterKey> for Command {
    fn from(change: ChangeMasterKey) -> Self {
        Self::ChangeMasterKey(change)
    }
}
