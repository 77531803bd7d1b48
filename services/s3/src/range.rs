//! The `Range` header. Source: RFC 9110 section 14, as Amazon S3 reads it.

use std::fmt;

use crate::error::Error;
use crate::header::decimal;

/// A range as requested, before the size is known. Positions are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// `bytes=first-last`, both included.
    FromTo(u64, u64),
    /// `bytes=first-`.
    From(u64),
    /// `bytes=-length`: the last `length` bytes.
    Last(u64),
}

/// A range within an object: never empty, `start < end <= size`. Positions in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The first byte.
    pub start: u64,
    /// The position after the last byte.
    pub end: u64,
    /// The size of the whole object in bytes.
    pub size: u64,
}

impl Range {
    /// Parses a `Range` header. `None` for values that S3 ignores, answering with the whole object: other units,
    /// several ranges, `last < first`, spaces within, anything malformed.
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, spec) = text.trim().split_once('=')?;
        if !unit.eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = spec.split_once('-')?;
        match (first, last) {
            ("", last) => decimal(last).map(Self::Last),
            (first, "") => decimal(first).map(Self::From),
            (first, last) => {
                let (first, last) = (decimal(first)?, decimal(last)?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    /// Parses `x-amz-copy-source-range`, which must be `bytes=first-last`.
    ///
    /// # Errors
    /// `InvalidArgument` for any other form.
    pub fn parse_copy_source(text: &str) -> Result<Self, Error> {
        match Self::parse(text) {
            Some(range @ Self::FromTo(..)) => Ok(range),
            _ => Err(Error::invalid_argument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
                "x-amz-copy-source-range",
                text,
            )),
        }
    }

    /// Resolves the range in an object of `size` bytes. A suffix longer than the object is the whole object.
    ///
    /// # Errors
    /// `InvalidRange` if no byte of the object is in the range.
    pub fn resolve(self, size: u64) -> Result<Resolved, Error> {
        let (start, end) = match self {
            Self::FromTo(first, last) => (first, last.saturating_add(1).min(size)),
            Self::From(first) => (first, size),
            Self::Last(length) => (size.saturating_sub(length), size),
        };
        if start < end { Ok(Resolved { start, end, size }) } else { Err(Error::invalid_range(&self.to_string(), size)) }
    }

    /// As [`Range::resolve`], for reads. `None` is the whole object: a suffix of an empty one is satisfiable, but no
    /// `Content-Range` can name zero bytes (RFC 9110 section 14.1.2).
    ///
    /// # Errors
    /// `InvalidRange` if no byte of the object is in the range.
    pub fn select(self, size: u64) -> Result<Option<Resolved>, Error> {
        match self {
            Self::Last(1..) if size == 0 => Ok(None),
            _ => self.resolve(size).map(Some),
        }
    }

    /// As [`Range::resolve`] for a copy source, which must lie wholly within the object.
    ///
    /// # Errors
    /// `InvalidRange` if the range reaches past the end.
    pub fn resolve_within(self, size: u64) -> Result<Resolved, Error> {
        match self {
            Self::FromTo(_, last) if last >= size => Err(Error::invalid_range(&self.to_string(), size)),
            _ => self.resolve(size),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromTo(first, last) => write!(f, "bytes={first}-{last}"),
            Self::From(first) => write!(f, "bytes={first}-"),
            Self::Last(length) => write!(f, "bytes=-{length}"),
        }
    }
}

impl Resolved {
    /// The number of bytes in the range.
    #[expect(clippy::len_without_is_empty, reason = "a resolved range is never empty")]
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }

    /// The `Content-Range` header, e.g. `bytes 0-4/10`.
    pub fn content_range(&self) -> String {
        format!("bytes {}-{}/{}", self.start, self.end.saturating_sub(1), self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use proptest::prelude::*;

    #[test]
    fn what_is_malformed_is_ignored() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=a-b",
            "bytes=5-4",
            "bytes=0-1,3-4",
            "lines=0-1",
            "bytes=+1-2",
            "bytes=--1",
            "bytes=0--1",
            "bytes=,",
            "bytes= -1",
            "bytes=- 1",
            "bytes= 0-1",
            "bytes=0 -1",
            "bytes =0-1",
        ] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
        assert_eq!(Range::parse("Bytes=00-04 "), Some(Range::FromTo(0, 4)));
    }

    #[test]
    fn a_suffix_of_an_empty_object_is_all_of_it() {
        assert_eq!(Range::Last(1).select(0), Ok(None));
        for range in [Range::Last(0), Range::From(0), Range::FromTo(0, 0)] {
            assert_eq!(range.select(0).unwrap_err().code(), Code::InvalidRange, "{range}");
        }
        assert_eq!(Range::Last(1).select(2), Range::Last(1).resolve(2).map(Some));
    }

    #[test]
    fn a_suffix_longer_than_the_object_is_all_of_it() {
        let resolved = Range::Last(262_144).resolve(10).unwrap();
        assert_eq!(resolved.content_range(), "bytes 0-9/10");
    }

    #[test]
    fn past_the_end_is_refused_with_the_size() {
        let error = Range::From(10).resolve(10).unwrap_err();
        assert_eq!(error.code(), Code::InvalidRange);
        let details: Vec<_> = error.details().collect();
        assert_eq!(details, [("RangeRequested", "bytes=10-"), ("ActualObjectSize", "10")]);
        assert!(Range::Last(0).resolve(10).is_err());
        assert!(Range::Last(5).resolve(0).is_err());
        assert!(Range::FromTo(0, u64::MAX).resolve(1).is_ok());
    }

    #[test]
    fn a_copy_source_range_must_lie_within() {
        assert!(Range::parse_copy_source("bytes=0-").is_err());
        assert!(Range::FromTo(0, 10).resolve_within(10).is_err());
        assert_eq!(Range::FromTo(0, 9).resolve_within(10).unwrap().len(), 10);
    }

    fn model(range: Range, size: u64) -> Vec<u64> {
        let wanted = |at: u64| match range {
            Range::FromTo(first, last) => first <= at && at <= last,
            Range::From(first) => first <= at,
            Range::Last(length) => size - at <= length,
        };
        (0..size).filter(|&at| wanted(at)).collect()
    }

    proptest! {
        #[test]
        fn resolves_to_the_bytes_a_filter_would_keep(first in 0_u64..40, second in 0_u64..40, size in 0_u64..40) {
            for range in [Range::FromTo(first, first + second), Range::From(first), Range::Last(first)] {
                let kept = range.resolve(size).map(|r| (r.start..r.end).collect::<Vec<_>>()).unwrap_or_default();
                prop_assert_eq!(kept, model(range, size));
                prop_assert_eq!(Range::parse(&range.to_string()), Some(range));
            }
        }

        #[test]
        fn parsing_never_panics(text: String) {
            let _ = Range::parse(&text);
        }
    }
}
