//! Entries of the log that are not facts: the fold passes over them, and operators can list them.

use std::fmt;

use events::Author;
use serde::{Deserialize, Serialize};

use super::{Access, Tables, Writable};
use crate::StateError;

/// The characters of a subject that are kept. Its publisher chose its length.
const SUBJECT_CHARS_MAX: usize = 200;

/// An entry of the log that is not a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    /// The reason.
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
        self.quarantined.put(sequence, row)
    }
}

impl<A: Access> Tables<A> {
    /// Returns the number of entries that are not facts.
    pub fn count_quarantined(&self) -> Result<u64, StateError> {
        self.quarantined.len()
    }

    /// Returns the newest of these entries with their sequences, the newest first, `max` at most.
    pub fn quarantined(&self, max: usize) -> Result<Vec<(u64, QuarantinedRow)>, StateError> {
        self.quarantined.range(..)?.rev().take(max).map(|entry| entry?.decode()).collect()
    }

    /// Returns whether the entry at a sequence is not a fact.
    pub(crate) fn is_quarantined(&self, sequence: u64) -> Result<bool, StateError> {
        self.quarantined.contains(sequence)
    }
}
