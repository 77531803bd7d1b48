//! Live events, over as many consumers as it takes.

use std::ops::ControlFlow;
use std::time::Duration;

use async_nats::jetstream::{self, consumer};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::{JetStreamLog, read};
use crate::connection::Connection;
use crate::follow::FOLLOW_EVENTS_WAITING_MAX;
use crate::{Log, ReadError, Stored};

/// Events the server may send ahead of what was taken.
const PULL_EVENTS: usize = 1000;

/// Bytes the server may send ahead of what was taken.
const PULL_BYTES: usize = 8 << 20;

/// The events that are handed over together, at most. An append becomes visible as a whole, and its events are handed over as a
/// whole, because a reader that is woken for the first of them would handle it alone.
const TOGETHER_EVENTS_MAX: usize = FOLLOW_EVENTS_WAITING_MAX / 2;

/// The interval of heartbeats from an idle server; two lost heartbeats end the consumer.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The time for which one pull waits for events before it is repeated.
const PULL_TIME: Duration = Duration::from_secs(30);

/// The time for which the server keeps a consumer that nobody pulls from.
const CONSUMER_IDLE_TIME_MAX: Duration = Duration::from_mins(1);

/// Longest pause before the next consumer when one ended without an event.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

type Sender = mpsc::Sender<Result<Stored, ReadError>>;

/// The reason why a consumer ended.
enum Ended {
    /// Nobody listens any more, or the error that was sent means stop.
    Stop,
    /// Another consumer should go on.
    Lost(String),
}

pub(super) async fn feed(log: JetStreamLog, from: u64, sender: Sender) {
    let mut next = from;
    let mut barren = 0_u32;
    loop {
        let mut watched = log.connection.clone();
        let connection = match watched.wait_for(|now| now.connected).await {
            Ok(connection) => *connection,
            Err(_) => return,
        };
        let before = next;
        let ended = tokio::select! {
            ended = follow_once(&log, &mut next, &sender) => ended,
            () = lost(&log, connection) => Ended::Lost("the connection was lost".into()),
            () = sender.closed() => return,
        };
        match ended {
            Ended::Stop => return,
            Ended::Lost(why) => tracing::debug!(next, why, "following the log with a new consumer"),
        }
        barren = if next == before { barren + 1 } else { 0 };
        // An entry whose headers look like a message of the server cannot come through a consumer, so it is read.
        if barren > 0 && read_one(&log, &mut next, &sender).await.is_break() {
            return;
        }
        if barren > 1 {
            tokio::time::sleep(Duration::from_millis(10).saturating_mul(1 << barren.min(10)).min(RETRY_PAUSE_MAX))
                .await;
        }
    }
}

/// Hands over the next event if the log has it. A break means that nobody listens any more.
async fn read_one(log: &JetStreamLog, next: &mut u64, sender: &Sender) -> ControlFlow<()> {
    let Ok(events) = log.read(*next, 1, 1).await else {
        // The next consumer reports the error, if it persists.
        return ControlFlow::Continue(());
    };
    for event in events {
        if sender.send(Ok(event)).await.is_err() {
            return ControlFlow::Break(());
        }
        *next += 1;
    }
    ControlFlow::Continue(())
}

async fn lost(log: &JetStreamLog, connection: Connection) {
    let mut watched = log.connection.clone();
    // Either end of the wait is one of the connection.
    let _changed = watched.wait_for(|now| *now != connection).await;
}

async fn follow_once(log: &JetStreamLog, next: &mut u64, sender: &Sender) -> Ended {
    // A consumer would wait in silence for a sequence that comes to be given a second time.
    match log.tail().await.and_then(|tail| tail.last_from(next.saturating_sub(1))) {
        Ok(_) => {}
        Err(lost @ ReadError::LostTail { .. }) => return stop(sender, Vec::new(), lost).await,
        Err(error) => return Ended::Lost(error.to_string()),
    }
    let mut messages = match pull(log, *next).await {
        Ok(messages) => messages,
        Err(why) => return Ended::Lost(why),
    };
    let mut arrived = Vec::new();
    while let Some(message) = messages.next().await {
        let message = match message {
            Ok(message) => message,
            Err(error) => return Ended::Lost(error.to_string()),
        };
        let (sequence, pending) = match message.info() {
            Ok(info) => (info.stream_sequence, info.pending),
            Err(error) => return Ended::Lost(error.to_string()),
        };
        let expected = *next + arrived.len() as u64;
        match read::stored(sequence, &message.subject, message.headers.as_ref(), &message, expected) {
            Ok(stored) => arrived.push(stored),
            // Lost on the way or missing in the log: reading it tells.
            Err(ReadError::Gap { .. }) => match log.read(expected, 1, 1).await {
                Ok(_) | Err(ReadError::Unavailable { .. }) => {
                    return Ended::Lost("a message was lost on the way".into());
                }
                Err(damaged) => return stop(sender, arrived, damaged).await,
            },
            Err(error) => return stop(sender, arrived, error).await,
        }
        if pending == 0 || arrived.len() == TOGETHER_EVENTS_MAX {
            let handed_over = arrived.len() as u64;
            if hand_over(sender, std::mem::take(&mut arrived)).await.is_break() {
                return Ended::Stop;
            }
            // What a lost consumer had not handed over is asked for again.
            *next += handed_over;
        }
    }
    Ended::Lost("the consumer ended".into())
}

/// Hands over events. A break means that nobody listens any more.
async fn hand_over(sender: &Sender, events: Vec<Stored>) -> ControlFlow<()> {
    let Ok(permits) = sender.reserve_many(events.len()).await else { return ControlFlow::Break(()) };
    for (permit, event) in permits.zip(events) {
        permit.send(Ok(event));
    }
    ControlFlow::Continue(())
}

async fn pull(log: &JetStreamLog, next: u64) -> Result<consumer::pull::Stream, String> {
    let config = consumer::pull::Config {
        deliver_policy: consumer::DeliverPolicy::ByStartSequence { start_sequence: next },
        ack_policy: consumer::AckPolicy::None,
        inactive_threshold: CONSUMER_IDLE_TIME_MAX,
        memory_storage: true,
        num_replicas: 1,
        ..Default::default()
    };
    let consumer = jetstream::new(log.client.clone())
        .create_consumer_on_stream(config, log.stream())
        .await
        .map_err(|e| e.to_string())?;
    consumer
        .stream()
        .max_messages_per_batch(PULL_EVENTS)
        .max_bytes_per_batch(PULL_BYTES)
        .heartbeat(HEARTBEAT)
        .expires(PULL_TIME)
        .messages()
        .await
        .map_err(|e| e.to_string())
}

/// Hands over the events before an error, and the error.
async fn stop(sender: &Sender, before: Vec<Stored>, error: ReadError) -> Ended {
    if hand_over(sender, before).await.is_continue() {
        // The receiver may be gone, and then the error concerns nobody.
        let _told = sender.send(Err(error)).await;
    }
    Ended::Stop
}
