//! Contents with faults, in pages.

use std::ops::Bound;

use domain::row::FaultsRow;
use events::ids::ContentId;
use redb::ReadableTable;

use crate::StateError;
use crate::tables::row::decode;
use crate::tables::{Access, Tables, contents};

impl<A: Access> Tables<A> {
    /// Contents that have faults, in the order of their names, `max` at most.
    pub fn faulty(&self, after: Option<&ContentId>, max: usize) -> Result<Vec<(ContentId, FaultsRow)>, StateError> {
        let after = after.map(contents::key);
        let from = after.as_ref().map_or(Bound::Unbounded, |key| Bound::Excluded(key.as_slice()));
        let mut faulty = Vec::new();
        for entry in self.faults.range::<&[u8]>((from, Bound::Unbounded))?.take(max) {
            let (key, row) = entry?;
            if let Some(content) = contents::content(key.value()) {
                faulty.push((content, decode(row.value())?));
            }
        }
        Ok(faulty)
    }
}
