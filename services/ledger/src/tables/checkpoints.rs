//! Which checkpoint covers which entries.

use domain::row::CheckpointRow;

use super::{Access, Tables};
use crate::StateError;

impl<A: Access> Tables<A> {
    /// The checkpoint that covers an entry, with the last entry that it covers; `None` if none does yet.
    pub fn checkpoint_of(&self, sequence: u64) -> Result<Option<(u64, CheckpointRow)>, StateError> {
        self.checkpoints.range(sequence..)?.next().map(|entry| entry?.decode()).transpose()
    }

    /// The checkpoints that end behind an entry, each with its last entry, in order and `max` at most.
    pub fn checkpoints_after(&self, last: u64, max: usize) -> Result<Vec<(u64, CheckpointRow)>, StateError> {
        self.checkpoints.range(last.saturating_add(1)..)?.take(max).map(|entry| entry?.decode()).collect()
    }
}
