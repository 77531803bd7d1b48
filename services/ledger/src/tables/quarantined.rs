//! Entries of the log that are no facts: passed over by the fold, and shown to operators.

use std::fmt;

use events::Author;
use redb::{ReadableTable, ReadableTableMetadata, TableDefinition};
use serde::{Deserialize, Serialize};

use super::row::{decode, encode};
use super::{Access, Tables, Writable};
use crate::StateError;

/// Key: sequence. Value: the [`QuarantinedRow`].
pub(crate) const TABLE: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("quarantined");

/// How much of a subject is kept, in characters: whoever published it chose it.
const SUBJECT_CHARS_MAX: usize = 200;

/// An entry of the log that is no fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    /// Why.
    pub reason: Reason,
    /// The subject it was published on, or how that begins.
    pub subject: String,
    /// Length of what was published, in bytes.
    pub bytes: u64,
}

/// The reason why an entry of the log is not a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// The entry is not an event, and is from a time before events were proven.
    NoEvent,
    /// No author proves the entry.
    Unproven,
    /// The author may not write this fact, or not at this place or time.
    MayNot(Author),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoEvent => f.write_str("it is no event"),
            Self::Unproven => f.write_str("nobody proves to have written it"),
            Self::MayNot(author) => write!(f, "{} wrote it and may not", author.as_str()),
        }
    }
}

impl QuarantinedRow {
    pub(crate) fn new(reason: Reason, subject: &str, bytes: usize) -> Self {
        Self { reason, subject: subject.chars().take(SUBJECT_CHARS_MAX).collect(), bytes: bytes as u64 }
    }
}

impl Tables<Writable<'_>> {
    pub(crate) fn quarantine(&mut self, sequence: u64, row: &QuarantinedRow) -> Result<(), StateError> {
        self.quarantined.insert(sequence, encode(row)?.as_slice())?;
        Ok(())
    }
}

impl<A: Access> Tables<A> {
    /// Returns the number of entries that are not facts.
    pub fn count_quarantined(&self) -> Result<u64, StateError> {
        Ok(self.quarantined.len()?)
    }

    /// The newest of them with their sequences, the newest first, `max` at most.
    pub fn quarantined(&self, max: usize) -> Result<Vec<(u64, QuarantinedRow)>, StateError> {
        let newest = self.quarantined.iter()?.rev().take(max);
        newest.map(|entry| entry.map(|(key, row)| Ok((key.value(), decode(row.value())?)))?).collect()
    }

    /// Whether the entry at a place is no fact.
    pub(crate) fn is_quarantined(&self, sequence: u64) -> Result<bool, StateError> {
        Ok(self.quarantined.get(sequence)?.is_some())
    }
}
