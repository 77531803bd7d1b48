//! Percent-encoding for S3 and Signature Version 4.
//!
//! Source: "Signature calculations for the Authorization header", Amazon S3 API Reference: every byte except `A-Z a-z
//! 0-9 - . _ ~` becomes `%XX` in upper case, and `/` too except in an object key.

use std::borrow::Cow;

const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Whether the byte is not encoded.
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The three characters `%XX` of a byte.
pub(crate) const fn escape(byte: u8) -> [u8; 3] {
    [b'%', UPPER_HEX[(byte >> 4) as usize], UPPER_HEX[(byte & 15) as usize]]
}

/// Appends `bytes` encoded; `/` is kept if `keep_slash`.
pub(crate) fn encode_into(out: &mut Vec<u8>, bytes: &[u8], keep_slash: bool) {
    for &byte in bytes {
        if is_unreserved(byte) || (keep_slash && byte == b'/') {
            out.push(byte);
        } else {
            out.extend_from_slice(&escape(byte));
        }
    }
}

/// `bytes` encoded; borrowed if nothing changed.
pub(crate) fn encode(bytes: &[u8], keep_slash: bool) -> Cow<'_, [u8]> {
    if bytes.iter().all(|&byte| is_unreserved(byte) || (keep_slash && byte == b'/')) {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() + 16);
    encode_into(&mut out, bytes, keep_slash);
    Cow::Owned(out)
}

const fn nibble(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The meaning of `+` in the text to decode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A plus sign (paths, headers).
    Literal,
    /// A space (query strings, as in HTML forms).
    Space,
}

/// Decodes every `%XX` once. `None` if a `%` is not followed by two hex digits.
pub(crate) fn decode(raw: &[u8], plus: Plus) -> Option<Cow<'_, [u8]>> {
    let Some(first) = raw.iter().position(|&byte| byte == b'%' || (byte == b'+' && plus == Plus::Space)) else {
        return Some(Cow::Borrowed(raw));
    };
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => {
                let (pair, tail) = rest.split_first_chunk::<2>()?;
                out.push(nibble(pair[0])? << 4 | nibble(pair[1])?);
                rest = tail;
            }
            b'+' if plus == Plus::Space => out.push(b' '),
            other => out.push(other),
        }
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_percent_without_two_digits_is_refused() {
        for raw in ["%", "a%2", "%zz", "%2"] {
            assert!(decode(raw.as_bytes(), Plus::Literal).is_none(), "{raw}");
        }
    }

    #[test]
    fn decoding_happens_once() {
        assert_eq!(decode(b"%2541", Plus::Literal).as_deref(), Some(&b"%41"[..]));
        assert_eq!(decode(b"a+b", Plus::Literal).as_deref(), Some(&b"a+b"[..]));
        assert_eq!(decode(b"a+b", Plus::Space).as_deref(), Some(&b"a b"[..]));
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(bytes: Vec<u8>, keep_slash: bool) {
            let encoded = encode(&bytes, keep_slash);
            for plus in [Plus::Literal, Plus::Space] {
                let decoded = decode(&encoded, plus);
                prop_assert_eq!(decoded.as_deref(), Some(&bytes[..]));
            }
        }
    }
}
