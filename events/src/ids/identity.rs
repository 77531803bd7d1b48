//! Names of users and what belongs to them.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

use super::{InvalidName, is_canonical, text_form};

/// Declares a text type with a length and an alphabet. `$why` explains the rule in error messages.
macro_rules! name {
    (
        $(#[$doc:meta])* $type:ident($what:literal, $chars:expr, $allowed:literal),
        $pattern:literal, $why:literal
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            const CHARS: RangeInclusive<usize> = $chars;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let allowed = |b: u8| b.is_ascii_alphanumeric() || $allowed.contains(&b);
                if Self::CHARS.contains(&text.len()) && text.bytes().all(allowed) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName::new($what, text, $why))
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        text_form!($type, stringify!($type), $pattern, $what);
    };
}

name! {
    /// A user's name, by the rules of IAM. It can be reused once its user is deleted; a [`UserId`] never is.
    UserName("user name", 1..=64, b"+=,.@_-"), "^[A-Za-z0-9+=,.@_-]{1,64}$",
    "it has 1 to 64 of A-Z, a-z, 0-9 and '+=,.@_-'"
}

name! {
    /// A group's name, by the rules of IAM.
    GroupName("group name", 1..=64, b"+=,.@_-"), "^[A-Za-z0-9+=,.@_-]{1,64}$",
    "it has 1 to 64 of A-Z, a-z, 0-9 and '+=,.@_-'"
}

name! {
    /// The name of a policy, by the rules of IAM.
    PolicyName("policy name", 1..=64, b"+=,.@_-"), "^[A-Za-z0-9+=,.@_-]{1,64}$",
    "it has 1 to 64 of A-Z, a-z, 0-9 and '+=,.@_-'"
}

name! {
    /// The public half of an S3 key.
    AccessKeyId("access key id", 3..=128, b"_-"), "^[A-Za-z0-9_-]{3,128}$",
    "it has 3 to 128 of A-Z, a-z, 0-9, '_' and '-'"
}

name! {
    /// A user's canonical id, which owns buckets and objects. 64 hexadecimal digits unless an administrator chose it.
    UserId("canonical user id", 1..=128, b"._$-"), "^[A-Za-z0-9._$-]{1,128}$",
    "it has 1 to 128 of A-Z, a-z, 0-9 and '._$-'"
}

name! {
    /// A secret under the region's master key: ciphertext, fit for the log.
    Sealed("sealed secret", 1..=4096, b"._-"), "^[A-Za-z0-9._-]{1,4096}$",
    "it has 1 to 4096 of A-Z, a-z, 0-9 and '._-'"
}

name! {
    /// The name of a key in the region's key store, which is S3's KMS key id.
    KmsKeyName("KMS key name", 1..=128, b"_/-"), "^[A-Za-z0-9_/-]{1,128}$",
    "it has 1 to 128 of A-Z, a-z, 0-9, '_', '/' and '-'"
}

name! {
    /// The name of a target of events.
    TargetName("target name", 1..=64, b"._-"), "^[A-Za-z0-9._-]{1,64}$",
    "it has 1 to 64 of A-Z, a-z, 0-9 and '._-'"
}

name! {
    /// The salt that derives a content's key from an object's: 16 random bytes, not secret.
    Salt("salt", 32..=32, b""), "^[A-Za-z0-9]{32}$", "it has 32 hexadecimal digits"
}

impl Sealed {
    /// The placeholder in a fact for a secret that the previous event holds: see [`crate::Fact::part`].
    const APART: &str = "apart";

    /// The placeholder for a secret that is kept apart.
    pub(crate) fn apart() -> Self {
        Self(Self::APART.into())
    }

    /// Whether this is only the placeholder for a secret that is kept apart.
    pub fn is_apart(&self) -> bool {
        &*self.0 == Self::APART
    }

    /// The id of the key that sealed it, or the label of another kind of key.
    pub fn sealed_under(&self) -> Option<&str> {
        let (_version, rest) = self.0.split_once('.')?;
        rest.split_once('.').map(|(key, _)| key)
    }
}

impl KmsKeyName {
    /// The key that SSE-KMS uses if the request names none.
    pub const DEFAULT: &str = "aws/s3";

    /// The default key's name.
    pub fn default_key() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl Salt {
    /// Length in bytes, before hexadecimal encoding.
    pub const BYTES: usize = 16;

    /// Its bytes; `None` if it is not hexadecimal.
    pub fn bytes(&self) -> Option<[u8; Self::BYTES]> {
        hex::decode(self.as_str()).ok()?.try_into().ok()
    }

    /// A salt of fresh random bytes.
    pub fn from_fresh(random: [u8; Self::BYTES]) -> Self {
        Self(hex::encode(random).into())
    }
}

impl UserName {
    /// The name of the one user that the configuration creates. It has no row and no event.
    pub const ROOT: &str = "root";

    /// Root's name.
    pub fn root() -> Self {
        Self(Self::ROOT.into())
    }

    /// Whether this is root's name.
    pub fn is_root(&self) -> bool {
        &*self.0 == Self::ROOT
    }
}

impl UserId {
    /// SHA-256 of `root`, so that root's id looks like any other and is the same in every region.
    const ROOT: &str = "4813494d137e1631bba301d5acab6e7bb7aa74ce1185d456565ef51d737677b2";

    /// Root's id.
    pub fn root() -> Self {
        Self(Self::ROOT.into())
    }

    /// The id of a new user.
    pub fn from_fresh(random: [u8; 32]) -> Self {
        Self(hex::encode(random).into())
    }
}

/// A session: a login with its access tokens and its current refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Uuid);

impl FromStr for SessionId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let id = Uuid::try_parse(text).ok().filter(|id| is_canonical(id, text));
        id.map(Self).ok_or_else(|| InvalidName::new("session id", text, "it is a UUID"))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

text_form!(
    SessionId,
    "SessionId",
    "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    "the id of a session"
);

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn names_keep_to_their_characters_and_length() {
        for good in ["alice", "a@b.example", "x+y=z,_-", "a".repeat(64).as_str()] {
            assert!(good.parse::<UserName>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a/b", "a:b", "\u{e4}", "a\n", "a*", "a".repeat(65).as_str()] {
            assert!(bad.parse::<UserName>().is_err(), "{bad}");
        }
        assert!("ab".parse::<AccessKeyId>().is_err());
        assert!("0123$tenant".parse::<UserId>().is_ok());
    }

    #[test]
    fn root_has_an_id_like_everybody() {
        assert_eq!(UserId::root().as_str(), hex::encode(Sha256::digest(UserName::ROOT)));
        assert!(UserName::root().is_root());
        assert!(!"Root".parse::<UserName>().unwrap().is_root());
    }
}
