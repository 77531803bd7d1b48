//! What a reader asks for, as the query of a URL.

use std::fmt::Write as _;

use events::ids::{InvalidName, UserName};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

use crate::Filter;
use crate::filter::types_named;

/// Events of a page unless fewer are asked for.
pub const LIMIT_USUAL: usize = 100;

/// Events of a page, at most.
pub const LIMIT_MAX: usize = 1_000;

/// Characters of what was sent that an error repeats.
const REPEATED_CHARS_MAX: usize = 60;

/// What is asked of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What comes after this sequence.
    pub after: Option<u64>,
    /// What comes from the first event of this time on.
    pub since: Option<Timestamp>,
    /// How many events at most.
    pub limit: usize,
    /// Which of them.
    pub filter: Filter,
}

/// What is wrong with a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum InvalidQuery {
    #[error(
        "unknown parameter {0:?}; the parameters are `after`, `since`, `bucket`, `prefix`, `type`, `user` and `limit`"
    )]
    Unknown(String),
    #[error("`{0}` is given twice")]
    Twice(&'static str),
    #[error("the value of `{0}` is not UTF-8")]
    Encoding(&'static str),
    #[error("`after` is the sequence of an event, or 0; {0:?} is not")]
    After(String),
    #[error("`since` is a time such as 2026-11-22T13:00:00Z; {0:?} is not")]
    Since(String),
    #[error("`limit` is a number from 1 to {LIMIT_MAX}; {0:?} is not")]
    Limit(String),
    #[error("there is no event of the type {0:?}: see /schemas/")]
    Type(String),
    #[error(transparent)]
    Name(#[from] InvalidName),
}

impl Query {
    /// Parses the part of a URL after its `?`.
    ///
    /// # Errors
    /// [`InvalidQuery`].
    pub fn parse(text: &str) -> Result<Self, InvalidQuery> {
        let mut query = Self { after: None, since: None, limit: LIMIT_USUAL, filter: Filter::default() };
        let mut limit = None;
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "after" => once("after", &mut query.after, sequence(&decoded("after", value)?)?)?,
                "since" => once("since", &mut query.since, time(&decoded("since", value)?)?)?,
                "limit" => once("limit", &mut limit, number(&decoded("limit", value)?)?)?,
                "bucket" => once("bucket", &mut query.filter.bucket, decoded("bucket", value)?.parse()?)?,
                "user" => once("user", &mut query.filter.user, decoded("user", value)?.parse::<UserName>()?)?,
                // Keys are bytes.
                "prefix" => once("prefix", &mut query.filter.prefix, percent_decode_str(value).collect())?,
                "type" => {
                    for name in decoded("type", value)?.split(',') {
                        let types = types_named(name);
                        if types.is_empty() {
                            return Err(InvalidQuery::Type(repeated(name)));
                        }
                        query.filter.types.extend(types);
                    }
                }
                other => return Err(InvalidQuery::Unknown(repeated(other))),
            }
        }
        query.limit = limit.unwrap_or(LIMIT_USUAL);
        Ok(query)
    }

    /// The query of what comes next: the same with another beginning.
    #[must_use]
    pub fn next(&self, after: u64, since: Option<Timestamp>) -> Self {
        Self { after: Some(after), since, ..self.clone() }
    }

    /// The part of a URL after its `?`.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &[u8]| {
            let and = if text.is_empty() { "" } else { "&" };
            // Writing to a string cannot fail.
            let _written = write!(text, "{and}{name}={}", percent_encode(value, NON_ALPHANUMERIC));
        };
        let Filter { bucket, prefix, types, user } = &self.filter;
        if let Some(after) = self.after {
            add("after", after.to_string().as_bytes());
        }
        if let Some(since) = self.since {
            add("since", since.to_string().as_bytes());
        }
        if let Some(bucket) = bucket {
            add("bucket", bucket.as_str().as_bytes());
        }
        if let Some(prefix) = prefix {
            add("prefix", prefix);
        }
        for event_type in types {
            add("type", event_type.as_bytes());
        }
        if let Some(user) = user {
            add("user", user.as_str().as_bytes());
        }
        if self.limit != LIMIT_USUAL {
            add("limit", self.limit.to_string().as_bytes());
        }
        text
    }
}

