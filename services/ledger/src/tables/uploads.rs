//! Scans of uploads and their parts.

use std::ops::Bound;

use domain::Parts;
use domain::row::{BucketId, PartRow, UploadRow};
use events::ids::{ObjectKey, PartNumber, UploadId};

use super::Access;
use super::key::{NO_KEY, after_bucket};
use super::table::{Entries, Table};
use crate::StateError;

type Upload = (BucketId, ObjectKey, UploadId);

impl<A: Access> Table<A, Upload, UploadRow> {
    /// The uploads of a bucket, from a key and an id on.
    pub(crate) fn starting_at(
        &self,
        bucket: BucketId,
        from: Bound<(&[u8], UploadId)>,
    ) -> Result<Entries<'_, Upload, UploadRow>, StateError> {
        let from = match from {
            Bound::Included((key, upload)) => Bound::Included((bucket.0, key, upload.0.as_u128())),
            Bound::Excluded((key, upload)) => Bound::Excluded((bucket.0, key, upload.0.as_u128())),
            Bound::Unbounded => Bound::Included((bucket.0, NO_KEY, u128::MIN)),
        };
        self.range((from, Bound::Excluded((after_bucket(bucket), NO_KEY, u128::MIN))))
    }

    /// The first uploads of a bucket, `max` at most.
    pub(super) fn first_of(&self, bucket: BucketId, max: usize) -> Result<Vec<(ObjectKey, UploadId)>, StateError> {
        let ids = self.starting_at(bucket, Bound::Unbounded)?.take(max).map(|entry| entry?.key());
        ids.map(|id| id.map(|(_, key, upload)| (key, upload))).collect()
    }
}

impl<A: Access> Table<A, (UploadId, PartNumber), PartRow> {
    /// The parts of an upload from a number on, `max` at most.
    pub(crate) fn from(&self, upload: UploadId, from: u16, max: usize) -> Result<Parts, StateError> {
        let upload = upload.0.as_u128();
        let parts = self.range((upload, from)..=(upload, u16::MAX))?.take(max);
        parts.map(|entry| entry?.decode().map(|((_, number), row)| (number, row))).collect()
    }
}
