//! A ring of the newest entries as the log holds them: a lost tail of the log can be written again.

use eventlog::Stored;
use events::ids::EventId;
use serde::{Deserialize, Serialize};

use super::{Access, Tables, Writable};
use crate::StateError;

/// The number of entries that the ring holds. A projection is the same only with the same ring: another number is
/// another `PROJECTION_VERSION`.
pub(crate) const RECENT_EVENTS_MAX: u64 = 10_000;

/// An event begins with this byte. In projections before version 7 the event was the whole row; no row begins with it
/// since.
const EVENT_BEGINS: u8 = b'{';

/// An entry of the log, whether it is a fact or not.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RecentRow<'a> {
    /// The proof of the author, not checked here.
    proof: Option<&'a str>,
    /// The subject of an entry that is not a fact. The subject of a fact follows from the fact.
    pub(crate) subject: Option<&'a str>,
    pub(crate) payload: &'a [u8],
}

impl<'a> RecentRow<'a> {
    pub(crate) fn of_fact(proof: Option<&'a str>, payload: &'a [u8]) -> Self {
        Self { proof, subject: None, payload }
    }

    pub(crate) fn of_other(stored: &'a Stored) -> Self {
        Self { proof: stored.proof.as_deref(), subject: Some(&stored.subject), payload: &stored.payload }
    }

    fn decode(bytes: &'a [u8]) -> Result<Self, StateError> {
        if bytes.first() == Some(&EVENT_BEGINS) {
            return Ok(Self::of_fact(None, bytes));
        }
        postcard::from_bytes(bytes).map_err(StateError::Row)
    }
}

impl Tables<Writable<'_>> {
    /// Keeps an entry in the ring.
    pub(crate) fn keep(&mut self, sequence: u64, row: &RecentRow<'_>) -> Result<(), StateError> {
        self.recent.put_as(sequence, row)?;
        if let Some(old) = sequence.checked_sub(RECENT_EVENTS_MAX) {
            self.recent.drop(old)?;
        }
        Ok(())
    }
}

impl<A: Access> Tables<A> {
    /// Returns an entry of the ring as it was read, without its id and without the subject of a fact, and whether it is
    /// a fact.
    pub(crate) fn recent_entry(&self, sequence: u64) -> Result<Option<(Stored, bool)>, StateError> {
        let Some(bytes) = self.recent.bytes(sequence)? else { return Ok(None) };
        let RecentRow { proof, subject, payload } = RecentRow::decode(bytes.value())?;
        let stored = Stored {
            sequence,
            id: EventId::NONE,
            subject: subject.unwrap_or_default().to_owned(),
            proof: proof.map(str::to_owned),
            payload: payload.to_vec().into(),
        };
        Ok(Some((stored, subject.is_none())))
    }
}
