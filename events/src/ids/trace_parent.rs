use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{InvalidName, text_form};

/// A W3C trace context in the form of version 00. It comes from a client's header: what is not in this form
/// must not reach the log.
///
/// Source: <https://www.w3.org/TR/trace-context/#traceparent-header>
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TraceParent(Arc<str>);

impl TraceParent {
    const CHARS: usize = 55;
    /// Hex digits of version, trace id, parent id and flags.
    const FIELDS: [usize; 4] = [2, 32, 16, 2];

    /// The context as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_well_formed(text: &str) -> bool {
        // The text has exactly four fields of these lengths and their hyphens.
        text.len() == Self::CHARS
            && text.split('-').zip(Self::FIELDS).all(|(field, digits)| {
                field.len() == digits && field.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            })
    }
}

impl FromStr for TraceParent {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if Self::is_well_formed(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("traceparent", text, "it has four fields of lower-case hex: 2, 32, 16 and 2 digits"))
        }
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

text_form!(
    TraceParent,
    "TraceParent",
    "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
    "the W3C trace context of the request"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_form_of_version_00_only() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(good.parse::<TraceParent>().unwrap().to_string(), good);
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c0b7ad6b716920333-101",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-\u{fc}",
        ] {
            assert!(bad.parse::<TraceParent>().is_err(), "{bad}");
        }
    }
}
