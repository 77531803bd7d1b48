//! Reading events again that are folded already.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use eventlog::{Log, Stored};
use events::Event;

use crate::fold::{FOLD_BYTES_MAX, read_present_within};
use crate::{ReadError, Snapshot};

type Entries = Pin<Box<dyn Future<Output = Result<Vec<Stored>, ReadError>> + Send>>;

/// Reads entries of a log of any type.
#[derive(Clone)]
pub(crate) struct Past(Arc<dyn Fn(u64, u64, usize) -> Entries + Send + Sync>);

/// Events of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastEvents {
    /// All facts among the entries that were read.
    pub events: Vec<Event>,
    /// The sequence of the last of those entries.
    pub until: u64,
}

impl Past {
    pub(crate) fn of<L: Log>(log: Arc<L>) -> Self {
        Self(Arc::new(move |from, last, bytes_max| {
            let log = Arc::clone(&log);
            Box::pin(async move {
                let read = read_present_within(log.as_ref(), from, last, bytes_max).await;
                read.map_err(|error| ReadError(error.to_string()))
            })
        }))
    }

    /// Reads at least one entry.
    pub(crate) async fn read(&self, from: u64, last: u64) -> Result<Vec<Stored>, ReadError> {
        self.read_within(from, last, FOLD_BYTES_MAX).await
    }

    /// The same, cut where the entries reach so many bytes.
    pub(crate) async fn read_within(&self, from: u64, last: u64, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        (self.0)(from, last, bytes_max).await
    }
}

/// A fact in the bytes that the log has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFact {
    /// Its place in the log.
    pub sequence: u64,
    /// The serialized event. It may hold secrets.
    pub bytes: Bytes,
}

/// Facts of the past, in the bytes that the log has of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedFacts {
    /// All facts among the entries that were read.
    pub facts: Vec<LoggedFact>,
    /// The sequence of the last of those entries.
    pub until: u64,
}

/// An entry of the log, whether it is a fact or not, in its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedEntry {
    /// Its place in the log.
    pub sequence: u64,
    /// Its bytes. They may hold secrets.
    pub bytes: Bytes,
    /// Whether it is a fact.
    pub is_fact: bool,
}

impl LoggedEntry {
    /// Reads entries out of the ring of the newest, without asking the log; none if the first is not there any more.
    pub(crate) fn of_ring(snapshot: &Snapshot, from: u64, last: u64, bytes_max: usize) -> Result<Vec<Self>, ReadError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        for sequence in from..=last {
            let entry = snapshot.recent_entry(sequence).map_err(|error| ReadError(error.to_string()))?;
            let Some((stored, is_fact)) = entry else { break };
            bytes += stored.payload.len();
            found.push(Self { sequence, bytes: stored.payload, is_fact });
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(found)
    }

    /// Entries that were judged when they were folded.
    pub(crate) fn of(entries: Vec<Stored>, snapshot: &Snapshot) -> Result<Vec<Self>, ReadError> {
        let judged = entries.into_iter().map(|Stored { sequence, payload, .. }| {
            let is_quarantined = snapshot.is_quarantined(sequence).map_err(|error| ReadError(error.to_string()))?;
            Ok(Self { sequence, bytes: payload, is_fact: !is_quarantined })
        });
        judged.collect()
    }
}

impl LoggedFacts {
    /// Reads entries out of the ring of the newest, without asking the log. `None` if the first is not there any more.
    pub(crate) fn of_ring(
        snapshot: &Snapshot,
        from: u64,
        last: u64,
        bytes_max: usize,
    ) -> Result<Option<Self>, ReadError> {
        let (mut found, mut bytes) = (Self { facts: Vec::new(), until: 0 }, 0);
        for sequence in from..=last {
            let entry = snapshot.recent_entry(sequence).map_err(|error| ReadError(error.to_string()))?;
            let Some((stored, is_fact)) = entry else { break };
            bytes += stored.payload.len();
            found.until = sequence;
            if is_fact {
                found.facts.push(LoggedFact { sequence, bytes: stored.payload });
            }
            if bytes >= bytes_max {
                break;
            }
        }
        Ok((found.until > 0).then_some(found))
    }

    /// The facts among entries, which were judged when they were folded.
    pub(crate) fn of(entries: Vec<Stored>, snapshot: &Snapshot) -> Result<Self, ReadError> {
        let until = entries.last().map_or(0, |last| last.sequence);
        let mut facts = Vec::with_capacity(entries.len());
        for Stored { sequence, payload, .. } in entries {
            if !snapshot.is_quarantined(sequence).map_err(|error| ReadError(error.to_string()))? {
                facts.push(LoggedFact { sequence, bytes: payload });
            }
        }
        Ok(Self { facts, until })
    }
}

impl PastEvents {
    /// Decodes the facts among entries, which were judged when they were folded.
    pub(crate) fn of(entries: &[Stored], snapshot: &Snapshot) -> Result<Self, ReadError> {
        let mut events = Vec::with_capacity(entries.len());
        for stored in entries {
            if !snapshot.is_quarantined(stored.sequence).map_err(|error| ReadError(error.to_string()))? {
                let unreadable = |error| ReadError(format!("the event at sequence {}: {error}", stored.sequence));
                events.push(Event::decode(&stored.payload).map_err(unreadable)?);
            }
        }
        Ok(Self { events, until: entries.last().map_or(0, |last| last.sequence) })
    }
}
