//! Bounded batches of events, by direct get: no consumer, no state in the server.

use std::time::Duration;

use async_nats::header::{NATS_MESSAGE_ID, NATS_SEQUENCE};
use async_nats::{HeaderMap, Message};
use events::ids::EventId;
use futures_util::StreamExt;
use serde::Serialize;

use super::JetStreamLog;
use crate::{ReadError, Stored};

/// Events in one read, at most. The replies wait in a queue of 65,536 messages in the client.
const READ_EVENTS_MAX: usize = 8192;

/// Bytes in one read, at most, give or take an event. A server drops a client that is 64 MiB behind.
const READ_BYTES_MAX: usize = 16 << 20;

/// Time the server may take for the next event of a batch.
const READ_TIME_MAX: Duration = Duration::from_secs(5);

/// Status that ends a batch.
const END_OF_BATCH: u16 = 204;

/// Status of a batch without an event.
const NOT_FOUND: u16 = 404;

#[derive(Serialize)]
struct DirectGet {
    seq: u64,
    batch: usize,
    max_bytes: usize,
}

pub(super) async fn read(
    log: &JetStreamLog,
    from: u64,
    events_max: usize,
    bytes_max: usize,
) -> Result<Vec<Stored>, ReadError> {
    let from = from.max(1);
    let get = DirectGet {
        seq: from,
        batch: events_max.clamp(1, READ_EVENTS_MAX),
        max_bytes: bytes_max.clamp(1, READ_BYTES_MAX),
    };
    let body = serde_json::to_vec(&get).map_err(unavailable)?;
    let inbox = log.client.new_inbox();
    let mut replies = log.client.subscribe(inbox.clone()).await.map_err(unavailable)?;
    let mut watched = log.connection.clone();
    let connection = *watched.borrow_and_update();
    if !connection.connected {
        return Err(unavailable("the server is not connected"));
    }
    log.client
        .publish_with_reply(format!("$JS.API.DIRECT.GET.{}", log.stream), inbox, body.into())
        .await
        .map_err(unavailable)?;
    let collect = async {
        let mut batch = Vec::new();
        loop {
            let reply = tokio::time::timeout(READ_TIME_MAX, replies.next())
                .await
                .map_err(|_| unavailable("the server does not answer"))?;
            let Some(reply) = reply else { return Err(unavailable("the connection was closed")) };
            match accept(&reply, from + batch.len() as u64)? {
                Some(stored) => batch.push(stored),
                None => return Ok(batch),
            }
        }
    };
    tokio::select! {
        biased;
        batch = collect => batch,
        _ = watched.wait_for(|now| *now != connection) => Err(unavailable("the connection was lost")),
    }
}

/// Reads one reply of a batch; `None` is its end.
fn accept(reply: &Message, expected: u64) -> Result<Option<Stored>, ReadError> {
    match reply.status.map(|status| status.as_u16()) {
        None => {}
        Some(END_OF_BATCH | NOT_FOUND) => return Ok(None),
        Some(status) => return Err(unavailable(reply.description.clone().unwrap_or_else(|| status.to_string()))),
    }
    let headers = reply.headers.as_ref();
    // The server puts its own headers behind those that were stored.
    let sequence = headers
        .and_then(|h| h.get_last(NATS_SEQUENCE))
        .and_then(|v| v.as_str().parse().ok())
        .ok_or_else(|| unavailable("the server's answer has no sequence"))?;
    stored(sequence, headers, reply, expected).map(Some)
}

/// Checks that an entry is the next one and has an id.
///
/// # Errors
/// [`ReadError::Gap`] and [`ReadError::Foreign`].
pub(super) fn stored(
    sequence: u64,
    headers: Option<&HeaderMap>,
    message: &Message,
    expected: u64,
) -> Result<Stored, ReadError> {
    if sequence != expected {
        return Err(ReadError::Gap { expected, found: sequence });
    }
    let foreign = |reason: String| ReadError::Foreign { sequence, reason };
    let id = headers.and_then(|h| h.get(NATS_MESSAGE_ID)).ok_or_else(|| foreign("it has no id".into()))?;
    let id: EventId = id.as_str().parse().map_err(|error: events::ids::InvalidName| foreign(error.to_string()))?;
    Ok(Stored { sequence, id, payload: message.payload.clone() })
}

fn unavailable(reason: impl ToString) -> ReadError {
    ReadError::Unavailable { reason: reason.to_string() }
}
