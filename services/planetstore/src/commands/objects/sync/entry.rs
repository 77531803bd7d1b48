//! What both sides are lists of.

use jiff::Timestamp;

use crate::commands::objects::pages::Object;

/// A key below the place that is synchronised, and what it has, the oldest first. A file is its own only version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) states: Vec<State>,
}

/// A version of an object, a delete marker or a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct State {
    pub(super) size: u64,
    /// Without quotes; empty for a file.
    pub(super) etag: String,
    pub(super) modified: Option<Timestamp>,
    pub(super) version: Option<String>,
    /// It is a delete marker.
    pub(super) is_deleted: bool,
}

/// What a list finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Entry(Entry),
    /// Something that S3 has no form for, and why.
    Skipped(String, &'static str),
    /// Something that cannot be read, and why.
    Failed(String, String),
}

impl From<Object> for State {
    fn from(object: Object) -> Self {
        Self {
            size: object.size,
            etag: object.etag,
            modified: object.modified.parse().ok(),
            version: object.version,
            is_deleted: object.is_deleted,
        }
    }
}

/// Whether two states are the same, as far as lists tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    Same,
    Different,
    /// They have the same size and other entity tags, which need not be made of the bytes alone.
    Unknown,
}

impl State {
    pub(super) fn like(&self, other: &Self) -> Likeness {
        match (self.is_deleted, other.is_deleted) {
            (true, true) => Likeness::Same,
            (false, false) if self.size != other.size => Likeness::Different,
            (false, false) if self.etag == other.etag => Likeness::Same,
            (false, false) => Likeness::Unknown,
            _ => Likeness::Different,
        }
    }

    /// How many parts the entity tag says that the object was uploaded in; `None` if it was uploaded whole.
    pub(super) fn parts(&self) -> Option<u64> {
        let (digest, parts) = self.etag.split_once('-')?;
        if is_md5(digest) { parts.parse().ok() } else { None }
    }
}

/// Whether a text has the form of an MD5 in hex.
pub(super) fn is_md5(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_tell_first_and_entity_tags_of_equal_sizes_need_not_be_of_the_bytes() {
        let of = |size, etag: &str| State { size, etag: etag.into(), ..State::default() };
        let marker = State { is_deleted: true, ..State::default() };
        assert_eq!(of(1, "a").like(&of(2, "a")), Likeness::Different);
        assert_eq!(of(1, "a").like(&of(1, "a")), Likeness::Same);
        assert_eq!(of(1, "a").like(&of(1, "b")), Likeness::Unknown);
        assert_eq!((marker.like(&marker), marker.like(&of(0, ""))), (Likeness::Same, Likeness::Different));
    }

    #[test]
    fn entity_tags_tell_how_many_parts_there_were() {
        let parts = |etag: &str| State { etag: etag.into(), ..State::default() }.parts();
        assert_eq!(parts("0123456789abcdef0123456789abcdef-12"), Some(12));
        for whole in ["0123456789abcdef0123456789abcdef", "opaque-3", ""] {
            assert_eq!(parts(whole), None, "{whole}");
        }
    }
}
