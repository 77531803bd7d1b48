//! Scans of contents, of the names of their shards, and of their faults.

use std::ops::Bound;

use domain::row::{ContentRow, EndedRow, FaultsRow};
use events::ids::{ContentId, Generation, NodeId, Sha256Digest};
use uuid::Uuid;

use super::key::{Key, content_key};
use super::table::Table;
use super::{Access, Tables};
use crate::StateError;

impl<A: Access> Table<A, ContentId, ContentRow> {
    /// The newest contents of some bytes, the newest first, `max` at most.
    pub(super) fn newest(&self, sha256: Sha256Digest, max: usize) -> Result<Vec<ContentId>, StateError> {
        let key = |uuid| content_key(&ContentId { sha256, generation: Generation::from_fresh(uuid) });
        let (first, last) = (key(Uuid::nil()), key(Uuid::max()));
        let generations = self.range(first.as_slice()..=last.as_slice())?;
        generations.rev().take(max).map(|entry| entry?.key()).collect()
    }
}

/// A generation in use, and the content that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The generation.
    pub generation: Generation,
    /// The content.
    pub content: ContentId,
    /// The row of the content, which says where the shards of this generation lie.
    pub row: ContentRow,
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

    /// Returns generations in use, `max` at most, in the order in which nodes list their shards. All shards whose uuids
    /// lie between the first one and the last, and are not among these, are named by nothing.
    ///
    /// # Errors
    /// The state cannot be read; [`StateError::NoContent`] if it contradicts itself.
    pub fn list_generations(&self, after: Option<Generation>, max: usize) -> Result<Vec<Named>, StateError> {
        let from = match after {
            None => Bound::Unbounded,
            Some(after) => Generation::encode(after, Bound::Excluded),
        };
        let named = self.generations.range((from, Bound::Unbounded))?.take(max).map(|entry| {
            let (generation, content) = entry?.decode()?;
            let row = self.contents.get(&content)?.ok_or(StateError::NoContent { generation })?;
            Ok(Named { generation, content, row })
        });
        named.collect()
    }

    /// Returns how many contents nothing refers to.
    pub fn count_unreferenced(&self) -> Result<u64, StateError> {
        self.unreferenced.len()
    }

    /// Returns contents that nothing refers to, `max` at most, in the order of the events that took their last
    /// references, each with that event. They begin after one of these, and end with the event `up_to`.
    pub fn list_unreferenced(
        &self,
        after: Option<(u64, ContentId)>,
        up_to: u64,
        max: usize,
    ) -> Result<Vec<(u64, ContentId)>, StateError> {
        let after = after.map(|(sequence, content)| (sequence, content_key(&content)));
        let from = match &after {
            None => Bound::Unbounded,
            Some((sequence, content)) => Bound::Excluded((*sequence, content.as_slice())),
        };
        let no_content: &[u8] = &[];
        let to = up_to.checked_add(1).map_or(Bound::Unbounded, |after| Bound::Excluded((after, no_content)));
        self.unreferenced.range((from, to))?.take(max).map(|entry| entry?.key()).collect()
    }

    /// Returns generations that no event names again, `max` at most, in their order.
    pub fn list_ended(&self, after: Option<Generation>, max: usize) -> Result<Vec<(Generation, EndedRow)>, StateError> {
        let from = match after {
            None => Bound::Unbounded,
            Some(after) => Generation::encode(after, Bound::Excluded),
        };
        self.ended.range((from, Bound::Unbounded))?.take(max).map(|entry| entry?.decode()).collect()
    }

    /// Returns contents that have faults, in the order of their names, `max` at most.
    pub fn faulty(&self, after: Option<&ContentId>, max: usize) -> Result<Vec<(ContentId, FaultsRow)>, StateError> {
        let after = after.map(content_key);
        let from = after.as_ref().map_or(Bound::Unbounded, |key| Bound::Excluded(key.as_slice()));
        self.faults.range((from, Bound::Unbounded))?.take(max).map(|entry| entry?.decode()).collect()
    }

    /// Returns contents in the order of their names, `max` at most.
    pub fn list_contents(
        &self,
        after: Option<&ContentId>,
        max: usize,
    ) -> Result<Vec<(ContentId, ContentRow)>, StateError> {
        let after = after.map(content_key);
        let from = after.as_ref().map_or(Bound::Unbounded, |key| Bound::Excluded(key.as_slice()));
        self.contents.range((from, Bound::Unbounded))?.take(max).map(|entry| entry?.decode()).collect()
    }
}
