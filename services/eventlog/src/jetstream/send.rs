//! Sends messages and collects the server's answers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::client::{RequestError, RequestErrorKind};
use async_nats::header::{
    NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL, NATS_BATCH_ID, NATS_BATCH_SEQUENCE, NATS_EXPECTED_LAST_MESSAGE_ID,
    NATS_EXPECTED_LAST_SEQUENCE, NATS_MESSAGE_ID,
};
use async_nats::{HeaderMap, Request};
use futures_util::future;

use super::JetStreamLog;
use super::answer::{self, Answer, Sent};
use super::read::PROOF;
use crate::Message;

/// Time the server has to answer one publish or one batch, before the outcome counts as unknown.
const ACK_TIME_MAX: Duration = Duration::from_secs(5);

/// The least number of events that are sent as an atomic batch; fewer go as a chain of publishes.
///
/// A chain costs a sync of the disk for each event, a batch about five and a folder for its draft, however many.
/// Measured with `examples/append_table.rs` (nats-server 2.15.1, one copy, sync always, two busy cores, both ways
/// in turn), in events/s: of 2 events 656 against 122, of 8 510 against 379, of 12 734 against 863, of 16 689
/// against 1,014, of 128 658 against 5,389.
pub const BATCH_EVENTS_MIN: usize = 12;

/// The way in which several events are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sending {
    /// Events go as a chain below [`BATCH_EVENTS_MIN`], as a batch from there on.
    #[default]
    Measured,
    /// Events always go as one atomic batch.
    Batch,
    /// Events always go as a chain of publishes.
    Chain,
}

impl Sending {
    fn is_batch(self, events: usize) -> bool {
        match self {
            _ if events < 2 => false,
            Self::Measured => events >= BATCH_EVENTS_MIN,
            Self::Batch => true,
            Self::Chain => false,
        }
    }
}

/// The destination of the messages of one send.
#[derive(Debug)]
pub(super) struct Delivery {
    server: String,
    is_through: AtomicBool,
}

impl Delivery {
    pub(super) fn begin(log: &JetStreamLog) -> Self {
        Self { server: log.server(), is_through: AtomicBool::new(false) }
    }

    /// Waits until what was handed to the client before is on the wire. Its commands keep their order, and it knows
    /// of another server before it sends anything there.
    async fn finish(&self, log: &JetStreamLog) {
        let is_through = log.client.flush().await.is_ok() && log.server() == self.server;
        self.is_through.store(is_through, Ordering::Release);
    }

    /// The server process that got all of them; none if some may still wait for a connection.
    pub(super) fn server(self) -> Option<String> {
        self.is_through.into_inner().then_some(self.server)
    }
}

/// Sends the messages, the first of which must get the sequence `expected_last + 1`.
pub(super) async fn send(log: &JetStreamLog, expected_last: u64, messages: &[Message], delivery: &Delivery) -> Sent {
    if log.sending.is_batch(messages.len()) {
        batch(log, expected_last, messages, delivery).await
    } else {
        chain(log, expected_last, messages, delivery).await
    }
}

/// All at once, each expecting the one before it by sequence and by id. The id is what makes this safe: with the
/// sequence alone, one foreign event in the place of the first would let the second in behind it.
async fn chain(log: &JetStreamLog, expected_last: u64, messages: &[Message], delivery: &Delivery) -> Sent {
    let mut previous = None;
    let publishes = (expected_last..).zip(messages).map(|(last, message)| {
        let mut headers = headers(message);
        headers.insert(NATS_EXPECTED_LAST_SEQUENCE, last.to_string());
        if let Some(id) = previous.replace(message.id) {
            headers.insert(NATS_EXPECTED_LAST_MESSAGE_ID, id.to_string());
        }
        publish(log, message, headers, last + 1)
    });
    let (answers, ()) = future::join(future::join_all(publishes), delivery.finish(log)).await;
    answer::of_chain(answers)
}

