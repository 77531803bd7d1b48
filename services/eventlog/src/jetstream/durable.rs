//! Durable consumers of the log, for readers outside of the store. They pull: a consumer that pushes could deliver to the
//! subjects of roles. What each gets is said here, in the request that makes it, and no reader can change it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::JetStreamLog;
use super::api::{self, ApiError, code};
use crate::ReadError;

/// The time that a reader has to acknowledge an event before it is delivered again.
const ACK_TIME_MAX: Duration = Duration::from_secs(30);

/// Events of a consumer that are delivered and not acknowledged. At so many it gets no more.
pub const UNACKED_EVENTS_MAX: u64 = 10_000;

/// Events that one request may ask for.
const PULL_EVENTS_MAX: u64 = 5_000;

/// Time that one request may wait.
const PULL_TIME_MAX: Duration = Duration::from_mins(2);

/// Requests of one consumer that wait.
const PULLS_MAX: u64 = 64;

/// Consumers that the server names in one answer.
const NAMES_AT_ONCE: usize = 1_024;

/// Answers that are read to learn all names. More consumers than these have are no store's.
const NAME_PAGES_MAX: usize = 64;

/// A durable consumer as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durable {
    /// Its name.
    pub name: String,
    /// The subjects of the events that it gets.
    pub subjects: Vec<String>,
    /// The sequence of the first event that it gets, if the subjects fit.
    pub start: u64,
}

/// How far the reader of a durable consumer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DurableState {
    /// The sequence on the log up to which all its events are acknowledged.
    pub acked: u64,
    /// Its events up to there, those delivered again not counted.
    pub acked_events: u64,
    /// Its events on the log that were never delivered.
    pub pending: u64,
    /// Events that were delivered and are not acknowledged.
    pub unacked: u64,
    /// Those among them that were delivered more than once.
    pub redelivered: u64,
}

#[derive(Deserialize)]
struct Info {
    ack_floor: Place,
    num_ack_pending: u64,
    num_redelivered: u64,
    num_pending: u64,
}

#[derive(Deserialize)]
struct Place {
    stream_seq: u64,
    consumer_seq: u64,
}

impl From<Info> for DurableState {
    fn from(info: Info) -> Self {
        Self {
            acked: info.ack_floor.stream_seq,
            acked_events: info.ack_floor.consumer_seq,
            pending: info.num_pending,
            unacked: info.num_ack_pending,
            redelivered: info.num_redelivered,
        }
    }
}

#[derive(Deserialize)]
struct Names {
    total: usize,
    /// The server writes `null` for none.
    consumers: Option<Vec<String>>,
}

#[derive(Serialize)]
struct NamesAfter {
    offset: usize,
}

impl JetStreamLog {
    /// Creates a durable consumer, or has it get what is said now. How far its reader is stays.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn ensure_durable(&self, durable: &Durable) -> Result<(), ReadError> {
        let request = json!({
            "stream_name": self.stream(),
            "config": {
                "name": durable.name,
                "durable_name": durable.name,
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": durable.start,
                "ack_policy": "explicit",
                "ack_wait": nanos(ACK_TIME_MAX),
                "max_deliver": -1,
                "filter_subjects": durable.subjects,
                "replay_policy": "instant",
                "max_waiting": PULLS_MAX,
                "max_ack_pending": UNACKED_EVENTS_MAX,
                "max_batch": PULL_EVENTS_MAX,
                "max_expires": nanos(PULL_TIME_MAX),
            },
        });
        let subject = format!("CONSUMER.CREATE.{}.{}", self.stream(), durable.name);
        api::request::<Info>(&self.client, &subject, request.to_string().into()).await?;
        Ok(())
    }

    /// Returns how far the reader of a durable consumer is; `None` if there is no such consumer.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn durable(&self, name: &str) -> Result<Option<DurableState>, ReadError> {
        let subject = format!("CONSUMER.INFO.{}.{name}", self.stream());
        match api::request::<Info>(&self.client, &subject, "".into()).await {
            Err(ApiError::Refused(refusal)) if refusal.err_code == code::CONSUMER_NOT_FOUND => Ok(None),
            answer => Ok(Some(answer?.into())),
        }
    }

    /// Deletes a durable consumer, if there is one.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn remove_durable(&self, name: &str) -> Result<(), ReadError> {
        #[derive(Deserialize)]
        struct Deleted {
            #[serde(rename = "success")]
            _success: bool,
        }
        let subject = format!("CONSUMER.DELETE.{}.{name}", self.stream());
        match api::request::<Deleted>(&self.client, &subject, "".into()).await {
            Err(ApiError::Refused(refusal)) if refusal.err_code == code::CONSUMER_NOT_FOUND => Ok(()),
            answer => {
                answer?;
                Ok(())
            }
        }
    }

    /// Returns the names of the log's consumers that begin with a prefix.
    ///
    /// # Errors
    /// [`ReadError::Unavailable`].
    pub async fn durables(&self, prefix: &str) -> Result<Vec<String>, ReadError> {
        let (mut found, mut offset) = (Vec::new(), 0);
        for _ in 0..NAME_PAGES_MAX {
            let body = json!(NamesAfter { offset }).to_string();
            let names: Names =
                api::request(&self.client, &format!("CONSUMER.NAMES.{}", self.stream()), body.into()).await?;
            let page = names.consumers.unwrap_or_default();
            let read = page.len();
            offset += read;
            found.extend(page.into_iter().filter(|name| name.starts_with(prefix)));
            if offset >= names.total || read < NAMES_AT_ONCE.min(names.total) {
                return Ok(found);
            }
        }
        Err(ReadError::Unavailable { reason: "the log has too many consumers".into() })
    }
}

/// As the server's settings have a time.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
