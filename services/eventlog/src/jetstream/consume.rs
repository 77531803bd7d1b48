//! A batch from a consumer that keeps its place between reads.

use std::time::Duration;

use async_nats::Message;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::read::{Batch, Bounds, Reply, collect, stored, unavailable};
use super::{JetStreamLog, api};
use crate::ReadError;

/// The time for which the server keeps a consumer that nobody reads from.
const CONSUMER_IDLE_TIME_MAX: Duration = Duration::from_secs(30);

/// The time for which the server keeps a request for which it has no events.
const PULL_TIME_MAX: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Created {
    name: String,
}

#[derive(Serialize)]
struct Pull {
    batch: usize,
    max_bytes: usize,
    /// The time in nanoseconds.
    expires: u128,
}

/// Makes a consumer at the sequence `from`, which waits for no acks; returns its name.
pub(super) async fn create(log: &JetStreamLog, from: u64) -> Result<String, ReadError> {
    let config = json!({
        "stream_name": &*log.stream,
        "config": {
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": from,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": u64::try_from(CONSUMER_IDLE_TIME_MAX.as_nanos()).unwrap_or(u64::MAX),
            "mem_storage": true,
            "num_replicas": 1,
        },
    });
    let created: Created =
        api::request(&log.client, &format!("CONSUMER.CREATE.{}", log.stream), config.to_string().into()).await?;
    Ok(created.name)
}

/// The next events of a consumer.
pub(super) async fn take(log: &JetStreamLog, consumer: &str, bounds: Bounds) -> Result<Batch, ReadError> {
    let pull = Pull { batch: bounds.events, max_bytes: bounds.bytes, expires: PULL_TIME_MAX.as_nanos() };
    let body = serde_json::to_vec(&pull).map_err(unavailable)?;
    let last = bounds.from + bounds.events as u64 - 1;
    let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{consumer}", log.stream);
    let mut left = bounds.bytes;
    let taken = move |reply: &Message, expected: u64| {
        // The server counts as the client does: subject, reply subject, headers and payload.
        left = left.saturating_sub(reply.length);
        accept(reply, expected, last, left == 0)
    };
    collect(log, subject, body, bounds.from, taken).await
}

/// `is_full` says that the bytes of the request are used up to the last one: then the server ends it with this event, and
/// sends no message that says so.
fn accept(reply: &Message, expected: u64, last: u64, is_full: bool) -> Result<Reply, ReadError> {
    let Some(Delivery { sequence, pending }) = reply.reply.as_deref().and_then(Delivery::parse) else {
        // The bytes are used up, the time is over, or the consumer is gone: the next read finds out. An entry is
        // distinguished from such a message by its place, not by its status, which may be anything.
        return if reply.status.is_some() {
            Ok(Reply::End(true))
        } else {
            Err(unavailable("the server's message has no sequence"))
        };
    };
    let stored = stored(sequence, &reply.subject, reply.headers.as_ref(), reply, expected)?;
    Ok(if pending == 0 || sequence == last || is_full {
        Reply::Last(stored, pending > 0)
    } else {
        Reply::Event(stored)
    })
}

#[derive(Debug, PartialEq, Eq)]
struct Delivery {
    sequence: u64,
    /// Events behind it.
    pending: u64,
}

impl Delivery {
    /// Reads the reply subject of a delivered message, in either form of ADR-15:
    /// `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<times>.<sequence>.<delivery>.<time>.<pending>[.<more>]`.
    fn parse(reply: &str) -> Option<Self> {
        let tokens: Vec<&str> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
        let before = match tokens.len() {
            7 => 0,
            9.. => 2,
            _ => return None,
        };
        Some(Self { sequence: tokens[before + 3].parse().ok()?, pending: tokens[before + 6].parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_delivery_are_read() {
        let parsed = Some(Delivery { sequence: 41, pending: 7 });
        assert_eq!(Delivery::parse("$JS.ACK.EVENTS_a.c.1.41.3.1700000000.7"), parsed);
        assert_eq!(Delivery::parse("$JS.ACK._.HASH.EVENTS_a.c.1.41.3.1700000000.7"), parsed);
        assert_eq!(Delivery::parse("$JS.ACK.hub.HASH.EVENTS_a.c.1.41.3.1700000000.7.rnd"), parsed);
        for other in
            ["", "$JS.ACK.", "$JS.ACK.EVENTS_a.c.1.x.3.1.7", "$JS.ACK.EVENTS_a.c.1.41.3.1.7.8", "a.b.c.d.e.f.g.h.i"]
        {
            assert_eq!(Delivery::parse(other), None, "{other}");
        }
    }
}
