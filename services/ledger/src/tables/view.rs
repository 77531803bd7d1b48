use domain::row::{
    BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, ConsumerRow, ContentRow, DeadLetterRow, DebtRow, EndedRow,
    FaultsRow, GrowthRow, LeaseRow, LinkRow, ManifestRow, NodeRow, NodeUsageRow, NotaryRow, PartRow, Posting,
    PostingRow, ReleasedBucketRow, ReleasedUploadRow, RemovedNameRow, RemovedRow, SecretRow, TargetRow, TotalsRow,
    UploadRow, UsageRow, VersionRow, WorkerRow, WritersRow,
};
use domain::{Parts, View};
use events::ids::{
    BucketName, ConsumerName, ContentId, Generation, NodeId, ObjectKey, PartNumber, RegionName, Sha256Digest,
    TargetName, UploadId, VersionId, WorkerName,
};
use events::lease::Lease;

use super::key::Key;
use super::{Access, Tables};
use crate::StateError;

impl<A: Access> View for Tables<A> {
    fn bucket(&self, name: &BucketName) -> Result<Option<BucketRow>, StateError> {
        self.buckets.get(name)
    }

    fn bucket_settings(&self, bucket: BucketId) -> Result<BucketSettingsRow, StateError> {
        Ok(self.bucket_settings.get(bucket)?.unwrap_or_default())
    }

    fn bucket_access(&self, bucket: BucketId) -> Result<BucketAccessRow, StateError> {
        Ok(self.bucket_access.get(bucket)?.unwrap_or_default())
    }

    fn bucket_is_empty(&self, bucket: BucketId) -> Result<bool, StateError> {
        Ok(self.current.is_empty_of(bucket)? && self.versions.is_empty_of(bucket)?)
    }

