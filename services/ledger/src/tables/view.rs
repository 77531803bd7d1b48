use std::ops::Bound;

use domain::row::{
    BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, ContentRow, DebtRow, FaultsRow, ManifestRow, NodeRow,
    PartRow, ReleasedBucketRow, ReleasedUploadRow, SecretRow, TotalsRow, UploadRow, UsageRow, VersionRow,
};
use domain::{Parts, View};
use events::ids::{
    BucketName, ContentId, Generation, NodeId, ObjectKey, PartNumber, Sha256Digest, UploadId, VersionId,
};
use redb::{Key, ReadableTable};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::row::decode;
use super::{Access, Tables, contents, region};
use crate::{Cursor, StateError};

fn get<'k, K: Key + 'static, T: DeserializeOwned>(
    table: &impl ReadableTable<K, &'static [u8]>,
    key: impl std::borrow::Borrow<K::SelfType<'k>>,
) -> Result<Option<T>, StateError> {
    table.get(key)?.map(|row| decode(row.value())).transpose()
}

/// Every key has at most this many bytes, so this sorts after all of a bucket's keys.
const AFTER_ALL_KEYS: &[u8] = &[0xFF; events::ids::OBJECT_KEY_BYTES_MAX + 1];

impl<A: Access> Tables<A> {
    /// How far the log is folded.
    pub fn cursor(&self) -> Result<Cursor, StateError> {
        Ok(get(&self.region, region::CURSOR)?.unwrap_or_default())
    }

    /// The storage nodes that joined, in the order of their names.
    pub fn list_nodes(&self) -> Result<Vec<(NodeId, NodeRow)>, StateError> {
        let mut nodes = Vec::new();
        for entry in self.region.range(region::NODE..region::AFTER_NODES)? {
            let (key, row) = entry?;
            let name = key.value().trim_start_matches(region::NODE).parse().map_err(StateError::Key)?;
            nodes.push((name, decode(row.value())?));
        }
        Ok(nodes)
    }

