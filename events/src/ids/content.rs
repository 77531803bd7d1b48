use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{InvalidName, Layout, NodeId, SHARDS, Sha256Digest, is_canonical, text_form};

/// The generation of a content: one upload of its bytes. A late delete of one generation never affects another.
///
/// It is a UUIDv7 whose last three bits are zero: a shard's uuid is the generation's plus the shard's index.
///
/// If its pieces are tagged (ADR 16) it is a `UUIDv8` instead, which differs in that the twelve bits after the version are
/// the number of the region's secret that tags them, behind one bit that says whether repair wrote it. So the uuid of a
/// shard tells the form of its pieces, and a generation from the log tells that pieces without tags must not be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(Uuid);

impl Generation {
    const INDEX_BITS: u128 = 0b111;

    /// The greatest number of a secret for tags.
    pub const SECRET_NUMBER_MAX: u16 = 0x7ff;

    /// The position of the number of the secret in a uuid, in bits from its end (RFC 9562, `custom_b`).
    const SECRET_SHIFT: u32 = 64;

    /// What marks the generations of repair, before the number.
    const OF_REPAIR: u128 = 1 << 75;

    /// The position of the time in milliseconds (RFC 9562, `unix_ts_ms`).
    const TIME_SHIFT: u32 = 80;

    /// The position of the version.
    const VERSION_SHIFT: u32 = 76;

    /// The version of a uuid with the number of a secret in it.
    const TAGGED_VERSION: u128 = 8;

    /// The generation with the given fresh UUIDv7. Its pieces have no tags.
    pub fn from_fresh(uuid: Uuid) -> Self {
        Self(Uuid::from_u128(uuid.as_u128() & !Self::INDEX_BITS))
    }

    /// The generation with the given fresh UUIDv7 whose pieces are tagged by the region's secret of this number. A number
    /// above [`SECRET_NUMBER_MAX`](Self::SECRET_NUMBER_MAX) counts as that one.
    pub fn tagged(uuid: Uuid, secret: u16) -> Self {
        const VERSION_AND_NUMBER: u128 = 0xffff << Generation::SECRET_SHIFT;
        let number = u128::from(secret.min(Self::SECRET_NUMBER_MAX)) << Self::SECRET_SHIFT;
        let version = Self::TAGGED_VERSION << Self::VERSION_SHIFT;
        Self(Uuid::from_u128(uuid.as_u128() & !Self::INDEX_BITS & !VERSION_AND_NUMBER | version | number))
    }

    /// The same of a shard that repair writes anew.
    pub fn of_repair(uuid: Uuid, secret: u16) -> Self {
        Self(Uuid::from_u128(Self::tagged(uuid, secret).0.as_u128() | Self::OF_REPAIR))
    }

    /// Whether repair wrote what has this generation, or may have: of what has no tags nothing says so.
    pub fn is_of_repair(self) -> bool {
        Self::is_tagged(self.0) && self.0.as_u128() & Self::OF_REPAIR != 0
    }

    /// The time at which its upload began, in milliseconds since 1970, as far as its gateway knew.
    pub fn milliseconds(self) -> u64 {
        // 48 bits are left.
        u64::try_from(self.0.as_u128() >> Self::TIME_SHIFT).unwrap_or(u64::MAX)
    }

    /// A fresh UUIDv7, or the same with a later time if its clock says less than so many milliseconds since 1970.
    pub fn not_before(uuid: Uuid, milliseconds: u64) -> Uuid {
        const REST: u128 = (1 << Generation::TIME_SHIFT) - 1;
        const TIME_MAX: u64 = (1 << 48) - 1;
        let time = u128::from(milliseconds.min(TIME_MAX)) << Self::TIME_SHIFT;
        let rest = uuid.as_u128() & REST;
        Uuid::from_u128(uuid.as_u128().max(time | rest))
    }

