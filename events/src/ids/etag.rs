use std::fmt;
use std::str::FromStr;

use super::{InvalidName, Md5Digest, is_canonical, text_form};

/// An entity tag without its quotes: the MD5 of the bytes, or the MD5 of the parts' MD5s and their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ETag {
    /// MD5 of the bytes, or of the concatenated MD5s of the parts.
    pub md5: Md5Digest,
    /// How many parts the object was assembled from; `None` for one PUT.
    pub parts: Option<u16>,
}

impl FromStr for ETag {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parse = || {
            let (md5, parts) = match text.split_once('-') {
                None => (text, None),
                Some((md5, parts)) => (md5, Some(parts.parse().ok()?)),
            };
            Some(Self { md5: md5.parse().ok()?, parts })
        };
        parse().filter(|etag| is_canonical(etag, text)).ok_or_else(|| {
            InvalidName::new("ETag", text, "it is an MD5 in hex, perhaps with '-' and a number of parts")
        })
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.md5.fmt(f)?;
        self.parts.map_or(Ok(()), |parts| write!(f, "-{parts}"))
    }
}

text_form!(
    ETag,
    "ETag",
    "^[0-9a-f]{32}(-[1-9][0-9]{0,4})?$",
    "an entity tag: an MD5 in hexadecimal, followed by '-' and the number of parts if there are several"
);
