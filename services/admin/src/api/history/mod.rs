//! The events of the log: pages of them, and a stream that follows.
//!
//! # Layout
//! - `viewer`: who may see which event; `flow`: a stream from its first byte to its last; `sse`: its form
//! - `streams`: how many there may be
//! - `audit`: who did what, the newest first; `summary`: an event in a few words

mod audit;
mod flow;
pub(super) mod sse;
mod streams;
mod summary;
mod viewer;

use axum::body::Body;
use feed::{Entry, Feed, Filter, Page, Query};
use http::header::{CONNECTION, LINK};
use http::{HeaderMap, HeaderName, HeaderValue};
use ledger::AuditQuery;
use listener::Follower;

use super::access::{Access, Caller};
use super::answer::Answer;
use super::asked::Asked;
use super::method::Method;
use super::operation::{Handler, Operation, Parameter};
use super::refusal::Refusal;
use flow::Flow;
pub(super) use streams::{Seat, Streams};
pub(super) use viewer::Viewer;

/// Where pages of events are.
const EVENTS: &str = "/api/v1/events";

/// Where events are followed.
const STREAM: &str = "/api/v1/events/stream";

/// Several events in one document.
///
/// Source: CloudEvents 1.0.2, JSON event format, section 4.
const BATCH_TYPE: &str = "application/cloudevents-batch+json";

/// Events as they come.
///
/// Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>
pub(super) const STREAM_TYPE: &str = "text/event-stream";

/// Bytes of events that a slow reader of a stream holds, give or take one event.
const BATCH_BYTES_MAX: usize = 64 << 10;

/// The position after which the next page begins.
const NEXT: HeaderName = HeaderName::from_static("x-planetstore-next");

/// The position of a client that comes back.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

const fn in_query(name: &'static str, schema: &'static str, about: &'static str) -> Parameter {
    Parameter { name, place: "query", schema, about }
}

const AFTER: Parameter = in_query("after", "integer", "Only events after this sequence");
const SINCE: Parameter = in_query(
    "since",
    "string",
    "Only events from this time on (RFC 3339). This is exact unless a clock of the region went back by more than a \
     minute",
);
const BUCKET: Parameter = in_query("bucket", "string", "Only events about this bucket and its objects");
const PREFIX: Parameter = in_query("prefix", "string", "Only events about objects whose keys have this prefix");
const TYPE: Parameter = in_query(
    "type",
    "string",
    "Only events of these types, separated by commas: `io.planetstore.object.created.v1`, `object.created` or `object`",
);
const USER: Parameter = in_query("user", "string", "Only events that this user caused, with a session or with a key");
const LIMIT: Parameter =
    in_query("limit", "integer", "The maximum number of events of a page, 1 to 1000; 100 by default");
const LAST_ID: Parameter = Parameter {
    name: "Last-Event-ID",
    place: "header",
    schema: "string",
    about: "The id of the last event that the client received; `after` and `since` are ignored then",
};

pub(super) fn operations() -> Vec<Operation> {
    let list = Handler::Known(Access::Known, |asked, caller| Box::pin(list(asked, caller)));
    let stream = Handler::Known(Access::Known, |asked, caller| Box::pin(stream(asked, caller)));
    vec![
        Operation::new(
            "listEvents",
            Method::Get,
            EVENTS,
            list,
            "Read events of the log. The right `planetstore:ReadEvents` shows all events; other callers see events \
             about keys that they may list. The header `Link` has the next page, and the header \
             `X-Planetstore-Sequence` the end of the log",
        )
        .gives::<Vec<serde_json::Value>>()
        .of_media(BATCH_TYPE)
        .knows(&[AFTER, SINCE, BUCKET, PREFIX, TYPE, USER, LIMIT]),
        Operation::new(
            "streamEvents",
            Method::Get,
            STREAM,
            stream,
            "Follow the log as Server-Sent Events, by default from now on, else from `after` or `since`. The stream \
             ends when the access token expires; the client then reconnects with the id of the last event",
        )
        .gives::<String>()
        .of_media(STREAM_TYPE)
        .knows(&[AFTER, SINCE, BUCKET, PREFIX, TYPE, USER, LAST_ID]),
        audit::operation(),
    ]
}