    /// The least generation of all whose time is not before a moment, in milliseconds since 1970.
    pub fn first_at(milliseconds: u64) -> Self {
        Self::from_fresh(Self::not_before(Uuid::nil(), milliseconds))
    }

    /// The number of the region's secret that tags its pieces; `None` if they have no tags.
    pub fn secret(self) -> Option<u16> {
        let number = (self.0.as_u128() >> Self::SECRET_SHIFT) & u128::from(Self::SECRET_NUMBER_MAX);
        u16::try_from(number).ok().filter(|_| Self::is_tagged(self.0))
    }

    /// Whether the pieces of the generation or the shard with this uuid are tagged.
    pub fn is_tagged(uuid: Uuid) -> bool {
        (uuid.as_u128() >> Self::VERSION_SHIFT) & 0xf == Self::TAGGED_VERSION
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

text_form!(Generation, "Generation", "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{11}[08]$", "the generation of a content, a UUIDv7, or a UUIDv8 if its pieces are tagged, whose last three bits are zero", bytes 16);

/// The name of a content: the hash of its bytes and the generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ContentId {
    /// SHA-256 of the bytes.
    pub sha256: Sha256Digest,
    /// The upload that stored these bytes.
    pub generation: Generation,
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
        self.layout.shards().iter().copied().zip(&self.nodes)
    }

    /// The node of one shard, if that shard is stored.
    pub fn node(&self, index: u8) -> Option<&NodeId> {
        self.shards().find(|(i, _)| *i == index).map(|(_, node)| node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_says_which_secret_tags_its_pieces() {
        let fresh = Uuid::parse_str("0196f3a1-2b3c-7def-8123-456789abcdef").unwrap();
        let plain = Generation::from_fresh(fresh);
        assert_eq!((plain.secret(), plain.to_string().as_str()), (None, "0196f3a1-2b3c-7def-8123-456789abcde8"));
        for (number, text) in [
            (0, "0196f3a1-2b3c-8000-8123-456789abcde8"),
            (0x12, "0196f3a1-2b3c-8012-8123-456789abcde8"),
            (Generation::SECRET_NUMBER_MAX, "0196f3a1-2b3c-87ff-8123-456789abcde8"),
        ] {
            let tagged = Generation::tagged(fresh, number);
            assert_eq!((tagged.secret(), tagged.to_string().as_str()), (Some(number), text));
            assert_eq!(text.parse::<Generation>(), Ok(tagged));
            assert!(Generation::is_tagged(tagged.shard(5)) && !Generation::is_tagged(plain.shard(5)));
            let of_repair = Generation::of_repair(fresh, number);
            assert_eq!((of_repair.secret(), of_repair.to_string().parse()), (Some(number), Ok(of_repair)));
            assert!(of_repair.is_of_repair() && !tagged.is_of_repair() && !plain.is_of_repair());
        }
        let random = Generation::from_fresh(Uuid::from_u128(fresh.as_u128() | 0xfff << 64));
        assert!(!random.is_of_repair(), "in a generation without tags these bits are random");
    }

    #[test]
    fn a_generation_says_when_its_upload_began() {
        let fresh = Uuid::parse_str("0196f3a1-2b3c-7def-8123-456789abcdef").unwrap();
        let now = 0x0196_f3a1_2b3c;
        assert_eq!(Generation::tagged(fresh, 3).milliseconds(), now);
        assert_eq!([0, now - 1, now].map(|before| Generation::not_before(fresh, before)), [fresh; 3]);
        let later = Generation::not_before(fresh, now + 1);
        assert_eq!(later.to_string(), "0196f3a1-2b3d-7def-8123-456789abcdef");
        assert_eq!(Generation::from_fresh(Generation::not_before(fresh, u64::MAX)).milliseconds(), (1 << 48) - 1);
        let (first, last_before) = (Generation::first_at(now), Generation::of_repair(fresh, 9));
        assert!(first <= last_before && Generation::first_at(now + 1) > last_before);
    }
}
