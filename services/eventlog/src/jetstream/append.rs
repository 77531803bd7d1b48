use std::time::{Duration, Instant};

use events::ids::EventId;

use super::answer::{Answer, Sent};
use super::resolve::{self, Doubt, Found, Step};
use super::send::{self, Delivery};
use super::{JetStreamLog, read, stream};
use crate::connection::Connection;
use crate::message::check_size;
use crate::{AppendError, Message, ReadError};

/// Longest pause between two tries to learn the outcome of an append.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(1);

pub(super) async fn append(log: &JetStreamLog, expected_last: u64, messages: &[Message]) -> Result<(), AppendError> {
    if messages.is_empty() {
        return Ok(());
    }
    check_size(messages)?;
    if !log.connection.borrow().connected {
        return Err(AppendError::Unavailable { appended: 0, reason: "the server is not connected".into() });
    }
    if let Some(why) = log.gate.refuses(bytes_of(messages)) {
        return Err(AppendError::Unavailable { appended: 0, reason: why.to_string() });
    }
    let begun = Instant::now();
    let outcome =
        Append { log, expected_last, messages, ids: messages.iter().map(|m| m.id).collect(), doubt: Doubt::default() }
            .run()
            .await;
    metrics::histogram!("planetstore_log_append_seconds").record(begun.elapsed().as_secs_f64());
    metrics::histogram!("planetstore_log_append_events")
        .record(u32::try_from(messages.len()).map_or(f64::INFINITY, f64::from));
    outcome
}

fn bytes_of(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.payload.len()).sum()
}

/// Time to wait behind a closed gate before an append of unknown outcome is sent again. Longer than the pauses between
/// two restarts of a server that cannot write.
const CLOSED_TIME_MAX: Duration = Duration::from_secs(8);

struct Append<'a> {
    log: &'a JetStreamLog,
    expected_last: u64,
    messages: &'a [Message],
    ids: Vec<EventId>,
    doubt: Doubt,
}

impl Append<'_> {
    async fn run(mut self) -> Result<(), AppendError> {
        let mut appended = 0;
        let mut tries = 0;
        loop {
            let connection = *self.log.connection.borrow();
            let delivery = Delivery::begin(self.log);
            let sent = self.send(appended, connection, &delivery).await;
            if let Answer::Unknown(why) = &sent.rest {
                self.enter_doubt(connection.made, delivery.server(), why);
            }
            let refused = match &sent.rest {
                Answer::Refused(reason) => Some(reason.clone()),
                _ => None,
            };
            let mut step = resolve::after_answer(appended, sent, &self.doubt, connection.made);
            if let Step::Look { appended } = step {
                step =
                    resolve::after_look(self.expected_last, &self.ids, appended, &self.look(appended).await?, refused);
            }
            match step {
                Step::Done(outcome) => return outcome,
                Step::Look { appended: known } | Step::Again { appended: known, .. } => appended = known,
            }
            tries += 1;
            self.pause(tries).await;
            if let Some(reason) = self.wait_while_closed().await {
                let found = self.look(appended).await?;
                match resolve::after_look(self.expected_last, &self.ids, appended, &found, Some(reason)) {
                    Step::Done(outcome) => return outcome,
                    Step::Look { appended: known } | Step::Again { appended: known, .. } => appended = known,
                }
            }
        }
    }

    /// Behind a closed gate nothing is sent again: a server that cannot write is about to be replaced. After that, this
    /// returns the reason of the closed gate, because the log then shows the outcome. Otherwise it returns when another
    /// send may succeed.
    async fn wait_while_closed(&self) -> Option<String> {
        let (mut gate, mut connection) = (self.log.gate.clone(), self.log.connection.clone());
        let (deadline, bytes) = (tokio::time::Instant::now() + CLOSED_TIME_MAX, bytes_of(self.messages));
        loop {
            let why = gate.refuses(bytes)?;
            let is_settled = self.doubt.is_none() || self.doubt.is_settled_on(&self.log.server());
            if is_settled && connection.borrow().connected {
                return Some(why.to_string());
            }
            tokio::select! {
                () = gate.changed() => {}
                _ = connection.changed() => {}
                () = tokio::time::sleep_until(deadline) => return None,
            }
        }
    }

    /// Sends what is behind the first `appended`; a connection that is lost meanwhile makes the outcome unknown
    /// at once.
    async fn send(&self, appended: usize, connection: Connection, delivery: &Delivery) -> Sent {
        let mut watched = self.log.connection.clone();
        let expected_last = self.expected_last + appended as u64;
        let sending = send::send(self.log, expected_last, &self.messages[appended..], delivery);
        tokio::select! {
            biased;
            sent = sending => sent,
            _ = watched.wait_for(|now| *now != connection) => Sent { appended: 0, rest: Answer::Unknown("the connection was lost".into()) },
        }
    }

    fn enter_doubt(&mut self, connection: u64, server: Option<String>, why: &str) {
        if self.doubt.is_none() {
            metrics::counter!("planetstore_log_unknown_outcomes_total").increment(1);
            tracing::warn!(
                expected_last = self.expected_last,
                events = self.messages.len(),
                why,
                "the outcome of an append is unknown; resolving it"
            );
        }
        self.doubt = std::mem::take(&mut self.doubt).and(connection, server);
    }

    /// Reads the ids behind the first `appended`, waiting for as long as the server is away.
    async fn look(&self, appended: usize) -> Result<Found, AppendError> {
        let from = self.expected_last + appended as u64 + 1;
        let wanted = self.messages.len() - appended;
        let mut tries = 0;
        loop {
            match self.look_once(from, wanted, appended).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) | Err(ReadError::Unavailable { .. }) => {}
                Err(damaged) => return Err(AppendError::Damaged(damaged)),
            }
            tries += 1;
            self.pause(tries).await;
        }
    }

    /// `None` if what was read does not reach as far as the last sequence says it should.
    async fn look_once(&self, from: u64, wanted: usize, appended: usize) -> Result<Option<Found>, ReadError> {
        let last = stream::tail(&self.log.client, &self.log.stream, &self.log.leader).await?.last_sequence;
        let there = usize::try_from((last + 1).saturating_sub(from)).unwrap_or(usize::MAX).min(wanted);
        let mut ids = Vec::with_capacity(there);
        while ids.len() < there {
            let batch = read::read(self.log, from + ids.len() as u64, there - ids.len(), usize::MAX).await?;
            if batch.is_empty() {
                return Ok(None);
            }
            // Another process may have committed the same command, under the same id and in other bytes.
            let ours = self.messages[appended + ids.len()..].iter().zip(batch);
            let found: Vec<_> = ours
                .map(|(message, stored)| if stored.payload == message.payload { stored.id } else { EventId::NONE })
                .collect();
            ids.extend(found);
        }
        Ok(Some(Found { last, ids }))
    }

    /// Waits for the connection, and from the second try on a little longer each time.
    async fn pause(&self, tries: u32) {
        if tries > 1 {
            let pause = Duration::from_millis(10).saturating_mul(1 << tries.min(10));
            tokio::time::sleep(pause.min(RETRY_PAUSE_MAX)).await;
        }
        let mut watched = self.log.connection.clone();
        if watched.wait_for(|now| now.connected).await.is_err() {
            // The client is gone for good, and with it the caller.
            std::future::pending::<()>().await;
        }
    }
}
