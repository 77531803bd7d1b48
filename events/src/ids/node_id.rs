use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::region::is_label;
use super::{InvalidName, text_form};

/// A storage node's name: 1 to 32 of `a-z 0-9 -`. It lives in the node's data folder and never changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Arc<str>);

impl NodeId {
    const CHARS_MAX: usize = 32;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        if is_label(text, Self::CHARS_MAX) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidName::new("node name", text, "it has 1 to 32 of a-z, 0-9 and '-', no '-' at its ends"))
        }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

text_form!(NodeId, "NodeId", "^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", "the name of a storage node");