    /// Whether one of the first `max` contents, in the order of their hashes, was placed on a node of this name.
    pub fn names_node(&self, name: &NodeId, max: usize) -> Result<bool, StateError> {
        for entry in self.contents.iter()?.take(max) {
            let content: ContentRow = decode(entry?.1.value())?;
            if content.placement.nodes.contains(name) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<A: Access> View for Tables<A> {
    fn bucket(&self, name: &BucketName) -> Result<Option<BucketRow>, StateError> {
        get(&self.buckets, name.as_str())
    }

    fn bucket_settings(&self, bucket: BucketId) -> Result<BucketSettingsRow, StateError> {
        Ok(get(&self.bucket_settings, bucket.0)?.unwrap_or_default())
    }

    fn bucket_access(&self, bucket: BucketId) -> Result<BucketAccessRow, StateError> {
        Ok(get(&self.bucket_access, bucket.0)?.unwrap_or_default())
    }

    fn bucket_is_empty(&self, bucket: BucketId) -> Result<bool, StateError> {
        let from: &[u8] = &[];
        let current = self.current.range((bucket.0, from)..(bucket.0, AFTER_ALL_KEYS))?.next().transpose()?;
        let versions = self.versions.range((bucket.0, from, 0)..(bucket.0, AFTER_ALL_KEYS, 0))?.next().transpose()?;
        Ok(current.is_none() && versions.is_none())
    }

    fn current(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionRow>, StateError> {
        get(&self.current, (bucket.0, key.as_bytes()))
    }

    fn version(&self, bucket: BucketId, key: &ObjectKey, version: VersionId) -> Result<Option<VersionRow>, StateError> {
        get(&self.versions, (bucket.0, key.as_bytes(), version.as_u128()))
    }

    fn newest_below(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        below: VersionId,
    ) -> Result<Option<VersionRow>, StateError> {
        let key = key.as_bytes();
        let mut range = self.versions.range((bucket.0, key, 0)..(bucket.0, key, below.as_u128()))?;
        range.next_back().transpose()?.map(|(_, row)| decode(row.value())).transpose()
    }

    fn oldest_above(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        above: VersionId,
    ) -> Result<Option<VersionRow>, StateError> {
        let bytes = key.as_bytes();
        let above_it =
            (Bound::Excluded((bucket.0, bytes, above.as_u128())), Bound::Included((bucket.0, bytes, u128::MAX)));
        let next = self.versions.range::<(u64, &[u8], u128)>(above_it)?.next().transpose()?;
        let noncurrent: Option<VersionRow> = next.map(|(_, row)| decode(row.value())).transpose()?;
        let current = self.current(bucket, key)?.filter(|row| row.version > above);
        Ok(noncurrent.into_iter().chain(current).min_by_key(|row| row.version))
    }

    fn null_version(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionId>, StateError> {
        get(&self.nulls, (bucket.0, key.as_bytes()))
    }

    fn content(&self, content: &ContentId) -> Result<Option<ContentRow>, StateError> {
        get(&self.contents, contents::key(content).as_slice())
    }

    fn faults(&self, content: &ContentId) -> Result<FaultsRow, StateError> {
        Ok(get(&self.faults, contents::key(content).as_slice())?.unwrap_or_default())
    }

    fn debt(&self) -> Result<DebtRow, StateError> {
        Ok(get(&self.region, region::DEBT)?.unwrap_or_default())
    }

    fn newest_content(&self, sha256: Sha256Digest) -> Result<Option<ContentId>, StateError> {
        let generation = |uuid| contents::key(&ContentId { sha256, generation: Generation::from_fresh(uuid) });
        let (first, last) = (generation(Uuid::nil()), generation(Uuid::max()));
        let newest = self.contents.range(first.as_slice()..=last.as_slice())?.next_back().transpose()?;
        Ok(newest.and_then(|(key, _)| contents::content(key.value())))
    }

    fn upload(&self, bucket: BucketId, key: &ObjectKey, upload: UploadId) -> Result<Option<UploadRow>, StateError> {
        get(&self.uploads, (bucket.0, key.as_bytes(), upload.0.as_u128()))
    }

    fn uploads(&self, bucket: BucketId, max: usize) -> Result<Vec<(ObjectKey, UploadId)>, StateError> {
        let from: &[u8] = &[];
        let mut uploads = Vec::new();
        for entry in self.uploads.range((bucket.0, from, 0)..(bucket.0, AFTER_ALL_KEYS, 0))?.take(max) {
            let (key, _) = entry?;
            let (_, key, upload) = key.value();
            let key = ObjectKey::from_bytes(key).map_err(StateError::Key)?;
            uploads.push((key, UploadId(Uuid::from_u128(upload))));
        }
        Ok(uploads)
    }

    fn part(&self, upload: UploadId, number: PartNumber) -> Result<Option<PartRow>, StateError> {
        get(&self.parts, (upload.0.as_u128(), number.get()))
    }

    fn parts_from(&self, upload: UploadId, from: u16, max: usize) -> Result<Parts, StateError> {
        let upload = upload.0.as_u128();
        let mut parts = Parts::new();
        for entry in self.parts.range((upload, from)..=(upload, u16::MAX))?.take(max) {
            let (key, row) = entry?;
            let number = PartNumber::try_from(key.value().1).map_err(StateError::Key)?;
            parts.push((number, decode(row.value())?));
        }
        Ok(parts)
    }

    fn released_upload(&self, upload: UploadId) -> Result<Option<ReleasedUploadRow>, StateError> {
        get(&self.released_uploads, upload.0.as_u128())
    }

    fn next_released_upload(&self) -> Result<Option<(UploadId, ReleasedUploadRow)>, StateError> {
        let first = self.released_uploads.first()?;
        first.map(|(id, row)| Ok((UploadId(Uuid::from_u128(id.value())), decode(row.value())?))).transpose()
    }

    fn released_bucket(&self, bucket: BucketId) -> Result<Option<ReleasedBucketRow>, StateError> {
        get(&self.released_buckets, bucket.0)
    }

    fn next_released_bucket(&self) -> Result<Option<(BucketId, ReleasedBucketRow)>, StateError> {
        let first = self.released_buckets.first()?;
        first.map(|(id, row)| Ok((BucketId(id.value()), decode(row.value())?))).transpose()
    }

    fn manifest(&self, upload: UploadId) -> Result<Option<ManifestRow>, StateError> {
        get(&self.manifests, upload.0.as_u128())
    }

    fn usage(&self, bucket: BucketId) -> Result<UsageRow, StateError> {
        match self.pending.usage(bucket) {
            Some(row) => Ok(row),
            None => Ok(get(&self.usage, bucket.0)?.unwrap_or_default()),
        }
    }

    fn node(&self, name: &NodeId) -> Result<Option<NodeRow>, StateError> {
        get(&self.region, region::node(name).as_str())
    }

    fn secret(&self) -> Result<Option<SecretRow>, StateError> {
        get(&self.region, region::SECRET)
    }

    fn totals(&self) -> Result<TotalsRow, StateError> {
        match self.pending.totals() {
            Some(row) => Ok(row),
            None => Ok(get(&self.region, region::TOTALS)?.unwrap_or_default()),
        }
    }
}