/// An atomic batch, after ADR-50 of nats-architecture-and-design: the first message is a request and carries the
/// expectation, the last carries the commit and gets the ack of all. They are sent without waiting for the
/// server to begin the batch; it drops a batch that it did not begin.
async fn batch(log: &JetStreamLog, expected_last: u64, messages: &[Message], delivery: &Delivery) -> Sent {
    let [first, between @ .., last] = messages else { return chain(log, expected_last, messages, delivery).await };
    let batch = format!("{}.{}", first.id, log.batches.fetch_add(1, Ordering::Relaxed));
    let batched = |message: &Message, place: usize| {
        let mut headers = headers(message);
        headers.insert(NATS_BATCH_ID, batch.as_str());
        headers.insert(NATS_BATCH_SEQUENCE, place.to_string());
        headers
    };
    let begin = async {
        let mut headers = batched(first, 1);
        headers.insert(NATS_EXPECTED_LAST_SEQUENCE, expected_last.to_string());
        request(log, first, headers).await
    };
    let commit = async {
        for (place, message) in (2..).zip(between) {
            let headers = batched(message, place);
            log.client
                .publish_with_headers(message.subject.clone(), headers, message.payload.clone())
                .await
                .map_err(|error| Answer::Unknown(error.to_string()))?;
        }
        let mut headers = batched(last, messages.len());
        headers.insert(NATS_BATCH_COMMIT, NATS_BATCH_COMMIT_FINAL);
        future::join(request(log, last, headers), delivery.finish(log)).await.0
    };
    // `join` polls the first of the two first, so the messages are sent in order.
    let (begun, committed) = future::join(begin, commit).await;
    of_batch(begun, committed, expected_last, messages.len())
}

type Reply = Result<async_nats::Message, Answer>;

fn of_batch(begun: Reply, committed: Reply, expected_last: u64, events: usize) -> Sent {
    let outcome = committed
        .map_or_else(|answer| answer, |reply| answer::of_publish(&reply.payload, expected_last + events as u64));
    match outcome {
        Answer::Appended => Sent { appended: events, rest: Answer::Appended },
        // The answer to the first message says why there was no batch to commit.
        Answer::Refused(why) => {
            let refused = begun.ok().and_then(|reply| answer::of_batch_begin(&reply.payload));
            Sent { appended: 0, rest: refused.unwrap_or(Answer::Refused(why)) }
        }
        rest => Sent { appended: 0, rest },
    }
}

fn headers(message: &Message) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(NATS_MESSAGE_ID, message.id.to_string());
    if let Some(proof) = &message.proof {
        headers.insert(PROOF, proof.as_str());
    }
    headers
}

async fn publish(log: &JetStreamLog, message: &Message, headers: HeaderMap, sequence: u64) -> Answer {
    match request(log, message, headers).await {
        Ok(reply) => answer::of_publish(&reply.payload, sequence),
        Err(answer) => answer,
    }
}

async fn request(log: &JetStreamLog, message: &Message, headers: HeaderMap) -> Reply {
    let request = Request::new().headers(headers).payload(message.payload.clone()).timeout(Some(ACK_TIME_MAX));
    let before = log.refusals.count();
    tokio::select! {
        biased;
        reply = log.client.send_request(message.subject.clone(), request) => reply.map_err(|error| unanswered(&error)),
        () = log.refusals.of(&message.subject, before) => {
            Err(Answer::Refused("the NATS server does not let this user publish to the subject".into()))
        }
    }
}

fn unanswered(error: &RequestError) -> Answer {
    match error.kind() {
        RequestErrorKind::NoResponders => Answer::Refused("no stream listens to the subject".into()),
        RequestErrorKind::InvalidSubject | RequestErrorKind::MaxPayloadExceeded => Answer::Refused(error.to_string()),
        RequestErrorKind::TimedOut | RequestErrorKind::Other => Answer::Unknown(error.to_string()),
    }
}