    fn current(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionRow>, StateError> {
        self.current.get((bucket, key))
    }

    fn version(&self, bucket: BucketId, key: &ObjectKey, version: VersionId) -> Result<Option<VersionRow>, StateError> {
        self.versions.get((bucket, key, version))
    }

    fn newest_below(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        below: VersionId,
    ) -> Result<Option<VersionRow>, StateError> {
        self.versions.below(bucket, key, below)?.next_back().map(|entry| entry?.row()).transpose()
    }

    fn oldest_above(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        above: VersionId,
    ) -> Result<Option<VersionRow>, StateError> {
        let noncurrent = self.versions.oldest_above(bucket, key, above)?;
        let current = self.current.get((bucket, key))?.filter(|row| row.version > above);
        Ok(noncurrent.into_iter().chain(current).min_by_key(|row| row.version))
    }

    fn null_version(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionId>, StateError> {
        self.nulls.get((bucket, key))
    }

    fn removed(&self, bucket: BucketId, key: &ObjectKey, name: VersionId) -> Result<Option<RemovedRow>, StateError> {
        self.removed.get((bucket, key, name))
    }

    fn removed_first(&self, max: usize) -> Result<Vec<(u64, RemovedNameRow)>, StateError> {
        self.removed_names
            .range(..)?
            .take(max)
            .map(|entry| {
                let entry = entry?;
                Ok((entry.key()?, entry.row()?))
            })
            .collect()
    }

    fn content(&self, content: &ContentId) -> Result<Option<ContentRow>, StateError> {
        self.contents.get(content)
    }

    fn faults(&self, content: &ContentId) -> Result<FaultsRow, StateError> {
        Ok(self.faults.get(content)?.unwrap_or_default())
    }

    fn debt(&self) -> Result<DebtRow, StateError> {
        self.region.debt()
    }

    fn newest_contents(&self, sha256: Sha256Digest, max: usize) -> Result<Vec<ContentId>, StateError> {
        self.contents.newest(sha256, max)
    }

    fn generation(&self, generation: Generation) -> Result<Option<ContentId>, StateError> {
        self.generations.get(generation)
    }

    fn ended(&self, generation: Generation) -> Result<Option<EndedRow>, StateError> {
        self.ended.get(generation)
    }

    fn ended_below(&self, generation: Generation, max: usize) -> Result<Vec<Generation>, StateError> {
        let below = Generation::encode(generation, |below| self.ended.range(..below));
        below?.take(max).map(|entry| entry?.key()).collect()
    }

    fn upload(&self, bucket: BucketId, key: &ObjectKey, upload: UploadId) -> Result<Option<UploadRow>, StateError> {
        self.uploads.get((bucket, key, upload))
    }

    fn uploads(&self, bucket: BucketId, max: usize) -> Result<Vec<(ObjectKey, UploadId)>, StateError> {
        self.uploads.first_of(bucket, max)
    }

    fn part(&self, upload: UploadId, number: PartNumber) -> Result<Option<PartRow>, StateError> {
        self.parts.get((upload, number))
    }

    fn parts_from(&self, upload: UploadId, from: u16, max: usize) -> Result<Parts, StateError> {
        self.parts.from(upload, from, max)
    }

    fn released_upload(&self, upload: UploadId) -> Result<Option<ReleasedUploadRow>, StateError> {
        self.released_uploads.get(upload)
    }

    fn next_released_upload(&self) -> Result<Option<(UploadId, ReleasedUploadRow)>, StateError> {
        self.released_uploads.first()
    }

    fn released_bucket(&self, bucket: BucketId) -> Result<Option<ReleasedBucketRow>, StateError> {
        self.released_buckets.get(bucket)
    }

    fn next_released_bucket(&self) -> Result<Option<(BucketId, ReleasedBucketRow)>, StateError> {
        self.released_buckets.first()
    }

    fn manifest(&self, upload: UploadId) -> Result<Option<ManifestRow>, StateError> {
        self.manifests.get(upload)
    }

    fn usage(&self, bucket: BucketId) -> Result<UsageRow, StateError> {
        match self.pending.usage(bucket) {
            Some(row) => Ok(row),
            None => Ok(self.usage.get(bucket)?.unwrap_or_default()),
        }
    }

    fn growth_before(&self, hour: u32, max: usize) -> Result<Vec<(u32, BucketId, GrowthRow)>, StateError> {
        self.first_growth(hour, max)
    }

    fn growth_day(&self, bucket: BucketId, day: u32) -> Result<Option<GrowthRow>, StateError> {
        self.growth_days.get((bucket, day))
    }

    fn growth_days(&self, bucket: BucketId, max: usize) -> Result<Vec<u32>, StateError> {
        let days = self.growth_days.range((bucket.0, 0)..=(bucket.0, u32::MAX))?;
        days.take(max).map(|entry| Ok(entry?.key()?.1)).collect()
    }

    fn posting(&self, posting: &Posting, block: u64) -> Result<PostingRow, StateError> {
        match self.pending.posting(posting, block) {
            Some(row) => Ok(row),
            None => Ok(self.postings.get((posting, block))?.unwrap_or_default()),
        }
    }

    fn writers(&self, bucket: BucketId) -> Result<WritersRow, StateError> {
        match self.pending.writers(bucket) {
            Some(row) => Ok(row),
            None => Ok(self.writers.get(bucket)?.unwrap_or_default()),
        }
    }

    fn node(&self, name: &NodeId) -> Result<Option<NodeRow>, StateError> {
        self.region.node(name)
    }

    fn lease(&self, lease: Lease) -> Result<Option<LeaseRow>, StateError> {
        self.region.lease(lease)
    }

    fn worker(&self, name: &WorkerName) -> Result<WorkerRow, StateError> {
        self.region.worker(name)
    }

    fn consumer(&self, name: &ConsumerName) -> Result<Option<ConsumerRow>, StateError> {
        self.region.consumer(name)
    }

    fn consumers(&self) -> Result<Vec<(ConsumerName, ConsumerRow)>, StateError> {
        self.region.consumers()
    }

    fn target(&self, name: &TargetName) -> Result<Option<TargetRow>, StateError> {
        self.region.target(name)
    }

    fn targets(&self, max: usize) -> Result<Vec<(TargetName, TargetRow)>, StateError> {
        self.list_targets(None, max)
    }

    fn link(&self, name: &RegionName) -> Result<Option<LinkRow>, StateError> {
        self.region.link(name)
    }

    fn links(&self) -> Result<Vec<(RegionName, LinkRow)>, StateError> {
        self.region.links()
    }

    fn dead_letter(&self, target: &TargetName, sequence: u64) -> Result<Option<DeadLetterRow>, StateError> {
        self.region.dead_letter(target, sequence)
    }

    fn dead_letters(
        &self,
        target: &TargetName,
        after: u64,
        max: usize,
    ) -> Result<Vec<(u64, DeadLetterRow)>, StateError> {
        self.list_dead_letters(target, after, max)
    }

    fn notary(&self) -> Result<NotaryRow, StateError> {
        self.region.notary()
    }

    fn node_usage(&self, name: &NodeId) -> Result<NodeUsageRow, StateError> {
        match self.pending.node_usage(name) {
            Some(row) => Ok(row),
            None => self.region.node_usage(name),
        }
    }

    fn secret(&self) -> Result<Option<SecretRow>, StateError> {
        self.region.secret()
    }

    fn totals(&self) -> Result<TotalsRow, StateError> {
        self.pending.totals().map_or_else(|| self.region.totals(), Ok)
    }
}
