use std::fmt;
use std::str::FromStr;

use super::{InvalidName, is_canonical, text_form};

macro_rules! digest {
    ($name:ident, $bytes:literal, $what:literal, $pattern:literal) => {
        #[doc = concat!("The bytes of a ", $what, ", lower-case hex in events.")]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            fn to_bytes(self) -> [u8; $bytes] {
                self.0
            }

            fn from_bytes(bytes: [u8; $bytes]) -> Result<Self, InvalidName> {
                Ok(Self(bytes))
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let mut bytes = [0; $bytes];
                let digest = hex::decode_to_slice(text, &mut bytes).ok().map(|()| Self(bytes));
                digest
                    .filter(|digest| is_canonical(digest, text))
                    .ok_or_else(|| InvalidName::new($what, text, "it is written in lower-case hex, two digits a byte"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; $bytes * 2];
                // The buffer has exactly the length that the encoder needs.
                hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        text_form!($name, stringify!($name), $pattern, $what, bytes $bytes);
    };
}

digest!(Sha256Digest, 32, "SHA-256 digest", "^[0-9a-f]{64}$");
digest!(Md5Digest, 16, "MD5 digest", "^[0-9a-f]{32}$");
digest!(MasterKeyId, 8, "master key's id", "^[0-9a-f]{16}$");
digest!(NotaryKey, 32, "public key of a notary, for Ed25519", "^[0-9a-f]{64}$");
digest!(KeyCheck, 16, "key check, which differs for other keys and reveals nothing about them", "^[0-9a-f]{32}$");
