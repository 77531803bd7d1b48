//! Entity tags: the MD5 of a body, or the MD5 of part MD5s with their count.

use std::fmt;

use md5::{Digest, Md5};

/// Bytes of an MD5.
pub const MD5_BYTES: usize = 16;

/// An S3 entity tag without its quotes.
///
/// Clients compare it with the MD5 they computed, so a plain upload must have the MD5 of its bytes, and a multipart
/// upload the MD5 of its parts' MD5s, a hyphen and the number of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ETag {
    md5: [u8; MD5_BYTES],
    parts: Option<u32>,
}

impl ETag {
    /// The tag of a body uploaded at once.
    pub const fn of_body(md5: [u8; MD5_BYTES]) -> Self {
        Self { md5, parts: None }
    }

    /// The tag of a multipart upload from the MD5s of its parts in order.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8; MD5_BYTES]>) -> Self {
        let mut md5 = Md5::new();
        let mut count = 0_u32;
        for part in parts {
            md5.update(part);
            count = count.saturating_add(1);
        }
        Self { md5: md5.finalize().into(), parts: Some(count) }
    }

    /// Parses `hex` or `hex-N`, with or without quotes. `None` if it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let text = unquote(text);
        let (hash, parts) = match text.split_once('-') {
            Some((hash, parts)) => (hash, Some(parts.parse().ok()?)),
            None => (text, None),
        };
        let mut md5 = [0; MD5_BYTES];
        hex::decode_to_slice(hash, &mut md5).ok()?;
        Some(Self { md5, parts })
    }

    /// The hash.
    pub const fn md5(&self) -> &[u8; MD5_BYTES] {
        &self.md5
    }

    /// The number of parts of a multipart upload.
    pub const fn parts(&self) -> Option<u32> {
        self.parts
    }

    /// The tag in quotes, as in headers and documents.
    pub fn quoted(&self) -> String {
        format!("\"{self}\"")
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.md5 {
            write!(f, "{byte:02x}")?;
        }
        match self.parts {
            Some(parts) => write!(f, "-{parts}"),
            None => Ok(()),
        }
    }
}

/// Removes white space and one pair of quotes.
pub fn unquote(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_multipart_tag_hashes_the_hashes() {
        let parts: Vec<[u8; 16]> = vec![Md5::digest(b"a").into(), Md5::digest(b"b").into()];
        let expected = hex::encode(Md5::digest(parts.concat()));
        assert_eq!(ETag::of_parts(&parts).to_string(), format!("{expected}-2"));
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(md5: [u8; 16], parts: Option<u32>) {
            let tag = ETag { md5, parts };
            prop_assert_eq!(ETag::parse(&tag.to_string()), Some(tag));
            prop_assert_eq!(ETag::parse(&tag.quoted()), Some(tag));
        }

        #[test]
        fn reading_never_panics(text: String) {
            let _ = ETag::parse(&text);
        }
    }
}
