use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::{InvalidName, is_canonical, text_form};

/// A version's id, 32 hex digits. Within one key, later versions have greater ids, whatever the clocks said:
/// `decide` takes the greater of a fresh UUIDv7 and an id above the newest that the key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionId(u128);

impl VersionId {
    /// The smallest id.
    pub const MIN: Self = Self(0);
    /// The greatest id.
    pub const MAX: Self = Self(u128::MAX);

    /// The id from `fresh`, or if `newest` is as great, an id above it. That one keeps the random half of `fresh`: the
    /// same version may be the newest in several regions, and what they create after it are different versions.
    #[must_use]
    pub fn after(newest: Option<Self>, fresh: Uuid) -> Self {
        let fresh = fresh.as_u128();
        match newest {
            Some(newest) if newest.0 >= fresh => {
                let next = (newest.0 >> Self::RANDOM_BITS).checked_add(1).filter(|next| *next <= Self::TIME_MAX);
                let random = fresh & ((1 << Self::RANDOM_BITS) - 1);
                next.map_or(Self::MAX, |next| Self(next << Self::RANDOM_BITS | random))
            }
            _ => Self(fresh),
        }
    }

    /// The bits of a UUIDv7 that are random in every form of it.
    const RANDOM_BITS: u32 = 64;
    /// The greatest value of the others.
    const TIME_MAX: u128 = u128::MAX >> Self::RANDOM_BITS;

    fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    #[expect(clippy::unnecessary_wraps, reason = "one signature for every type with a binary form")]
    fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidName> {
        Ok(Self(u128::from_be_bytes(bytes)))
    }

    /// As a number that orders as the id does.
    pub fn as_u128(self) -> u128 {
        self.0
    }

    /// The inverse of [`Self::as_u128`].
    pub fn from_u128(number: u128) -> Self {
        Self(number)
    }
}

impl FromStr for VersionId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let id = u128::from_str_radix(text, 16).ok().map(Self);
        id.filter(|id| is_canonical(id, text))
            .ok_or_else(|| InvalidName::new("version id", text, "it has 32 lower-case hex digits"))
    }
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

text_form!(VersionId, "VersionId", "^[0-9a-f]{32}$", "the id of a version of an object; later versions of a key have greater ids", bytes 16);