fn once<T>(name: &'static str, place: &mut Option<T>, value: T) -> Result<(), InvalidQuery> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(InvalidQuery::Twice(name)),
    }
}

fn decoded(name: &'static str, value: &str) -> Result<String, InvalidQuery> {
    let value = percent_decode_str(value).decode_utf8().map_err(|_| InvalidQuery::Encoding(name))?;
    Ok(value.into_owned())
}

fn repeated(text: &str) -> String {
    text.chars().take(REPEATED_CHARS_MAX).collect()
}

/// Only digits: zero-padded, as events have it, too.
fn sequence(text: &str) -> Result<u64, InvalidQuery> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).ok_or_else(|| InvalidQuery::After(repeated(text)))
}

fn time(text: &str) -> Result<Timestamp, InvalidQuery> {
    text.parse().map_err(|_| InvalidQuery::Since(repeated(text)))
}

fn number(text: &str) -> Result<usize, InvalidQuery> {
    let number = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    number.ok_or_else(|| InvalidQuery::Limit(repeated(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_part_is_read_and_written_again() {
        let text = "after=00000000000000000017&since=2026-11-22T13%3A00%3A00%2B01:00&bucket=photos&prefix=a%2F%FF&\
                    type=object.created,upload&user=ada&limit=7";
        let query = Query::parse(text).unwrap();
        assert_eq!((query.after, query.limit), (Some(17), 7));
        assert_eq!(query.since, Some("2026-11-22T12:00:00Z".parse().unwrap()));
        assert_eq!(query.filter.prefix.as_deref(), Some(&b"a/\xff"[..]));
        assert_eq!(query.filter.types.len(), 5, "one of a verb, four of a noun");
        assert_eq!(Query::parse(&query.text()), Ok(query.clone()));
        assert_eq!(Query::parse(&query.next(20, None).text()).unwrap().after, Some(20));
        assert_eq!(Query::parse("").unwrap().text(), "");
    }

    #[test]
    fn types_are_named_in_four_ways() {
        let named = |text: &str| types_named(text);
        let created = ["io.planetstore.object.created.v1"];
        for name in ["io.planetstore.object.created.v1", "object.created.v1", "object.created"] {
            assert_eq!(named(name), created);
        }
        assert!(named("object").len() > 5 && named("object").contains(&created[0]));
        for none in ["", "created", "object.", "object.created.v2", "Object"] {
            assert_eq!(named(none), [""; 0], "{none}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        use InvalidQuery as E;
        let wrong = |text| Query::parse(text).unwrap_err();
        assert_eq!(wrong("x=1"), E::Unknown("x".into()));
        assert_eq!(wrong("after=1&after=2"), E::Twice("after"));
        for text in ["after=", "after=-1", "after=+1", "after=18446744073709551616", "after=x"] {
            assert!(matches!(wrong(text), E::After(_)), "{text}");
        }
        for text in ["since=", "since=2h", "since=2026-11-22", "since=1"] {
            assert!(matches!(wrong(text), E::Since(_)), "{text}");
        }
        for text in ["limit=0", "limit=1001", "limit=", "limit=x"] {
            assert!(matches!(wrong(text), E::Limit(_)), "{text}");
        }
        assert_eq!(wrong("type=object.creatd"), E::Type("object.creatd".into()));
        assert_eq!(wrong("user=%FF"), E::Encoding("user"));
        assert!(matches!(wrong("bucket=A"), E::Name(_)) && matches!(wrong("user=a%20b"), E::Name(_)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}") {
            if let Ok(query) = Query::parse(&text) {
                prop_assert_eq!(Query::parse(&query.text()), Ok(query));
            }
        }
    }
}
