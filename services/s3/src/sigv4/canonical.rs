//! The canonical request and the string to sign.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use crate::encoding::{self, Plus};
use crate::error::{Code, Error};
use crate::query::{Parameter, Query};
use crate::sigv4::{ALGORITHM, Mac, Request, SERVICE, SigningKey, TERMINATOR};

/// The day and region that a signature is valid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Scope<'a> {
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
}

impl Scope<'_> {
    pub(crate) fn text(&self) -> String {
        format!("{}/{}/{SERVICE}/{TERMINATOR}", self.date, self.region)
    }
}

/// The parameter with the signature itself.
pub(crate) const SIGNATURE_PARAMETER: &str = "X-Amz-Signature";

/// The path with every byte of the key encoded once, as S3 canonicalises it: no dots resolved, no slashes merged.
pub(crate) fn path(raw: &str) -> Result<Cow<'_, [u8]>, Error> {
    if raw.bytes().all(|byte| encoding::is_unreserved(byte) || byte == b'/') {
        return Ok(Cow::Borrowed(raw.as_bytes()));
    }
    let decoded = encoding::decode(raw.as_bytes(), Plus::Literal).ok_or_else(|| Error::new(Code::InvalidURI))?;
    Ok(Cow::Owned(encoding::encode(&decoded, true).into_owned()))
}

/// The query string: names and values encoded, sorted by name and then by value.
pub(crate) fn query(out: &mut Vec<u8>, query: &Query<'_>) {
    let mut pairs: Vec<_> = query
        .iter()
        .filter(|parameter| *parameter.name != *SIGNATURE_PARAMETER.as_bytes())
        .map(|parameter| (encoding::encode(&parameter.name, false), encoding::encode(&parameter.value, false)))
        .collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// One header: its values joined by commas and trimmed, with runs of spaces made one. A header that is signed but
/// absent has the value of the parameter into which it was moved, as the JavaScript SDK 2 moves signed headers into
/// URLs; otherwise it is empty.
fn header(out: &mut Vec<u8>, request: &Request<'_>, name: &str) {
    out.extend_from_slice(name.as_bytes());
    out.push(b':');
    let moved = |parameter: &&Parameter<'_>| parameter.name.eq_ignore_ascii_case(name.as_bytes());
    if !request.headers.contains_key(name)
        && request.query.has(SIGNATURE_PARAMETER)
        && let Some(parameter) = request.query.iter().find(moved)
    {
        push_collapsed(out, parameter.value.trim_ascii());
    }
    for (index, value) in request.headers.get_all(name).iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let value = value.as_bytes().trim_ascii();
        if std::str::from_utf8(value).is_ok() {
            push_collapsed(out, value);
        } else {
            // A client that signs text and sends it as ISO 8859-1 signed the UTF-8 form of that text.
            let text: String = value.iter().copied().map(char::from).collect();
            push_collapsed(out, text.as_bytes());
        }
    }
    out.push(b'\n');
}

fn push_collapsed(out: &mut Vec<u8>, value: &[u8]) {
    let mut after_space = false;
    for &byte in value {
        let space = byte == b' ';
        if !(space && after_space) {
            out.push(byte);
        }
        after_space = space;
    }
}

/// The canonical request. `path` is already canonical, `signed_headers` as the client listed them, `payload` the value
/// of `x-amz-content-sha256`.
pub(crate) fn request(request: &Request<'_>, path: &[u8], signed_headers: &str, payload: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + path.len());
    out.extend_from_slice(request.method.as_str().as_bytes());
    out.push(b'\n');
    out.extend_from_slice(path);
    out.push(b'\n');
    query(&mut out, request.query);
    out.push(b'\n');
    for name in signed_headers.split(';') {
        header(&mut out, request, name);
    }
    out.push(b'\n');
    out.extend_from_slice(signed_headers.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(payload.as_bytes());
    out
}

/// The string to sign of a canonical request. `timestamp` is `YYYYMMDDTHHMMSSZ`.
pub(crate) fn string_to_sign(canonical: &[u8], timestamp: &str, scope: &Scope<'_>) -> String {
    let hash = hex::encode(Sha256::digest(canonical));
    let Scope { date, region } = scope;
    format!("{ALGORITHM}\n{timestamp}\n{date}/{region}/{SERVICE}/{TERMINATOR}\n{hash}")
}

/// The signature of a canonical request.
pub(crate) fn signature(key: &SigningKey, canonical: &[u8], timestamp: &str, scope: &Scope<'_>) -> Mac {
    key.sign(&[string_to_sign(canonical, timestamp, scope).as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn canonical_query(raw: &str) -> String {
        let mut out = Vec::new();
        query(&mut out, &Query::parse(Some(raw)).unwrap());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn queries_are_sorted_by_encoded_name_then_value() {
        assert_eq!(canonical_query("b=2&a=2&a=1&a%2Fb=&c"), "a=1&a=2&a%2Fb=&b=2&c=");
        assert_eq!(canonical_query("X-Amz-Signature=f&x=a+b;c"), "x=a%20b%3Bc");
        assert_eq!(
            canonical_query("prefix=somePrefix&marker=someMarker&max-keys=20"),
            "marker=someMarker&max-keys=20&prefix=somePrefix"
        );
    }

    #[test]
    fn paths_are_encoded_once_and_not_normalised() {
        let of = |raw| String::from_utf8(path(raw).unwrap().into_owned()).unwrap();
        assert_eq!(of("/a/../b//c/."), "/a/../b//c/.");
        assert_eq!(of("/a+b=c"), "/a%2Bb%3Dc");
        assert_eq!(of("/%7e%2b%2541"), "/~%2B%2541");
        assert!(path("/%").is_err());
    }

    proptest! {
        #[test]
        fn the_order_of_parameters_does_not_matter(mut pairs in proptest::collection::vec(("[a-c%]{0,3}", "[a-c %&=+]{0,3}"), 0..8)) {
            let raw = |pairs: &[(String, String)]| pairs
                .iter()
                .map(|(name, value)| {
                    let name = encoding::encode(name.as_bytes(), false).into_owned();
                    let value = encoding::encode(value.as_bytes(), false).into_owned();
                    String::from_utf8([name, b"=".to_vec(), value].concat()).unwrap()
                })
                .collect::<Vec<_>>()
                .join("&");
            let sent = canonical_query(&raw(&pairs));
            pairs.reverse();
            prop_assert_eq!(&canonical_query(&raw(&pairs)), &sent);
            prop_assert_eq!(&canonical_query(&sent), &sent);
        }
    }
}
