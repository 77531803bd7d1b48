//! Bounded batches of events: by direct get, which leaves nothing behind in the server, and from the second of a
//! sequence of batches on by a consumer, which costs the server half as much for an event.

use std::fmt::Display;
use std::time::Duration;

use async_nats::header::{HeaderName, NATS_MESSAGE_ID};
use async_nats::{HeaderMap, Message};
use events::ids::EventId;
use futures_util::StreamExt;

use super::JetStreamLog;
use super::{consume, get};
use crate::{PROOF_BYTES_MAX, ReadError, Stored};

/// Events in one read, at most. The replies wait in a queue of 65,536 messages in the client.
const READ_EVENTS_MAX: usize = 8192;

/// Bytes in one read, at most, give or take an event. A server drops a client that is 64 MiB behind.
const READ_BYTES_MAX: usize = 16 << 20;

/// Time the server may take for the next event of a batch.
const READ_TIME_MAX: Duration = Duration::from_secs(5);

/// The range to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) from: u64,
    pub(super) events: usize,
    pub(super) bytes: usize,
}

/// The place at which the last read stopped before the end, for a read that continues there.
#[derive(Debug, Clone)]
pub(super) struct ReadPosition {
    next: u64,
    /// The connection on which it was.
    made: u64,
    /// The consumer that is at this place, if there is one.
    consumer: Option<String>,
}

/// The result of a read.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) events: Vec<Stored>,
    /// Whether more events follow, according to the server.
    pub(super) more: bool,
}

pub(super) async fn read(
    log: &JetStreamLog,
    from: u64,
    events_max: usize,
    bytes_max: usize,
) -> Result<Vec<Stored>, ReadError> {
    let events = events_max.clamp(1, READ_EVENTS_MAX);
    let bounds = Bounds { from: from.max(1), events, bytes: bytes_max.clamp(1, READ_BYTES_MAX) };
    let made = log.connection.borrow().made;
    // Two reads at once do not continue each other.
    let Ok(mut place) = log.place.try_lock() else { return Ok(get::get(log, bounds).await?.events) };
    let goes_on = place.take().filter(|place| place.next == bounds.from && place.made == made);
    let (batch, consumer) = match goes_on {
        None => (get::get(log, bounds).await?, None),
        Some(ReadPosition { consumer, .. }) => {
            let consumer = match consumer {
                Some(consumer) => consumer,
                None => consume::create(log, bounds.from).await?,
            };
            match consume::take(log, &consumer, bounds).await {
                Ok(batch) if !batch.events.is_empty() => (batch, Some(consumer)),
                // Nothing, or a message lost on the way: a get tells what the log has.
                Ok(_) | Err(ReadError::Gap { .. }) => (get::get(log, bounds).await?, None),
                Err(error) => return Err(error),
            }
        }
    };
    // At the end of the log the server may send events to a consumer after this read has ended, so the place is given
    // up.
    if batch.more {
        *place = Some(ReadPosition { next: bounds.from + batch.events.len() as u64, made, consumer });
    }
    Ok(batch.events)
}

/// One reply of a batch.
pub(super) enum Reply {
    /// An event with others behind it.
    Event(Stored),
    /// The last event of the batch, and whether the server has more.
    Last(Stored, bool),
    /// The batch has ended without an event. The flag says whether the server has more.
    End(bool),
}

/// Sends a request whose replies are a batch, and collects it.
pub(super) async fn collect(
    log: &JetStreamLog,
    subject: String,
    body: Vec<u8>,
    from: u64,
    mut accept: impl FnMut(&Message, u64) -> Result<Reply, ReadError>,
) -> Result<Batch, ReadError> {
    let inbox = log.client.new_inbox();
    let mut replies = log.client.subscribe(inbox.clone()).await.map_err(unavailable)?;
    let mut watched = log.connection.clone();
    let connection = *watched.borrow_and_update();
    if !connection.connected {
        return Err(unavailable("the server is not connected"));
    }
    log.client.publish_with_reply(subject, inbox, body.into()).await.map_err(unavailable)?;
    let collect = async {
        let mut batch = Batch::default();
        loop {
            let reply = tokio::time::timeout(READ_TIME_MAX, replies.next())
                .await
                .map_err(|_| unavailable("the server does not answer"))?
                .ok_or_else(|| unavailable("the connection was closed"))?;
            match accept(&reply, from + batch.events.len() as u64)? {
                Reply::Event(stored) => batch.events.push(stored),
                Reply::Last(stored, more) => {
                    batch.events.push(stored);
                    return Ok(Batch { more, ..batch });
                }
                Reply::End(more) => return Ok(Batch { more, ..batch }),
            }
        }
    };
    tokio::select! {
        biased;
        batch = collect => batch,
        _ = watched.wait_for(|now| *now != connection) => Err(unavailable("the connection was lost")),
    }
}

/// The header with the proof of an event's author.
pub(super) const PROOF: HeaderName = HeaderName::from_static("Planetstore-Proof");

/// Checks that an entry is the next one. Its headers and payload are not trusted.
///
/// # Errors
/// [`ReadError::Gap`].
pub(super) fn stored(
    sequence: u64,
    subject: &str,
    headers: Option<&HeaderMap>,
    message: &Message,
    expected: u64,
) -> Result<Stored, ReadError> {
    if sequence != expected {
        return Err(ReadError::Gap { expected, found: sequence });
    }
    let value = |name| headers.and_then(|headers| headers.get(name)).map(async_nats::HeaderValue::as_str);
    let id = value(NATS_MESSAGE_ID).and_then(|id| id.parse().ok()).unwrap_or(EventId::NONE);
    let proof = value(PROOF).filter(|proof| proof.len() <= PROOF_BYTES_MAX).map(str::to_owned);
    Ok(Stored { sequence, id, subject: subject.to_owned(), proof, payload: message.payload.clone() })
}

pub(super) fn unavailable(reason: impl Display) -> ReadError {
    ReadError::Unavailable { reason: format!("{reason}") }
}
