use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{InvalidName, text_form};

/// A bucket's name by S3's rules for general purpose buckets: 3 to 63 of `a-z 0-9 . -`, labels that start
/// and end with a letter or digit, and not the form of an IPv4 address.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(Arc<str>);

impl BucketName {
    const CHARS_MIN: usize = 3;
    const CHARS_MAX: usize = 63;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn check(text: &str) -> Result<(), &'static str> {
        if !(Self::CHARS_MIN..=Self::CHARS_MAX).contains(&text.len()) {
            return Err("it has 3 to 63 characters");
        }
        if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-') {
            return Err("its characters are a-z, 0-9, '.' and '-'");
        }
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_alphanumeric());
        if !text.split('.').all(|label| edge(label.bytes().next()) && edge(label.bytes().last())) {
            return Err("each of its labels begins and ends with a letter or a digit");
        }
        if text.parse::<std::net::Ipv4Addr>().is_ok() {
            return Err("it does not look like an IP address");
        }
        Ok(())
    }
}

impl FromStr for BucketName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::check(text).map_err(|why| InvalidName::new("bucket name", text, why))?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(BucketName, "BucketName", "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "the name of a bucket");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_s3_accepts_and_nothing_else() {
        for good in ["abc", "my-bucket.logs", "1.2.3", "a".repeat(63).as_str(), "x--y"] {
            assert!(good.parse::<BucketName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "Abc",
            "a_b",
            "-abc",
            "abc-",
            "a..b",
            ".abc",
            "a.-b",
            "192.168.0.1",
            "a/b",
            "a".repeat(64).as_str(),
        ] {
            assert!(bad.parse::<BucketName>().is_err(), "{bad}");
        }
    }
}
