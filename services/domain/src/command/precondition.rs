/// The precondition of a write on the key's current object (RFC 9110, section 13).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Precondition {
    /// `If-Match`: one of these must be its entity tag.
    pub matches: Option<ETags>,
    /// `If-None-Match`: none of these may be.
    pub none_matches: Option<ETags>,
}

/// Entity tags in a precondition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ETags {
    /// `*`: any object at all.
    Any,
    /// These, without quotes.
    These(Vec<String>),
}
