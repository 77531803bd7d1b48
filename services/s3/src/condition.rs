//! Conditional requests. Source: RFC 9110 section 13, and what Amazon S3 documents for writes.

use jiff::Timestamp;

use crate::date;
use crate::error::{Code, Error};
use crate::etag::unquote;
use crate::request::Head;

/// The maximum number of entity tags in one header.
pub const ETAGS_MAX: usize = 64;

/// The entity tags of `If-Match` or `If-None-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tags {
    /// `*`: any existing object.
    Any,
    /// Entity tags without quotes. A weak tag loses its mark: S3 has only strong tags.
    OneOf(Vec<String>),
}

impl Tags {
    /// Parses a list of entity tags, quoted or not.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty list or more than [`ETAGS_MAX`].
    pub fn parse(name: &'static str, text: &str) -> Result<Self, Error> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let tags: Vec<String> = text
            .split(',')
            .map(|tag| unquote(tag.trim().trim_start_matches("W/")).to_owned())
            .filter(|tag| !tag.is_empty())
            .take(ETAGS_MAX + 1)
            .collect();
        if tags.is_empty() || tags.len() > ETAGS_MAX {
            return Err(Error::invalid_argument("The header must hold entity tags", name, text));
        }
        Ok(Self::OneOf(tags))
    }

    /// Whether the tags include this entity tag (without quotes).
    pub fn matches(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(tags) => tags.iter().any(|tag| tag == etag),
        }
    }
}

/// The outcome of a read's conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Answer as if there were no conditions.
    Proceed,
    /// 304 without a body.
    NotModified,
    /// 412; the header that failed.
    PreconditionFailed(&'static str),
}

/// The conditions of a read, or of the source of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<Tags>,
    /// `If-None-Match`.
    pub if_none_match: Option<Tags>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<Timestamp>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<Timestamp>,
}

impl Conditions {
    /// Parses the four headers. A malformed date is ignored, as RFC 9110 requires.
    ///
    /// # Errors
    /// `InvalidArgument` for a header that is repeated or a malformed tag list.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        Self::parse_named(head, ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"])
    }

    /// Reads the four `x-amz-copy-source-if-*` headers.
    ///
    /// # Errors
    /// As [`Conditions::parse`].
    pub fn parse_copy_source(head: &Head<'_>) -> Result<Self, Error> {
        Self::parse_named(
            head,
            [
                "x-amz-copy-source-if-match",
                "x-amz-copy-source-if-none-match",
                "x-amz-copy-source-if-modified-since",
                "x-amz-copy-source-if-unmodified-since",
            ],
        )
    }

    /// Reads the four `x-amz-rename-source-if-*` headers.
    ///
    /// # Errors
    /// As [`Conditions::parse`].
    pub fn parse_rename_source(head: &Head<'_>) -> Result<Self, Error> {
        Self::parse_named(
            head,
            [
                "x-amz-rename-source-if-match",
                "x-amz-rename-source-if-none-match",
                "x-amz-rename-source-if-modified-since",
                "x-amz-rename-source-if-unmodified-since",
            ],
        )
    }

    fn parse_named(head: &Head<'_>, names: [&'static str; 4]) -> Result<Self, Error> {
        let tags = |name| head.text(name)?.map(|text| Tags::parse(name, text)).transpose();
        let instant = |name| Ok::<_, Error>(head.text(name)?.and_then(date::parse_lenient));
        Ok(Self {
            if_match: tags(names[0])?,
            if_none_match: tags(names[1])?,
            if_modified_since: instant(names[2])?,
            if_unmodified_since: instant(names[3])?,
        })
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Evaluates the conditions for an existing object, in the order of RFC 9110 section 13.2.2: a tag condition
    /// overrides the date condition beside it. A date after `now` is ignored, as in S3, because changes until then are
    /// unknown. `etag` is without quotes.
    pub fn evaluate(&self, etag: &str, last_modified: Timestamp, now: Timestamp) -> Outcome {
        let last_modified = date::whole_seconds(last_modified);
        match (&self.if_match, self.if_unmodified_since) {
            (Some(tags), _) if !tags.matches(etag) => return Outcome::PreconditionFailed("If-Match"),
            (None, Some(since)) if last_modified > since => return Outcome::PreconditionFailed("If-Unmodified-Since"),
            _ => {}
        }
        match (&self.if_none_match, self.if_modified_since.filter(|since| *since <= now)) {
            (Some(tags), _) if tags.matches(etag) => Outcome::NotModified,
            (None, Some(since)) if last_modified <= since => Outcome::NotModified,
            _ => Outcome::Proceed,
        }
    }

    /// Evaluates the conditions for the source of a rename: each failed one is a 412.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub fn evaluate_rename_source(&self, etag: &str, last_modified: Timestamp, now: Timestamp) -> Result<(), Error> {
        match self.evaluate(etag, last_modified, now) {
            Outcome::Proceed => Ok(()),
            Outcome::NotModified if self.if_none_match.is_some() => {
                Err(Error::precondition_failed("x-amz-rename-source-if-none-match"))
            }
            Outcome::NotModified => Err(Error::precondition_failed("x-amz-rename-source-if-modified-since")),
            Outcome::PreconditionFailed("If-Match") => Err(Error::precondition_failed("x-amz-rename-source-if-match")),
            Outcome::PreconditionFailed(_) => {
                Err(Error::precondition_failed("x-amz-rename-source-if-unmodified-since"))
            }
        }
    }

    /// Evaluates the conditions for the source of a copy, where S3 answers 412 also where a read answers 304.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub fn evaluate_copy_source(&self, etag: &str, last_modified: Timestamp, now: Timestamp) -> Result<(), Error> {
        match self.evaluate(etag, last_modified, now) {
            Outcome::Proceed => Ok(()),
            Outcome::NotModified => Err(Error::precondition_failed(if self.if_none_match.is_some() {
                "x-amz-copy-source-If-None-Match"
            } else {
                "x-amz-copy-source-If-Modified-Since"
            })),
            Outcome::PreconditionFailed("If-Match") => Err(Error::precondition_failed("x-amz-copy-source-If-Match")),
            Outcome::PreconditionFailed(_) => Err(Error::precondition_failed("x-amz-copy-source-If-Unmodified-Since")),
        }
    }
}

