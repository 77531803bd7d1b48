//! Scans of contents and their faults.

use std::ops::Bound;

use domain::row::{ContentRow, FaultsRow};
use events::ids::{ContentId, Generation, NodeId, Sha256Digest};
use uuid::Uuid;

use super::key::content_key;
use super::table::Table;
use super::{Access, Tables};
use crate::StateError;

impl<A: Access> Table<A, ContentId, ContentRow> {
    /// The newest generation of some bytes.
    pub(super) fn newest(&self, sha256: Sha256Digest) -> Result<Option<ContentId>, StateError> {
        let key = |uuid| content_key(&ContentId { sha256, generation: Generation::from_fresh(uuid) });
        let (first, last) = (key(Uuid::nil()), key(Uuid::max()));
        let mut generations = self.range(first.as_slice()..=last.as_slice())?;
        generations.next_back().map(|entry| entry?.key()).transpose()
    }
}

impl<A: Access> Tables<A> {
    /// Returns whether one of the first `max` contents, in the order of their hashes, was placed on a node of this
    /// name.
    pub fn names_node(&self, name: &NodeId, max: usize) -> Result<bool, StateError> {
        for entry in self.contents.range(..)?.take(max) {
            if entry?.row()?.placement.nodes.contains(name) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns contents that have faults, in the order of their names, `max` at most.
    pub fn faulty(&self, after: Option<&ContentId>, max: usize) -> Result<Vec<(ContentId, FaultsRow)>, StateError> {
        let after = after.map(content_key);
        let from = after.as_ref().map_or(Bound::Unbounded, |key| Bound::Excluded(key.as_slice()));
        self.faults.range((from, Bound::Unbounded))?.take(max).map(|entry| entry?.decode()).collect()
    }
}
