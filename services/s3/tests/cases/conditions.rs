//! Conditional requests.

use jiff::Timestamp;
use proptest::prelude::*;
use s3::Code;
use s3::condition::{Conditions, DeleteConditions, ETAGS_MAX, Outcome, Tags, WriteConditions};

use crate::support::{at, sent};

const BEFORE: &str = "Sun, 22 Nov 2026 19:01:01 GMT";
const SAME: &str = "Sun, 22 Nov 2026 19:01:02 GMT";
const AFTER: &str = "Sun, 22 Nov 2026 19:01:03 GMT";
/// Later than the request, whose time is that of `AFTER`.
const AHEAD: &str = "Sun, 22 Nov 2026 19:01:04 GMT";

/// Fractions of a second do not count: the client knows only whole seconds.
fn modified() -> Timestamp {
    at("2026-11-22T19:01:02.9Z")
}

fn read(pairs: &[(&str, &str)]) -> Outcome {
    let conditions = sent("GET", "/abc/k", pairs).parse(Conditions::parse).unwrap();
    conditions.evaluate("aa", modified(), at("2026-11-22T19:01:03Z"))
}

#[test]
fn reads_by_tag() {
    for tag in ["aa", "\"aa\"", "W/\"aa\"", "*", "\"bb\", \"aa\"", " aa "] {
        assert_eq!(read(&[("if-match", tag)]), Outcome::Proceed, "{tag}");
        assert_eq!(read(&[("if-none-match", tag)]), Outcome::NotModified, "{tag}");
    }
    assert_eq!(read(&[("if-match", "\"bb\"")]), Outcome::PreconditionFailed("If-Match"));
    assert_eq!(read(&[("if-none-match", "\"bb\"")]), Outcome::Proceed);
}

#[test]
fn reads_by_date() {
    let unmodified = Outcome::PreconditionFailed("If-Unmodified-Since");
    for (date, modified_since, unmodified_since) in [
        (BEFORE, Outcome::Proceed, unmodified),
        (SAME, Outcome::NotModified, Outcome::Proceed),
        (AFTER, Outcome::NotModified, Outcome::Proceed),
        (AHEAD, Outcome::Proceed, Outcome::Proceed),
        ("not a date", Outcome::Proceed, Outcome::Proceed),
        ("Sunday, 22-Nov-26 19:01:02 GMT", Outcome::NotModified, Outcome::Proceed),
        ("Sun Nov 22 19:01:02 2026", Outcome::NotModified, Outcome::Proceed),
    ] {
        assert_eq!(read(&[("if-modified-since", date)]), modified_since, "{date}");
        assert_eq!(read(&[("if-unmodified-since", date)]), unmodified_since, "{date}");
    }
}

#[test]
fn a_tag_makes_the_date_moot() {
    assert_eq!(read(&[("if-match", "aa"), ("if-unmodified-since", BEFORE)]), Outcome::Proceed);
    assert_eq!(read(&[("if-none-match", "bb"), ("if-modified-since", AFTER)]), Outcome::Proceed);
    assert_eq!(read(&[("if-none-match", "aa"), ("if-modified-since", BEFORE)]), Outcome::NotModified);
    assert_eq!(read(&[("if-match", "bb"), ("if-none-match", "aa")]), Outcome::PreconditionFailed("If-Match"));
}

#[test]
fn copies_answer_412_where_reads_answer_304() {
    let copy = |name, value| {
        let conditions = sent("PUT", "/abc/k", &[(name, value)]).parse(Conditions::parse_copy_source).unwrap();
        conditions.evaluate_copy_source("aa", modified(), at("2026-11-22T19:01:03Z")).map_err(|error| error.code())
    };
    assert_eq!(copy("x-amz-copy-source-if-match", "aa"), Ok(()));
    assert_eq!(copy("x-amz-copy-source-if-match", "bb"), Err(Code::PreconditionFailed));
    assert_eq!(copy("x-amz-copy-source-if-none-match", "aa"), Err(Code::PreconditionFailed));
    assert_eq!(copy("x-amz-copy-source-if-modified-since", AFTER), Err(Code::PreconditionFailed));
    assert_eq!(copy("x-amz-copy-source-if-unmodified-since", BEFORE), Err(Code::PreconditionFailed));
}

