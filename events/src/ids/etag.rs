use std::fmt;
use std::str::FromStr;

use super::{InvalidName, Md5Digest, text_form};

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
        let (md5, parts) = match text.split_once('-') {
            None => (text, None),
            Some((md5, parts)) => {
                let parts =
                    parts.parse().map_err(|_| InvalidName::new("ETag", text, "a number of parts follows the '-'"))?;
                (md5, Some(parts))
            }
        };
        Ok(Self { md5: md5.parse()?, parts })
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
    "^[0-9a-f]{32}(-[0-9]{1,5})?$",
    "an entity tag: MD5 in hex, with '-' and the number of parts after a multipart upload"
);
