//! Who did what: events by person, by access key and by what they are about, the newest first.

use std::borrow::Cow;

use events::ids::{AuthType, BucketName, ObjectKey, UserName};
use feed::{Entry, Filter, LIMIT_MAX, LIMIT_USUAL};
use jiff::Timestamp;
use ledger::AuditQuery;
use percent_encoding::percent_decode_str;
use schemars::JsonSchema;
use serde::Serialize;

use super::summary::summary;
use super::viewer::Viewer;
use super::{BUCKET, in_query};
use crate::api::access::{Access, Caller};
use crate::api::answer::Answer;
use crate::api::asked::Asked;
use crate::api::method::Method;
use crate::api::operation::{Handler, Operation, Parameter};
use crate::api::refusal::Refusal;

const AUDIT: &str = "/api/v1/audit";

const KEY: Parameter = in_query("key", "string", "Only events about this key of the bucket");
const PREFIX: Parameter = in_query("prefix", "string", "Only events about keys with this prefix");
const USER: Parameter = in_query(
    "user",
    "string",
    "Only events that this user caused, with a session or with a key that belonged to the user then",
);
const ACCESS_KEY: Parameter =
    in_query("access_key", "string", "Only events that a request with this access key caused");
const SINCE: Parameter = in_query("since", "string", "Only events from this time on (RFC 3339)");
const BEFORE: Parameter = in_query(
    "before",
    "string",
    "Only events before this sequence, such as `next` of a page, or before this time (RFC 3339)",
);
const LIMIT: Parameter =
    in_query("limit", "integer", "The maximum number of entries of a page, 1 to 1000; 100 by default");

pub(super) fn operation() -> Operation {
    let get = Handler::Known(Access::Known, |asked, caller| Box::pin(get(asked, caller)));
    Operation::new(
        "getAudit",
        Method::Get,
        AUDIT,
        get,
        "Show who did what, the newest first. The right `planetstore:ReadEvents` shows all entries; other callers see \
         entries about keys that they may list",
    )
    .gives::<Audit>()
    .knows(&[BUCKET, KEY, PREFIX, USER, ACCESS_KEY, SINCE, BEFORE, LIMIT])
}

