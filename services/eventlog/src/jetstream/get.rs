//! A batch by direct get.

use async_nats::Message;
use async_nats::header::{HeaderName, NATS_SEQUENCE};
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
    let number = |name| headers.and_then(|h| h.get_last(name)).and_then(|v| v.as_str().parse::<u64>().ok());
    match reply.status.map(|status| status.as_u16()) {
        None => {}
        Some(NOT_FOUND) => return Ok(Reply::End(false)),
        Some(END_OF_BATCH) => return Ok(Reply::End(number(NUM_PENDING).is_some_and(|pending| pending > 0))),
        Some(status) => return Err(unavailable(reply.description.clone().unwrap_or_else(|| status.to_string()))),
    }
    let sequence = number(NATS_SEQUENCE).ok_or_else(|| unavailable("the server's answer has no sequence"))?;
    stored(sequence, headers, reply, expected).map(Reply::Event)
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
        let message = reply(None, &[("Nats-Msg-Id", id), ("Nats-Sequence", "1"), ("Nats-Sequence", "7")]);
        let taken = |expected| match accept(&message, expected) {
            Ok(Reply::Event(stored)) => Ok(stored.id.to_string()),
            Ok(_) => panic!("it is no end"),
            Err(error) => Err(error),
        };
        assert_eq!(taken(7), Ok(id.into()), "the server's header is the last");
        assert_eq!(taken(6), Err(ReadError::Gap { expected: 6, found: 7 }));
        assert!(matches!(accept(&reply(None, &[("Nats-Sequence", "7")]), 7), Err(ReadError::Foreign { .. })));
        assert!(matches!(accept(&reply(None, &[("Nats-Msg-Id", id)]), 7), Err(ReadError::Unavailable { .. })));
    }
}
