//! A batch by direct get.

use async_nats::Message;
use async_nats::header::{HeaderName, NATS_SEQUENCE, NATS_SUBJECT};
use serde::Serialize;

use super::JetStreamLog;
use super::read::{Batch, Bounds, Reply, collect, stored, unavailable};
use crate::ReadError;

/// Status that ends a batch.
const END_OF_BATCH: u16 = 204;

/// Status of a batch without an event.
const NOT_FOUND: u16 = 404;

/// Header of the end of a batch: how many events are behind it.
const NUM_PENDING: HeaderName = HeaderName::from_static("Nats-Num-Pending");

#[derive(Serialize)]
struct DirectGet {
    seq: u64,
    batch: usize,
    max_bytes: usize,
}

/// Source: ADR-31 of nats-architecture-and-design.
pub(super) async fn get(log: &JetStreamLog, bounds: Bounds) -> Result<Batch, ReadError> {
    let get = DirectGet { seq: bounds.from, batch: bounds.events, max_bytes: bounds.bytes };
    let body = serde_json::to_vec(&get).map_err(unavailable)?;
    collect(log, format!("$JS.API.DIRECT.GET.{}", log.stream), body, bounds.from, accept).await
}

fn accept(reply: &Message, expected: u64) -> Result<Reply, ReadError> {
    let headers = reply.headers.as_ref();
    // The server puts its own headers behind those that were stored.
    let text = |name| headers.and_then(|h| h.get_last(name)).map(async_nats::HeaderValue::as_str);
    let number = |name| text(name).and_then(|value| value.parse::<u64>().ok());
    // A stored entry has a sequence, an answer without an event has none. The status says nothing: an entry may have any.
    if let (Some(sequence), Some(subject)) = (number(NATS_SEQUENCE), text(NATS_SUBJECT)) {
        return stored(sequence, subject, headers, reply, expected).map(Reply::Event);
    }
    match reply.status.map(|status| status.as_u16()) {
        None => Err(unavailable("the server's answer has no sequence")),
        Some(NOT_FOUND) => Ok(Reply::End(false)),
        Some(END_OF_BATCH) => Ok(Reply::End(number(NUM_PENDING).is_some_and(|pending| pending > 0))),
        Some(status) => Err(unavailable(reply.description.clone().unwrap_or_else(|| status.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_nats::{HeaderMap, StatusCode};

    fn reply(status: Option<u16>, headers: &[(&str, &str)]) -> Message {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, *value);
        }
        Message {
            subject: "_INBOX.x".into(),
            reply: None,
            payload: "event".into(),
            headers: Some(map),
            status: status.map(|status| StatusCode::from_u16(status).unwrap()),
            description: None,
            length: 0,
        }
    }

    #[test]
    fn a_batch_ends_with_what_is_behind_it() {
        let end = |status, headers: &[_]| match accept(&reply(Some(status), headers), 1) {
            Ok(Reply::End(more)) => Some(more),
            _ => None,
        };
        assert_eq!(end(204, &[("Nats-Num-Pending", "3")]), Some(true));
        assert_eq!(end(204, &[("Nats-Num-Pending", "0")]), Some(false));
        assert_eq!(end(404, &[]), Some(false));
        assert_eq!(end(408, &[]), None);
    }

    #[test]
    fn an_event_is_taken_at_its_place_only() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let place =
            [("Nats-Sequence", "1"), ("Nats-Subject", "forged"), ("Nats-Sequence", "7"), ("Nats-Subject", "ps.a")];
        let taken = |status, headers: &[_], expected| match accept(&reply(status, headers), expected) {
            Ok(Reply::Event(stored)) => Ok((stored.id.to_string(), stored.subject, stored.proof)),
            Ok(_) => panic!("it is no end"),
            Err(error) => Err(error),
        };
        let with = |more: &[(&'static str, &'static str)]| [more, &place[..]].concat();
        let full = with(&[("Nats-Msg-Id", id), ("Planetstore-Proof", "lifecycle.x")]);
        let found = Ok((id.to_owned(), "ps.a".to_owned(), Some("lifecycle.x".to_owned())));
        assert_eq!(taken(None, &full, 7), found, "the server's headers are the last");
        assert_eq!(taken(Some(404), &full, 7), found, "whatever status it was stored with");
        assert_eq!(taken(None, &full, 6), Err(ReadError::Gap { expected: 6, found: 7 }));
        let nil = events::ids::EventId::NONE.to_string();
        assert_eq!(taken(None, &with(&[]), 7), Ok((nil.clone(), "ps.a".into(), None)), "it is nobody's");
        let long: &str = Box::leak("x".repeat(300).into_boxed_str());
        let odd = with(&[("Nats-Msg-Id", "odd"), ("Planetstore-Proof", long)]);
        assert_eq!(taken(None, &odd, 7), Ok((nil, "ps.a".into(), None)));
        let lost = accept(&reply(None, &[("Nats-Msg-Id", id)]), 7);
        assert!(matches!(lost, Err(ReadError::Unavailable { .. })));
    }
}