/// The conditions of a write: the compare-and-swap of S3.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteConditions {
    /// `If-Match`: replace only an object with this tag.
    pub if_match: Option<Tags>,
    /// `If-None-Match`: `*` only creates.
    pub if_none_match: Option<Tags>,
}

impl WriteConditions {
    /// Parses `If-Match` and `If-None-Match`. `If-Modified-Since` has no meaning on a write (RFC 9110 section 13.1.3).
    ///
    /// # Errors
    /// `InvalidArgument` for a header that is repeated or malformed; `NotImplemented` for `If-Unmodified-Since`, which
    /// S3 does not have on writes: ignoring it would drop a safeguard.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        if head.text("if-unmodified-since")?.is_some() {
            return Err(Error::not_implemented("the header if-unmodified-since on a write"));
        }
        let conditions = Conditions::parse(head)?;
        Ok(Self { if_match: conditions.if_match, if_none_match: conditions.if_none_match })
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Evaluates the conditions for the current object: its entity tag without quotes, or `None` if there is no object
    /// (or a delete marker).
    ///
    /// # Errors
    /// `NoSuchKey` for `If-Match` without an object, else `PreconditionFailed`.
    pub fn evaluate(&self, key: &[u8], current: Option<&str>) -> Result<(), Error> {
        if let Some(tags) = &self.if_match {
            match current {
                None => return Err(Error::no_such_key(key)),
                Some(etag) if !tags.matches(etag) => return Err(Error::precondition_failed("If-Match")),
                Some(_) => {}
            }
        }
        match (&self.if_none_match, current) {
            (Some(tags), Some(etag)) if tags.matches(etag) => Err(Error::precondition_failed("If-None-Match")),
            _ => Ok(()),
        }
    }
}

/// The conditions of a delete. The caller checks them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteConditions {
    /// `If-Match`: the entity tag the object must have; `*` for any.
    pub if_match: Option<Tags>,
    /// `x-amz-if-match-last-modified-time`.
    pub if_match_last_modified: Option<Timestamp>,
    /// `x-amz-if-match-size`, in bytes.
    pub if_match_size: Option<u64>,
}

impl DeleteConditions {
    /// Reads the three headers.
    ///
    /// # Errors
    /// `InvalidArgument` for one that is repeated or malformed.
    pub fn parse(head: &Head<'_>) -> Result<Self, Error> {
        let conditions = WriteConditions::parse(head)?;
        if conditions.if_none_match.is_some() {
            return Err(Error::not_implemented("the header if-none-match on a delete"));
        }
        let if_match_last_modified = match head.text("x-amz-if-match-last-modified-time")? {
            None => None,
            Some(text) => Some(date::parse_lenient(text).ok_or_else(|| {
                Error::invalid_argument("The header must be a date", "x-amz-if-match-last-modified-time", text)
            })?),
        };
        let if_match_size = head.number("x-amz-if-match-size")?;
        Ok(Self { if_match: conditions.if_match, if_match_last_modified, if_match_size })
    }

    /// Whether there are no conditions.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The error of a read whose conditions did not hold.
impl Outcome {
    /// `Ok` if the request may proceed.
    ///
    /// # Errors
    /// `NotModified` or `PreconditionFailed`.
    pub fn into_result(self) -> Result<(), Error> {
        match self {
            Self::Proceed => Ok(()),
            Self::NotModified => Err(Error::new(Code::NotModified)),
            Self::PreconditionFailed(condition) => Err(Error::precondition_failed(condition)),
        }
    }
}
