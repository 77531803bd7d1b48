use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{InvalidName, text_form};

/// A region's name: 1 to 32 of `a-z 0-9 -`, so that it can be a subject token, a host label and a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionName(Arc<str>);

impl RegionName {
    const CHARS_MAX: usize = 32;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The rule for names of regions and nodes: a lower-case label.
pub(super) fn is_label(text: &str, chars_max: usize) -> bool {
    (1..=chars_max).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl FromStr for RegionName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_label(text, Self::CHARS_MAX) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("region name", text, "it has 1 to 32 of a-z, 0-9 and '-', no '-' at its ends"))
        }
    }
}

impl fmt::Display for RegionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(RegionName, "RegionName", "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", "the name of a region");
