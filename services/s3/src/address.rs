//! The bucket and key that a request names, in path style or virtual-host style.
//!
//! Source: "Virtual hosting of general purpose buckets" and "General purpose bucket naming rules",
//! Amazon S3 User Guide.

use http::{HeaderMap, Uri};

use crate::control;
use crate::encoding::{self, Plus};
use crate::error::{Code, Error};
use crate::header;

/// Longest key in bytes.
pub const KEY_BYTES_MAX: usize = 1024;
/// Shortest bucket name in bytes.
pub const BUCKET_BYTES_MIN: usize = 3;
/// Longest bucket name in bytes.
pub const BUCKET_BYTES_MAX: usize = 63;

/// The bucket and key of a request. There is no key without a bucket.
///
/// A key is opaque bytes: `..`, `//`, a leading `/` and NUL are ordinary parts of a name and never a path. It is
/// decoded exactly once, so that one string is signed, authorised and stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// A valid bucket name; `None` for a request to the service.
    pub bucket: Option<String>,
    /// 1 to [`KEY_BYTES_MAX`] bytes; `None` for a request to the bucket.
    pub key: Option<Vec<u8>>,
    /// The request is to S3 Control, which has its own operations.
    pub is_control: bool,
}

impl Address {
    /// The address of a request, from its `Host` header (or the authority of its URI) and raw path.
    ///
    /// # Errors
    /// `InvalidArgument` for more than one `Host`, `NotImplemented` for operations of S3 Control other than those on
    /// tags of buckets, `InvalidRequest` for a resource that it cannot name, else as [`Address::resolve`].
    pub fn of(uri: &Uri, headers: &HeaderMap, domains: &[String]) -> Result<Self, Error> {
        let host = match header::single(headers, "host")? {
            Some(host) => host,
            None => uri.authority().map_or("", http::uri::Authority::as_str),
        };
        // Its host begins with an account, which is not a bucket.
        if control::is_control(uri, headers) {
            return Ok(Self { bucket: Some(control::tagged_bucket(uri)?), key: None, is_control: true });
        }
        Self::resolve(host, domains, uri.path())
    }

    /// The address from a host, the domains of this server, and the raw path.
    ///
    /// A host that is one of `domains`, or unrelated to all of them (an IP address, a service name), means path style.
    /// A host below one of them names the bucket.
    ///
    /// # Errors
    /// `InvalidURI` for a malformed `%XX`, `InvalidBucketName`, `KeyTooLongError`.
    pub fn resolve(host: &str, domains: &[String], raw_path: &str) -> Result<Self, Error> {
        let path = raw_path.strip_prefix('/').unwrap_or(raw_path);
        if let Some(bucket) = bucket_of_host(host, domains) {
            validate_bucket(&bucket)?;
            return Ok(Self { bucket: Some(bucket), key: decode_key(path)?, is_control: false });
        }
        if path.is_empty() {
            return Ok(Self::default());
        }
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let bucket = encoding::decode(bucket.as_bytes(), Plus::Literal).ok_or_else(|| Error::new(Code::InvalidURI))?;
        let bucket = String::from_utf8(bucket.into_owned()).map_err(|_| Error::new(Code::InvalidBucketName))?;
        validate_bucket(&bucket)?;
        Ok(Self { bucket: Some(bucket), key: decode_key(key)?, is_control: false })
    }
}

fn decode_key(raw: &str) -> Result<Option<Vec<u8>>, Error> {
    if raw.is_empty() {
        return Ok(None);
    }
    let key = encoding::decode(raw.as_bytes(), Plus::Literal).ok_or_else(|| Error::new(Code::InvalidURI))?.into_owned();
    validate_key(&key)?;
    Ok(Some(key))
}

/// The host without its port and trailing dot.
fn host_name(host: &str) -> &str {
    let name = if host.starts_with('[') {
        host.find(']').map_or(host, |end| &host[..=end])
    } else {
        host.split_once(':').map_or(host, |(name, _)| name)
    };
    name.strip_suffix('.').unwrap_or(name)
}

/// The labels before the longest matching domain.
fn bucket_of_host(host: &str, domains: &[String]) -> Option<String> {
    let host = host_name(host).to_ascii_lowercase();
    let below = |domain: &String| {
        let domain = domain.trim_matches('.').to_ascii_lowercase();
        let label = host.strip_suffix(&domain)?.strip_suffix('.')?;
        (!domain.is_empty() && !label.is_empty()).then(|| label.to_owned())
    };
    if domains.iter().any(|domain| domain.trim_matches('.').eq_ignore_ascii_case(&host)) {
        return None;
    }
    domains.iter().filter_map(below).min_by_key(String::len)
}

/// Checks the length of a key.
///
/// # Errors
/// `KeyTooLongError` above [`KEY_BYTES_MAX`], `InvalidURI` when empty.
pub fn validate_key(key: &[u8]) -> Result<(), Error> {
    if key.is_empty() {
        return Err(Error::new(Code::InvalidURI));
    }
    if key.len() > KEY_BYTES_MAX {
        return Err(Error::new(Code::KeyTooLongError)
            .detail("Size", key.len().to_string())
            .detail("MaxSizeAllowed", KEY_BYTES_MAX.to_string()));
    }
    Ok(())
}

