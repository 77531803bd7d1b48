//! Scans of buckets.

use std::ops::Bound;

use domain::row::BucketRow;
use events::ids::BucketName;

use super::table::{Entries, Table};
use super::{Access, Tables};
use crate::StateError;

impl<A: Access> Table<A, BucketName, BucketRow> {
    fn after(&self, name: Option<&BucketName>) -> Result<Entries<'_, BucketName, BucketRow>, StateError> {
        let from = name.map_or(Bound::Unbounded, |name| Bound::Excluded(name.as_str()));
        self.range((from, Bound::Unbounded))
    }
}

impl<A: Access> Tables<A> {
    /// Returns the number of buckets.
    pub fn count_buckets(&self) -> Result<u64, StateError> {
        self.buckets.len()
    }

    /// A page of buckets in the order of their names.
    pub fn list_buckets(
        &self,
        after: Option<&BucketName>,
        max: usize,
    ) -> Result<Vec<(BucketName, BucketRow)>, StateError> {
        self.buckets.after(after)?.take(max).map(|entry| entry?.decode()).collect()
    }
}
