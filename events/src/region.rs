//! Facts about the region as a whole.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Author;
use crate::ids::{KeyCheck, MasterKeyId, RegionName};
use crate::lease::Term;

/// The level of the region was raised: facts up to this level may be written from here on. A program that does not know
/// the level stops here, before it reads a fact that it does not know.
///
/// The shape of this fact never changes: programs older than the level must be able to read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upgraded {
    /// The region.
    pub region: RegionName,
    /// The greatest level of the facts that may be written.
    pub level: u32,
    /// The release that raised the level, as information: any release that knows the level can read on.
    pub release: String,
}

/// The key of an author was rotated. Entries that the author proves with an older key are not facts from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyChanged {
    /// The region.
    pub region: RegionName,
    /// The author that uses the key.
    pub author: Author,
    /// The number of the new key. The first key is 0, and each rotation adds one.
    pub number: u32,
}

/// The master key was rotated. From here on, secrets are sealed with the next master key, and authors prove their events
/// with keys that are derived from it, numbered from 0 again. A process that does not have it stops here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MasterKeyChanged {
    /// The region.
    pub region: RegionName,
    /// The number of the new master key. The first key is 0, and each rotation adds one.
    pub number: u32,
    /// The id of the new master key, which every secret that is sealed with it contains.
    pub key: MasterKeyId,
    /// A MAC by which a process checks that its gateway keys are derived from this master key.
    pub gateway: KeyCheck,
    /// A MAC by which a process checks that its keys of the lifecycle service are derived from this master key.
    pub lifecycle: KeyCheck,
    /// A MAC by which a process checks that its keys of the maintenance services are derived from this master key.
    pub maintenance: KeyCheck,
}

/// From here on, no event names bytes whose upload began before a given time. Shards of older uploads that no event has
/// named yet are not needed any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HorizonMoved {
    /// The region.
    pub region: RegionName,
    /// The time, in whole milliseconds. It never moves back.
    #[schemars(with = "String")]
    pub before: Timestamp,
    /// The longest time that an upload may take, in seconds. An upload that begins from here on counts as begun at
    /// least this long after `before`, whatever the clock of its gateway says.
    pub upload_seconds: u32,
    /// The term of the lease under which it was written; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
}
