//! Tags of buckets and objects: which are allowed, and their form in a header.
//!
//! Source: "Categorizing your objects using tags" and "Using cost allocation S3 bucket tags", Amazon S3 User Guide.

use std::collections::BTreeMap;

use crate::encoding::{self, Plus};
use crate::error::{Code, Error};
use crate::request::Head;

/// Tags by their keys.
pub type Tags = BTreeMap<String, String>;

/// The maximum number of tags of an object.
pub const OBJECT_TAGS_MAX: usize = 10;
/// The maximum number of tags of a bucket.
pub const BUCKET_TAGS_MAX: usize = 50;
/// The longest key of a tag, in units of UTF-16, as S3 counts.
pub const TAG_KEY_UNITS_MAX: usize = 128;
/// The longest value of a tag, in units of UTF-16.
pub const TAG_VALUE_UNITS_MAX: usize = 256;

/// The header with the tags of a new object.
pub(crate) const HEADER: &str = "x-amz-tagging";

/// The kind of resource with the tags, which limits their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A bucket.
    Bucket,
    /// An object.
    Object,
}

impl Carrier {
    const fn tags_max(self) -> usize {
        match self {
            Self::Bucket => BUCKET_TAGS_MAX,
            Self::Object => OBJECT_TAGS_MAX,
        }
    }

    const fn noun(self) -> &'static str {
        match self {
            Self::Bucket => "Bucket",
            Self::Object => "Object",
        }
    }
}

/// Adds a tag to the others.
///
/// # Errors
/// `InvalidTag` for a key or a value that is not allowed, a repeated key, and one tag too many.
pub(crate) fn add(tags: &mut Tags, carrier: Carrier, key: String, value: String) -> Result<(), Error> {
    let invalid = |why: String| Err(Error::with_message(Code::InvalidTag, why).detail("TagKey", key.as_str()));
    if key.is_empty() || key.encode_utf16().count() > TAG_KEY_UNITS_MAX || !key.chars().all(is_allowed) {
        return invalid(format!(
            "The TagKey you have provided is invalid: it takes 1 to {TAG_KEY_UNITS_MAX} letters, digits, spaces and \
             any of + - = . _ : / @"
        ));
    }
    if value.encode_utf16().count() > TAG_VALUE_UNITS_MAX || !value.chars().all(is_allowed) {
        return invalid(format!(
            "The TagValue you have provided is invalid: it takes at most {TAG_VALUE_UNITS_MAX} letters, digits, spaces \
             and any of + - = . _ : / @"
        ))
        .map_err(|error| error.detail("TagValue", value));
    }
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return invalid("System tags cannot be added/updated by requester".to_owned());
    }
    if tags.contains_key(&key) {
        return invalid("Cannot provide multiple Tags with the same key".to_owned());
    }
    if tags.len() == carrier.tags_max() {
        let message = format!("{} tags cannot be greater than {}", carrier.noun(), carrier.tags_max());
        return Err(Error::with_message(Code::InvalidTag, message));
    }
    tags.insert(key, value);
    Ok(())
}

fn is_allowed(character: char) -> bool {
    character.is_alphanumeric()
        || (character.is_whitespace() && !character.is_control())
        || "+-=._:/@".contains(character)
}

/// Parses tags in the form of `x-amz-tagging`: a query string, where a key without `=` has an empty value.
///
/// # Errors
/// `InvalidArgument` for a malformed query string and for a repeated key, `InvalidTag` for tags that no object may
/// have.
pub fn parse_header(text: &str) -> Result<Tags, Error> {
    let mut tags = Tags::new();
    let malformed = || {
        let message = "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters \
                       without tag name duplicates.";
        Error::invalid_argument(message, HEADER, text)
    };
    let decoded = |raw: &str| {
        let bytes = encoding::decode(raw.as_bytes(), Plus::Space).map(std::borrow::Cow::into_owned);
        bytes.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(malformed)
    };
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let key = decoded(key)?;
        if tags.contains_key(&key) {
            return Err(malformed());
        }
        add(&mut tags, Carrier::Object, key, decoded(value)?)?;
    }
    Ok(tags)
}

impl Head<'_> {
    /// The tags in the headers for the new object.
    ///
    /// # Errors
    /// As [`parse_header`].
    pub fn tags(&self) -> Result<Tags, Error> {
        self.text(HEADER)?.map_or_else(|| Ok(Tags::new()), parse_header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> Code {
        parse_header(text).unwrap_err().code()
    }

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_header_is_a_query_string() {
        assert_eq!(parse_header("").unwrap(), Tags::new());
        assert_eq!(parse_header("foo=bar&bar").unwrap(), tags(&[("bar", ""), ("foo", "bar")]));
        assert_eq!(parse_header("a%20b=c+d&e=f=g&").unwrap(), tags(&[("a b", "c d"), ("e", "f=g")]));
        assert_eq!(parse_header("%C3%BC=1").unwrap(), tags(&[("\u{fc}", "1")]));
        for broken in ["a=%", "%FF=1", "a=%G0", "a=1&a=2", "a=1&%61=1"] {
            assert_eq!(code(broken), Code::InvalidArgument, "{broken}");
        }
    }

    #[test]
    fn what_no_tag_may_be_is_refused() {
        for bad in ["=a", "a=%00", "a%0A=1", "a=%3C", "aws:a=1", "AWS:a=1", "a=%F0%9F%98%80"] {
            assert_eq!(code(bad), Code::InvalidTag, "{bad}");
        }
    }

    #[test]
    fn limits_hold_to_the_unit() {
        let of = |count: usize| (0..count).map(|number| format!("k{number}=v")).collect::<Vec<_>>().join("&");
        assert_eq!(parse_header(&of(OBJECT_TAGS_MAX)).unwrap().len(), OBJECT_TAGS_MAX);
        assert_eq!(code(&of(OBJECT_TAGS_MAX + 1)), Code::InvalidTag);
        let pair = |key: usize, value: usize| format!("{}={}", "k".repeat(key), "v".repeat(value));
        assert!(parse_header(&pair(TAG_KEY_UNITS_MAX, TAG_VALUE_UNITS_MAX)).is_ok());
        assert_eq!(code(&pair(TAG_KEY_UNITS_MAX + 1, 1)), Code::InvalidTag);
        assert_eq!(code(&pair(1, TAG_VALUE_UNITS_MAX + 1)), Code::InvalidTag);
        let mut bucket = Tags::new();
        for number in 0..BUCKET_TAGS_MAX {
            add(&mut bucket, Carrier::Bucket, format!("k{number}"), String::new()).unwrap();
        }
        assert!(add(&mut bucket, Carrier::Bucket, "more".into(), String::new()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_is_within_the_limits(text in "([a-z%&=+]|%[0-9A-F]{2}|.){0,60}") {
            if let Ok(tags) = parse_header(&text) {
                prop_assert!(tags.len() <= OBJECT_TAGS_MAX);
                prop_assert!(tags.keys().all(|key| !key.is_empty() && key.chars().all(is_allowed)));
            }
        }
    }
}