/// Checks a bucket name against the rules for general purpose buckets.
///
/// # Errors
/// `InvalidBucketName` with the name.
pub fn validate_bucket(name: &str) -> Result<(), Error> {
    if is_valid_bucket(name) { Ok(()) } else { Err(Error::new(Code::InvalidBucketName).detail("BucketName", name)) }
}

fn is_valid_bucket(name: &str) -> bool {
    const PREFIXES_RESERVED: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
    const SUFFIXES_RESERVED: [&str; 4] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3"];
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = name.as_bytes();
    (BUCKET_BYTES_MIN..=BUCKET_BYTES_MAX).contains(&bytes.len())
        && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
        && edge(bytes.first())
        && edge(bytes.last())
        && !name.contains("..")
        && !name.contains(".-")
        && !name.contains("-.")
        && !is_ip_formatted(name)
        && !PREFIXES_RESERVED.iter().any(|prefix| name.starts_with(prefix))
        && !SUFFIXES_RESERVED.iter().any(|suffix| name.ends_with(suffix))
}

fn is_ip_formatted(name: &str) -> bool {
    name.split('.').count() == 4 && name.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Named = Result<(Option<String>, Option<Vec<u8>>), Code>;

    fn resolve(host: &str, path: &str) -> Named {
        let domains = ["localhost".to_owned(), "s3.example.com".to_owned(), "example.com".to_owned()];
        Address::resolve(host, &domains, path).map(|a| (a.bucket, a.key)).map_err(|e| e.code())
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with results")]
    fn names(bucket: &str, key: &[u8]) -> Named {
        Ok((Some(bucket.to_owned()), (!key.is_empty()).then(|| key.to_vec())))
    }

    #[test]
    fn path_style() {
        for host in ["localhost", "LocalHost:9000", "127.0.0.1:9000", "[::1]:9000", "storage", "s3.example.com.", ""] {
            assert_eq!(resolve(host, "/"), Ok((None, None)), "{host}");
            assert_eq!(resolve(host, "/abc"), names("abc", b""), "{host}");
            assert_eq!(resolve(host, "/abc/"), names("abc", b""), "{host}");
            assert_eq!(resolve(host, "/abc/k/l"), names("abc", b"k/l"), "{host}");
        }
    }

    #[test]
    fn virtual_host_style() {
        assert_eq!(resolve("abc.localhost:9000", "/"), names("abc", b""));
        assert_eq!(resolve("ABC.localhost", "/abc/d"), names("abc", b"abc/d"));
        assert_eq!(resolve("a.b.c.s3.example.com", "/k"), names("a.b.c", b"k"));
        assert_eq!(resolve("a_b.s3.example.com", "/k"), Err(Code::InvalidBucketName));
        assert_eq!(resolve("notlocalhost", "/abc/k"), names("abc", b"k"));
    }

    #[test]
    fn keys_are_opaque_and_decoded_once() {
        for (raw, key) in [
            ("/abc//", &b"/"[..]),
            ("/abc///x", b"//x"),
            ("/abc/../def/x", b"../def/x"),
            ("/abc/%2e%2e%2Fx", b"../x"),
            ("/abc/%252F", b"%2F"),
            ("/abc/a+b%00", b"a+b\0"),
            ("/abc/%ff", b"\xff"),
            ("/abc/a;b=c&d", b"a;b=c&d"),
        ] {
            assert_eq!(resolve("localhost", raw), names("abc", key), "{raw}");
        }
        assert_eq!(resolve("localhost", "/abc/%zz"), Err(Code::InvalidURI));
        assert_eq!(resolve("localhost", "/../abc"), Err(Code::InvalidBucketName));
        assert_eq!(resolve("localhost", "//abc"), Err(Code::InvalidBucketName));
    }

    #[test]
    fn an_encoded_slash_does_not_end_the_bucket() {
        assert_eq!(resolve("localhost", "/abc%2Fdef"), Err(Code::InvalidBucketName));
    }

    #[test]
    fn keys_have_a_longest_length() {
        let path = |n: usize| format!("/abc/{}", "%61".repeat(n));
        assert_eq!(resolve("localhost", &path(KEY_BYTES_MAX)), names("abc", &[b'a'; KEY_BYTES_MAX]));
        assert_eq!(resolve("localhost", &path(KEY_BYTES_MAX + 1)), Err(Code::KeyTooLongError));
    }

    #[test]
    fn bucket_names() {
        for good in ["abc", "a-b.c9", "0ab", "1.2.3", "1.2.3.4.5", "favicon.ico", &"a".repeat(63)] {
            assert!(is_valid_bucket(good), "{good}");
        }
        for bad in [
            "",
            "a",
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            ".abc",
            "abc.",
            "a..b",
            "a.-b",
            "a-.b",
            "192.168.5.4",
            "xn--abc",
            "abc-s3alias",
            "abc--x-s3",
            "a b",
            "a/b",
            "ab\0",
            &"a".repeat(64),
        ] {
            assert!(!is_valid_bucket(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn resolving_never_panics(host: String, path: String) {
            let _ = resolve(&host, &path);
        }
    }
}
