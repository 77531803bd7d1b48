use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{InvalidName, NodeId, Sha256Digest, is_canonical, text_form};

/// Shards a content is cut into: four of data, then two of parity.
pub const SHARDS: usize = 6;

/// The shards of a content that lies whole in one: its data and its two parities. Shards 1 to 3 are empty.
pub const SMALL_SHARDS: [u8; 3] = [0, 4, 5];

/// The generation of a content: one upload of its bytes. A late delete of one generation never affects another.
///
/// It is a UUIDv7 whose last three bits are zero: a shard's uuid is the generation's plus the shard's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(Uuid);

impl Generation {
    const INDEX_BITS: u128 = 0b111;

    /// The generation with the given fresh UUIDv7.
    pub fn from_fresh(uuid: Uuid) -> Self {
        Self(Uuid::from_u128(uuid.as_u128() & !Self::INDEX_BITS))
    }

    /// The uuid under which a node keeps shard `index` (0 to 5).
    pub fn shard(self, index: u8) -> Uuid {
        Uuid::from_u128(self.0.as_u128() | (u128::from(index) & Self::INDEX_BITS))
    }

    fn to_bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }

    fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidName> {
        Self::from_uuid(Uuid::from_bytes(bytes))
    }

    fn from_uuid(uuid: Uuid) -> Result<Self, InvalidName> {
        if uuid.as_u128() & Self::INDEX_BITS == 0 { Ok(Self(uuid)) } else { Err(Self::invalid(&uuid.to_string())) }
    }

    fn invalid(text: &str) -> InvalidName {
        InvalidName::new("generation", text, "it is a UUID in lower case whose last three bits are zero")
    }

    /// The uuid itself.
    pub fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl FromStr for Generation {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let generation = Uuid::parse_str(text).ok().and_then(|uuid| Self::from_uuid(uuid).ok());
        generation.filter(|generation| is_canonical(generation, text)).ok_or_else(|| Self::invalid(text))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

text_form!(Generation, "Generation", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{11}[08]$", "the generation of a content, a UUIDv7 whose last three bits are zero", bytes 16);

/// The name of a content: the hash of its bytes and the generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ContentId {
    /// SHA-256 of the bytes.
    pub sha256: Sha256Digest,
    /// The upload that stored these bytes.
    pub generation: Generation,
}

/// The layout by which a content's bytes become shards. It is recorded so that old contents can be read after the code
/// has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Layout {
    /// Reed-Solomon 4+2 with the whole content as one unit: data in shard 0, parity in shards 4 and 5.
    #[serde(rename = "rs4+2-whole")]
    Small,
    /// Reed-Solomon 4+2 in stripes of 4 x 256 KiB; the last stripe is cut into four pieces of equal length.
    #[serde(rename = "rs4+2-256k")]
    Striped,
}

/// The nodes to which a content's shards were written. Repair may have moved them since.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Placement {
    /// The layout of the shards.
    pub layout: Layout,
    /// The node of each stored shard: shards 0, 4 and 5 in the small layout, shards 0 to 5 with stripes.
    #[schemars(length(max = SHARDS))]
    pub nodes: Vec<NodeId>,
}

impl Placement {
    /// The stored shards and their nodes, in order of the index.
    pub fn shards(&self) -> impl Iterator<Item = (u8, &NodeId)> {
        let indexes: &[u8] = match self.layout {
            Layout::Small => &SMALL_SHARDS,
            Layout::Striped => &[0, 1, 2, 3, 4, 5],
        };
        indexes.iter().copied().zip(&self.nodes)
    }

    /// The node of one shard, if that shard is stored.
    pub fn node(&self, index: u8) -> Option<&NodeId> {
        self.shards().find(|(i, _)| *i == index).map(|(_, node)| node)
    }
}