fn query(asked: &Asked) -> Result<Query, Refusal> {
    Ok(Query::parse(asked.parts.uri.query().unwrap_or_default())?)
}

async fn list(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let query = query(&asked)?;
    let feed = asked.admin.0.feed.clone();
    let start = feed.begin(query.after.unwrap_or_default(), query.since).await?;
    let viewer = Viewer::new(asked, caller)?;
    let takes = |entry: &Entry| viewer.takes(&query.filter, entry);
    let indexed = indexed(&query.filter, &viewer);
    let page = if Feed::is_indexed(&indexed) {
        feed.page_of(start, query.limit, &indexed, takes).await?
    } else {
        feed.page(start, query.limit, takes).await?
    };
    answer(&query, &page, &viewer)
}

/// What an index may know of what is asked for.
fn indexed(filter: &Filter, viewer: &Viewer) -> AuditQuery {
    AuditQuery {
        bucket: filter.bucket.clone(),
        prefix: filter.prefix.clone(),
        by: filter.user.as_ref().map(|user| viewer.postings_of(user)).unwrap_or_default(),
        ..AuditQuery::default()
    }
}

fn answer(query: &Query, page: &Page, viewer: &Viewer) -> Result<Answer, Refusal> {
    let bytes: usize = page.entries.iter().map(|entry| entry.bytes.len() + 1).sum();
    let mut body = Vec::with_capacity(bytes + 2);
    body.push(b'[');
    for entry in &page.entries {
        if body.len() > 1 {
            body.push(b',');
        }
        body.extend_from_slice(&viewer.shown(entry)?);
    }
    body.push(b']');
    let next = format!("<{EVENTS}?{}>; rel=\"next\"", query.next(page.until, page.since).text());
    let next = HeaderValue::try_from(next).map_err(|error| {
        tracing::error!(%error, "the address of the next page cannot be written");
        Refusal::internal()
    })?;
    let headers = vec![(LINK, next), (NEXT, HeaderValue::from(page.until))];
    Ok(Answer { sequence: Some(page.last), headers, ..Answer::with(BATCH_TYPE, Body::from(body)) })
}

async fn stream(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let query = query(&asked)?;
    let (feed, seat) = (asked.admin.0.feed.clone(), asked.admin.0.streams.sit(&caller.name)?);
    let (after, since) = match (last_event_id(&asked.parts.headers)?, query.after, query.since) {
        (Some(last), _, _) => (last, None),
        (None, Some(after), since) => (after, since),
        (None, None, Some(since)) => (0, Some(since)),
        (None, None, None) => (feed.last().await?, None),
    };
    let reader = feed.follow(feed.begin(after, since).await?).in_batches_of(BATCH_BYTES_MAX);
    let headers = begin_following(&asked)?;
    let viewer = Viewer::new(asked, caller)?;
    let body = Flow::new(reader, viewer, query.filter, seat).body();
    Ok(Answer { headers, ..Answer::with(STREAM_TYPE, body) })
}

/// Has the connection of a request count as one that follows something. Returns the headers that say so.
pub(super) fn begin_following(asked: &Asked) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
    match asked.parts.extensions.get::<Follower>() {
        Some(follower) if !follower.begin() => Err(Streams::full()),
        Some(_) => Ok(vec![(CONNECTION, HeaderValue::from_static("close"))]),
        // Without a connection, in tests.
        None => Ok(Vec::new()),
    }
}

/// The position of a client that comes back. A browser that got no event yet sends nothing, or nothing in it.
fn last_event_id(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    let wrong = || Refusal::invalid("`Last-Event-ID` is the id of an event of this stream");
    let text = value.to_str().map_err(|_| wrong())?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).map(Some).ok_or_else(wrong)
}
