use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use super::{InvalidName, is_canonical, text_form};

/// The longest key, in bytes: S3's limit.
pub const OBJECT_KEY_BYTES_MAX: usize = 1024;

/// The characters that stay readable in an event: RFC 3986's unreserved characters and the slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// An object's key: 1 to 1,024 opaque bytes. Ordered as bytes, as S3 lists.
///
/// In events it is percent-encoded (RFC 3986, the slash kept), so that any bytes survive JSON.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey(Box<[u8]>);

impl ObjectKey {
    /// Takes raw bytes as a key.
    pub fn from_bytes(bytes: impl Into<Box<[u8]>>) -> Result<Self, InvalidName> {
        let bytes = bytes.into();
        if (1..=OBJECT_KEY_BYTES_MAX).contains(&bytes.len()) {
            Ok(Self(bytes))
        } else {
            Err(InvalidName::new("object key", &String::from_utf8_lossy(&bytes), "it has 1 to 1024 bytes"))
        }
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for ObjectKey {
    type Err = InvalidName;

    /// Parses only the form that events have. Keys in URLs are decoded by the caller and passed to
    /// [`Self::from_bytes`].
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let key = Self::from_bytes(Cow::from(percent_decode_str(text)).into_owned())?;
        if is_canonical(&key, text) {
            Ok(key)
        } else {
            Err(InvalidName::new("object key", text, "its bytes other than A-Z a-z 0-9 - . _ ~ / are written %XX"))
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        percent_encode(&self.0, ESCAPED).fmt(f)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectKey({self})")
    }
}

text_form!(
    ObjectKey,
    "ObjectKey",
    "^([A-Za-z0-9/._~-]|%[0-9A-F]{2}){1,1024}$",
    "an object's key, with all bytes but unreserved characters and '/' percent-encoded"
);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_survive_the_text_form(bytes in proptest::collection::vec(any::<u8>(), 1..=1024)) {
            let key = ObjectKey::from_bytes(bytes.clone()).unwrap();
            let back: ObjectKey = key.to_string().parse().unwrap();
            prop_assert_eq!(back.as_bytes(), &bytes[..]);
        }
    }

    #[test]
    fn has_one_text_form() {
        assert_eq!(ObjectKey::from_bytes(*b"a b+%\xff").unwrap().to_string(), "a%20b%2B%25%FF");
        for other in ["a b", "a+b", "%41", "%2b", "100%", "%zz", "\u{fc}"] {
            assert!(other.parse::<ObjectKey>().is_err(), "{other}");
        }
    }

    #[test]
    fn refuses_no_bytes_and_too_many() {
        assert!(ObjectKey::from_bytes([]).is_err());
        assert!(ObjectKey::from_bytes(vec![b'a'; 1025]).is_err());
    }
}
