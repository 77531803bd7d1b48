use serde::{Deserialize, Serialize};

/// The precondition of a write on the key's current object (RFC 9110, section 13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Precondition {
    /// `If-Match`: the object's entity tag must be one of these.
    pub matches: Option<ETags>,
    /// `If-None-Match`: the object's entity tag must be none of these.
    pub none_matches: Option<ETags>,
}

/// Entity tags in a precondition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ETags {
    /// `*`: any existing object.
    Any,
    /// These tags, without quotes.
    These(Vec<String>),
}
