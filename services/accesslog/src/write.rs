use std::time::Duration;

use bytes::Bytes;
use eventlog::SideStream;
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};

use crate::{AccessLog, Record};

/// How often what was gathered is written.
const INTERVAL: Duration = Duration::from_secs(1);

/// Records of one message. The longest of them has a few kilobytes, and NATS takes a mebibyte.
const MESSAGE_RECORDS_MAX: usize = 128;

/// A message of the stream.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Message {
    /// Requests before these that have no record.
    #[serde(default)]
    pub(crate) dropped: u64,
    /// The oldest first.
    pub(crate) records: Vec<Record>,
}

/// Writes what is recorded, once a second and for ever, as soon as there is a stream. It may be dropped at any moment.
pub async fn write(log: AccessLog) {
    let mut seconds = interval(INTERVAL);
    // After a pause the next second is a longer one, and no burst follows.
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        seconds.tick().await;
        let (records, dropped) = log.recorder.take();
        if records.is_empty() && dropped == 0 {
            continue;
        }
        count("full", dropped);
        let stream = log.stream.borrow().clone();
        let unwritten = match stream {
            Some(stream) => append(&stream, records, dropped).await,
            None => requests(&records),
        };
        count("unwritten", unwritten);
    }
}

/// Appends records. Returns how many requests have none on the stream: what cannot be written now is lost, because to keep
/// it would take memory without end.
async fn append(stream: &SideStream, records: Vec<Record>, mut dropped: u64) -> u64 {
    let mut rest = records.into_iter().peekable();
    while rest.peek().is_some() || dropped > 0 {
        let records: Vec<_> = rest.by_ref().take(MESSAGE_RECORDS_MAX).collect();
        let message = Message { dropped: std::mem::take(&mut dropped), records };
        let written = match serde_json::to_vec(&message) {
            Ok(payload) => stream.append(Bytes::from(payload)).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = written {
            tracing::warn!(error, "records of refused requests and of reads were not written");
            return requests(&message.records) + message.dropped + rest.map(|record| record.count).sum::<u64>();
        }
        metrics::counter!("planetstore_access_records_total").increment(message.records.len() as u64);
    }
    0
}

fn requests(records: &[Record]) -> u64 {
    records.iter().map(|record| record.count).sum()
}

fn count(reason: &'static str, requests: u64) {
    if requests > 0 {
        metrics::counter!("planetstore_access_records_dropped_total", "reason" => reason).increment(requests);
    }
}
