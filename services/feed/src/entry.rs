use std::sync::Arc;

use bytes::Bytes;
use events::Event;
use events::ids::RegionName;
use ledger::{LoggedFact, LoggedFacts};

use crate::FeedError;

/// An event as a reader gets it. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub sequence: u64,
    /// The event, without its secret.
    pub event: Event,
    /// The event as JSON: the very bytes of the log, unless the log has a secret in them.
    pub bytes: Bytes,
}

impl Entry {
    /// The entry of a fact; `None` if the whole fact is for the store itself.
    fn of(LoggedFact { sequence, bytes }: LoggedFact, region: &RegionName) -> Result<Option<Self>, FeedError> {
        let event = Event::decode(&bytes).map_err(|error| FeedError::decode(sequence, &error))?;
        if event.fact.is_for_the_store() {
            return Ok(None);
        }
        if !event.fact.holds_secret() {
            return Ok(Some(Self { sequence, event, bytes }));
        }
        let event = Event { fact: event.fact.without_secret(), ..event };
        let bytes = event.encode(region).map_err(|error| FeedError::encode(sequence, &error))?;
        Ok(Some(Self { sequence, event, bytes }))
    }

    /// The event as JSON for a user who may list its key, and does not read all events: see [`Fact::without_contents`].
    /// Where others are is not theirs to know, either.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`].
    ///
    /// [`Fact::without_contents`]: events::Fact::without_contents
    pub fn for_users(&self, region: &RegionName) -> Result<Bytes, FeedError> {
        let Event { fact, origin, .. } = &self.event;
        let shown = fact.clone().without_contents();
        if shown == *fact && origin.address.is_none() {
            return Ok(self.bytes.clone());
        }
        let mut event = Event { fact: shown, ..self.event.clone() };
        event.origin.address = None;
        event.encode(region).map_err(|error| FeedError::encode(self.sequence, &error))
    }

    /// The entries of facts, without those that are for the store itself.
    pub(crate) fn of_all(facts: LoggedFacts, region: &RegionName) -> Result<Vec<Arc<Self>>, FeedError> {
        let entries = facts.facts.into_iter().map(|fact| Self::of(fact, region).transpose());
        entries.flatten().map(|entry| entry.map(Arc::new)).collect()
    }
}