/// A page of the audit trail.
#[derive(Serialize, JsonSchema)]
struct Audit {
    /// The sequence of the last event that was searched.
    as_of: u64,
    /// The newest first.
    entries: Vec<Done>,
    /// The value of `before` for the next page; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

/// An event in the form of the audit trail.
#[derive(Serialize, JsonSchema)]
struct Done {
    sequence: u64,
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    /// The type of the event.
    #[serde(rename = "type")]
    event_type: &'static str,
    /// The bucket that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<BucketName>,
    /// The key or the name of the other resource that the event is about.
    subject: String,
    /// The user or the part of the store that caused the event, or `anonymous`; `null` if that is not known.
    user: Option<String>,
    /// The access key that was used, if one was.
    key: Option<String>,
    /// The address that the request came from; `null` unless the operator had addresses recorded and the caller may
    /// read all events.
    address: Option<String>,
    /// The id of the request, if there was one.
    request: Option<String>,
    /// What changed, in a few words.
    summary: String,
}

/// What is asked for.
#[derive(Debug, Default)]
struct Wanted {
    filter: Filter,
    key: Option<ObjectKey>,
    access_key: Option<String>,
    since: Option<Timestamp>,
    before: Option<Before>,
    limit: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Before {
    Sequence(u64),
    Time(Timestamp),
}

async fn get(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let wanted = wanted(asked.parts.uri.query().unwrap_or_default())?;
    let feed = asked.admin.0.feed.clone();
    let end = feed.last().await?;
    let last = match wanted.before {
        None => end,
        Some(Before::Sequence(before)) => before.saturating_sub(1).min(end),
        Some(Before::Time(time)) => feed.begin(0, Some(time)).await?.next.saturating_sub(1),
    };
    let first = match wanted.since {
        None => 1,
        since => feed.begin(0, since).await?.next,
    };
    let viewer = Viewer::new(asked, caller)?;
    let query = AuditQuery {
        bucket: wanted.filter.bucket.clone(),
        key: wanted.key.clone(),
        prefix: wanted.filter.prefix.clone(),
        by: wanted.filter.user.as_ref().map(|user| viewer.postings_of(user)).unwrap_or_default(),
        access_key: wanted.access_key.clone(),
        newest_first: true,
    };
    let limit = wanted.limit.unwrap_or(LIMIT_USUAL);
    let found = feed.look_for(&query, first..=last, limit, |entry| wanted.takes(&viewer, entry)).await?;
    let next = Some(found.until).filter(|until| *until > first && first <= last);
    let entries = found.entries.iter().map(|entry| Done::of(entry, &viewer)).collect();
    Answer::of(&Audit { as_of: end, entries, next })
}

impl Wanted {
    fn takes(&self, viewer: &Viewer, entry: &Entry) -> Result<bool, Refusal> {
        let event = &entry.event;
        let principal = &event.origin.principal;
        let is_late = self.since.is_none_or(|since| event.time >= since);
        let is_before = !matches!(self.before, Some(Before::Time(time)) if event.time >= time);
        let has_key = self.key.as_ref().is_none_or(|wanted| event.fact.keys().any(|key| key == wanted));
        let has_access_key = |wanted: &String| principal.kind == AuthType::ApiKey && principal.id == *wanted;
        let fits = is_late && is_before && has_key && self.access_key.as_ref().is_none_or(has_access_key);
        Ok(fits && viewer.takes(&self.filter, entry)?)
    }
}

impl Done {
    fn of(entry: &Entry, viewer: &Viewer) -> Self {
        let event = &entry.event;
        let fact = &event.fact;
        let principal = &event.origin.principal;
        let subject = match fact.key() {
            Some(key) => String::from_utf8_lossy(key.as_bytes()).into_owned(),
            None => fact.scope().name.to_owned(),
        };
        let user = match principal.kind {
            AuthType::System => Some(principal.id.clone()),
            AuthType::Unauthenticated => Some("anonymous".into()),
            AuthType::ApiKey | AuthType::User => viewer.user_of(entry).map(|user| user.to_string()),
        };
        Self {
            sequence: entry.sequence,
            time: event.time,
            event_type: fact.kind().event_type,
            bucket: fact.bucket().cloned(),
            subject,
            user,
            key: (principal.kind == AuthType::ApiKey).then(|| principal.id.clone()),
            address: event.origin.address.filter(|_| viewer.sees_all()).map(|address| address.to_string()),
            request: Some(event.origin.request_id.clone()).filter(|request| !request.is_empty()),
            summary: summary(fact),
        }
    }
}

fn wanted(query: &str) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let bytes = Cow::from(percent_decode_str(value));
        let text =
            || std::str::from_utf8(&bytes).map_err(|_| Refusal::invalid(format!("the value of `{name}` is not UTF-8")));
        let invalid = |error: events::ids::InvalidName| Refusal::invalid(error.to_string());
        match name {
            "bucket" => wanted.filter.bucket = Some(text()?.parse::<BucketName>().map_err(invalid)?),
            "user" => wanted.filter.user = Some(text()?.parse::<UserName>().map_err(invalid)?),
            "access_key" => wanted.access_key = Some(text()?.to_owned()),
            "prefix" => wanted.filter.prefix = Some(bytes.to_vec()),
            "key" => wanted.key = Some(ObjectKey::from_bytes(bytes.to_vec()).map_err(invalid)?),
            "since" => wanted.since = Some(time("since", text()?)?),
            "before" => wanted.before = Some(before(text()?)?),
            "limit" => {
                let limit = text()?.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                let wrong = || Refusal::invalid(format!("`limit` is a number from 1 to {LIMIT_MAX}"));
                wanted.limit = Some(limit.ok_or_else(wrong)?);
            }
            _ => {
                return Err(Refusal::invalid(
                    "there are `bucket`, `key`, `prefix`, `user`, `access_key`, `since`, `before` and `limit` in the \
                     query, and nothing else",
                ));
            }
        }
    }
    if wanted.key.is_some() && wanted.filter.bucket.is_none() {
        return Err(Refusal::invalid("a `key` is one of a `bucket`"));
    }
    Ok(wanted)
}

fn time(name: &str, text: &str) -> Result<Timestamp, Refusal> {
    text.parse().map_err(|_| Refusal::invalid(format!("`{name}` is a time such as 2026-11-22T13:00:00Z")))
}

fn before(text: &str) -> Result<Before, Refusal> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let sequence = text.parse().map_err(|_| Refusal::invalid("`before` is no sequence of this log"))?;
        return Ok(Before::Sequence(sequence));
    }
    time("before", text).map(Before::Time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_or_refused() {
        let read = wanted("bucket=photos&key=a%2Fb&user=ada&access_key=AK&before=17&limit=5").unwrap();
        assert_eq!(read.key.as_ref().map(ObjectKey::as_bytes), Some(&b"a/b"[..]));
        assert_eq!((read.access_key.as_deref(), read.limit), (Some("AK"), Some(5)));
        assert!(matches!(read.before, Some(Before::Sequence(17))));
        assert!(matches!(wanted("before=2026-11-22T13:00:00Z").unwrap().before, Some(Before::Time(_))));
        for wrong in
            ["key=a", "bucket=A", "user=a%20b", "limit=0", "since=2h", "before=x", "before=", "x=1", "user=%FF"]
        {
            assert_eq!(wanted(wrong).unwrap_err().code, "invalid_request", "{wrong}");
        }
    }
}