#[test]
fn writes() {
    let write = |name, value, current| {
        let conditions = sent("PUT", "/abc/k", &[(name, value)]).parse(WriteConditions::parse).map_err(|e| e.code())?;
        conditions.evaluate(b"k", current).map_err(|error| error.code())
    };
    assert_eq!(write("if-match", "\"aa\"", Some("aa")), Ok(()));
    assert_eq!(write("if-match", "\"aa\"", Some("bb")), Err(Code::PreconditionFailed));
    assert_eq!(write("if-match", "\"aa\"", None), Err(Code::NoSuchKey));
    assert_eq!(write("if-match", "*", None), Err(Code::NoSuchKey));
    assert_eq!(write("if-none-match", "*", None), Ok(()));
    assert_eq!(write("if-none-match", "*", Some("aa")), Err(Code::PreconditionFailed));
    assert_eq!(write("if-none-match", "bb", Some("aa")), Ok(()));
    assert_eq!(write("if-unmodified-since", AFTER, None), Err(Code::NotImplemented));
}

#[test]
fn deletes() {
    let delete =
        |name, value| sent("DELETE", "/abc/k", &[(name, value)]).parse(DeleteConditions::parse).map_err(|e| e.code());
    let tags = Some(Tags::OneOf(vec!["aa".to_owned()]));
    assert_eq!(delete("if-match", "\"aa\""), Ok(DeleteConditions { if_match: tags, ..DeleteConditions::default() }));
    assert_eq!(
        delete("if-match", "*"),
        Ok(DeleteConditions { if_match: Some(Tags::Any), ..DeleteConditions::default() })
    );
    assert_eq!(
        delete("x-amz-if-match-size", "5"),
        Ok(DeleteConditions { if_match_size: Some(5), ..DeleteConditions::default() })
    );
    let at = Some(s3::date::whole_seconds(modified()));
    for text in [SAME, "2026-11-22T19:01:02Z"] {
        let conditions = DeleteConditions { if_match_last_modified: at, ..DeleteConditions::default() };
        assert_eq!(delete("x-amz-if-match-last-modified-time", text), Ok(conditions), "{text}");
    }
    assert_eq!(delete("x-amz-if-match-last-modified-time", "never"), Err(Code::InvalidArgument));
    assert_eq!(delete("x-amz-if-match-size", "-1"), Err(Code::InvalidArgument));
    assert_eq!(delete("if-none-match", "*"), Err(Code::NotImplemented));
}

#[test]
fn tag_lists_are_bounded_and_not_empty() {
    assert!(Tags::parse("if-match", &vec!["a"; ETAGS_MAX].join(",")).is_ok());
    assert!(Tags::parse("if-match", &vec!["a"; ETAGS_MAX + 1].join(",")).is_err());
    for text in ["", ",", "\"\"", " "] {
        assert!(Tags::parse("if-match", text).is_err(), "{text:?}");
    }
}

/// RFC 9110 section 13.2.2, step by step.
fn model(exists: [Option<bool>; 4]) -> Outcome {
    let [matches, unmodified, none_match, modified] = exists;
    match (matches, unmodified) {
        (Some(false), _) => return Outcome::PreconditionFailed("If-Match"),
        (None, Some(false)) => return Outcome::PreconditionFailed("If-Unmodified-Since"),
        _ => {}
    }
    match (none_match, modified) {
        (Some(false), _) | (None, Some(false)) => Outcome::NotModified,
        _ => Outcome::Proceed,
    }
}

proptest! {
    #[test]
    fn precedence_is_that_of_the_rfc(holds: [Option<bool>; 4]) {
        let tag = |holds: Option<bool>, yes: &str, no: &str| holds.map(|holds| if holds { yes } else { no }.to_owned());
        let pairs = [
            ("if-match", tag(holds[0], "aa", "bb")),
            ("if-unmodified-since", tag(holds[1], AFTER, BEFORE)),
            ("if-none-match", tag(holds[2], "bb", "aa")),
            ("if-modified-since", tag(holds[3], BEFORE, AFTER)),
        ];
        let pairs: Vec<(&str, &str)> = pairs.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
        prop_assert_eq!(read(&pairs), model(holds));
    }
}
