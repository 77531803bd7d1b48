//! Reads headers without ambiguity.

use http::{HeaderMap, HeaderValue};

use crate::error::Error;

/// The single value of a header.
///
/// # Errors
/// `InvalidArgument` if the header is repeated or contains bytes outside visible ASCII.
pub fn single<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Error> {
    let Some(value) = single_raw(headers, name)? else { return Ok(None) };
    match value.to_str() {
        Ok(text) => Ok(Some(text.trim())),
        Err(_) => Err(Error::invalid_argument("The header must be visible ASCII", name, to_text(value))),
    }
}

/// The single value of a header, as bytes.
///
/// # Errors
/// `InvalidArgument` if the header is repeated.
pub fn single_raw<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h HeaderValue>, Error> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Error::invalid_argument("The header must not be repeated", name, ""));
    }
    Ok(first)
}

/// A header value as text: each byte becomes the character of that number (ISO 8859-1).
///
/// Object metadata may contain any bytes and must be returned as it was sent, but events carry text. [`from_text`] is
/// the inverse. ASCII is unchanged.
pub fn to_text(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

/// The header value of a text made by [`to_text`]. `None` if it contains characters that no header can.
pub fn from_text(text: &str) -> Option<HeaderValue> {
    if text.is_ascii() {
        return HeaderValue::from_str(text).ok();
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

/// A whole number in decimal digits, without sign or spaces.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    #[test]
    fn a_repeated_header_is_refused() {
        let mut headers = HeaderMap::new();
        headers.append("if-match", HeaderValue::from_static("a"));
        assert_eq!(single(&headers, "if-match").unwrap(), Some("a"));
        headers.append("if-match", HeaderValue::from_static("b"));
        assert_eq!(single(&headers, "if-match").unwrap_err().code(), Code::InvalidArgument);
    }

    #[test]
    fn numbers_are_digits_only() {
        assert_eq!(decimal("042"), Some(42));
        for text in ["", "+1", "-1", " 1", "1 ", "0x1", "99999999999999999999999"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_value_survives_as_text(bytes in proptest::collection::vec(prop_oneof![Just(9_u8), 32_u8..127, 128_u8..=255], 0..40)) {
            let value = HeaderValue::from_bytes(&bytes).unwrap();
            prop_assert_eq!(from_text(&to_text(&value)), Some(value));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = from_text(&text);
            let _ = decimal(&text);
        }
    }
}
