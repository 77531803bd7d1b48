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
const NUM_PENDING: HeaderName = HeaderName::from_static("nats-num-pending");

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
