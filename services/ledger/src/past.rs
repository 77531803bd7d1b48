//! Reading events again that are folded already.

use std::pin::Pin;
use std::sync::Arc;

use eventlog::{Log, Stored};
use events::Event;

use crate::fold::read_present;
use crate::{ReadError, Snapshot};

type Entries = Pin<Box<dyn Future<Output = Result<Vec<Stored>, ReadError>> + Send>>;

/// Reads entries of a log of any type.
#[derive(Clone)]
pub(crate) struct Past(Arc<dyn Fn(u64, u64) -> Entries + Send + Sync>);

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
        Self(Arc::new(move |from, last| {
            let log = Arc::clone(&log);
            Box::pin(async move {
                read_present(log.as_ref(), from, last).await.map_err(|error| ReadError(error.to_string()))
            })
        }))
    }

    /// Reads at least one entry.
    pub(crate) async fn read(&self, from: u64, last: u64) -> Result<Vec<Stored>, ReadError> {
        (self.0)(from, last).await
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
