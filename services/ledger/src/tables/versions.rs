//! Scans of versions: the current ones, and all others.

use std::ops::Bound;

use domain::row::{BucketId, VersionRow};
use events::ids::{ObjectKey, VersionId};

use super::Access;
use super::key::{NO_KEY, after_bucket};
use super::table::{Entries, Table};
use crate::StateError;

type Current = (BucketId, ObjectKey);
type Noncurrent = (BucketId, ObjectKey, VersionId);

impl<A: Access> Table<A, Current, VersionRow> {
    pub(super) fn is_empty_of(&self, bucket: BucketId) -> Result<bool, StateError> {
        Ok(self.starting_at(bucket, Bound::Unbounded)?.next().transpose()?.is_none())
    }

    /// The current versions of a bucket, from a key on.
    pub(crate) fn starting_at(
        &self,
        bucket: BucketId,
        from: Bound<&[u8]>,
    ) -> Result<Entries<'_, Current, VersionRow>, StateError> {
        let from = match from {
            Bound::Included(key) => Bound::Included((bucket.0, key)),
            Bound::Excluded(key) => Bound::Excluded((bucket.0, key)),
            Bound::Unbounded => Bound::Included((bucket.0, NO_KEY)),
        };
        self.range((from, Bound::Excluded((after_bucket(bucket), NO_KEY))))
    }
}

impl<A: Access> Table<A, Noncurrent, VersionRow> {
    pub(super) fn is_empty_of(&self, bucket: BucketId) -> Result<bool, StateError> {
        Ok(self.starting_at(bucket, Bound::Unbounded)?.next().transpose()?.is_none())
    }

    /// The noncurrent versions of a bucket, from a key on.
    pub(crate) fn starting_at(
        &self,
        bucket: BucketId,
        from: Bound<&[u8]>,
    ) -> Result<Entries<'_, Noncurrent, VersionRow>, StateError> {
        let from = match from {
            Bound::Included(key) => Bound::Included((bucket.0, key, u128::MIN)),
            Bound::Excluded(key) => Bound::Excluded((bucket.0, key, u128::MAX)),
            Bound::Unbounded => Bound::Included((bucket.0, NO_KEY, u128::MIN)),
        };
        self.range((from, Bound::Excluded((after_bucket(bucket), NO_KEY, u128::MIN))))
    }

    /// The noncurrent versions of a key below an id, from the oldest to the newest.
    pub(crate) fn below(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        below: VersionId,
    ) -> Result<Entries<'_, Noncurrent, VersionRow>, StateError> {
        self.range((bucket.0, key.as_bytes(), u128::MIN)..(bucket.0, key.as_bytes(), below.as_u128()))
    }

    pub(super) fn oldest_above(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        above: VersionId,
    ) -> Result<Option<VersionRow>, StateError> {
        let from = Bound::Excluded((bucket.0, key.as_bytes(), above.as_u128()));
        let to = Bound::Included((bucket.0, key.as_bytes(), u128::MAX));
        self.range((from, to))?.next().map(|entry| entry?.row()).transpose()
    }
}
