//! How `decide` and `project` read the state.

use events::ids::{
    BucketName, ConsumerName, ContentId, Generation, NodeId, ObjectKey, PartNumber, RegionName, Sha256Digest,
    TargetName, UploadId, VersionId, WorkerName,
};
use events::lease::Lease;
use serde::{Deserialize, Serialize};

use crate::identities::Identities;
use crate::row::{
    BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, ConsumerRow, ContentRow, DeadLetterRow, DebtRow, EndedRow,
    FaultsRow, GrowthRow, LeaseRow, LinkRow, ManifestRow, NodeRow, NodeUsageRow, NotaryRow, PartRow, Posting,
    PostingRow, ReleasedBucketRow, ReleasedUploadRow, RemovedNameRow, RemovedRow, SecretRow, TargetRow, TotalsRow,
    UploadRow, UsageRow, VersionRow, WorkerRow, WritersRow,
};

/// Parts with their numbers, in order.
pub type Parts = Vec<(PartNumber, PartRow)>;

/// The projection at one moment: redb in the ledger, `BTreeMap`s in tests.
///
/// A key's versions are in two tables: the current one, unless it is a delete marker, under the key alone; all others,
/// including delete markers, under key and version.
pub trait View: Identities {
    /// A bucket by its name.
    fn bucket(&self, name: &BucketName) -> Result<Option<BucketRow>, Self::Error>;
    /// A bucket's access settings; all defaults if none were set.
    fn bucket_access(&self, bucket: BucketId) -> Result<BucketAccessRow, Self::Error>;
    /// A bucket's other settings; all defaults if none were set.
    fn bucket_settings(&self, bucket: BucketId) -> Result<BucketSettingsRow, Self::Error>;
    /// Whether a bucket has no version and no delete marker.
    fn bucket_is_empty(&self, bucket: BucketId) -> Result<bool, Self::Error>;
    /// The version that a plain GET returns.
    fn current(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionRow>, Self::Error>;
    /// A version that is not current.
    fn version(&self, bucket: BucketId, key: &ObjectKey, version: VersionId)
    -> Result<Option<VersionRow>, Self::Error>;
    /// The newest version below an id, except the current one.
    fn newest_below(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        below: VersionId,
    ) -> Result<Option<VersionRow>, Self::Error>;
    /// The oldest version above an id, including the current one.
    fn oldest_above(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        above: VersionId,
    ) -> Result<Option<VersionRow>, Self::Error>;
    /// The null version, if it is not current.
    fn null_version(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionId>, Self::Error>;
    /// A version that was deleted for good, by its id, or [`NULL_REMOVED`](crate::row::NULL_REMOVED).
    fn removed(&self, bucket: BucketId, key: &ObjectKey, name: VersionId) -> Result<Option<RemovedRow>, Self::Error>;
    /// The names of the versions that were deleted first, with the events that deleted them, at most `max`.
    fn removed_first(&self, max: usize) -> Result<Vec<(u64, RemovedNameRow)>, Self::Error>;
    /// A content.
    fn content(&self, content: &ContentId) -> Result<Option<ContentRow>, Self::Error>;
    /// The known faults of a content's shards.
    fn faults(&self, content: &ContentId) -> Result<FaultsRow, Self::Error>;
    /// The faults of all contents, counted.
    fn debt(&self) -> Result<DebtRow, Self::Error>;
    /// The newest contents with these bytes, the newest first, at most `max`.
    fn newest_contents(&self, sha256: Sha256Digest, max: usize) -> Result<Vec<ContentId>, Self::Error>;
    /// The content that a generation belongs to: its own, or that of one of its shards.
    fn generation(&self, generation: Generation) -> Result<Option<ContentId>, Self::Error>;
    /// A generation that ended.
    fn ended(&self, generation: Generation) -> Result<Option<EndedRow>, Self::Error>;
    /// The first ended generations that are less than this one, at most `max`.
    fn ended_below(&self, generation: Generation, max: usize) -> Result<Vec<Generation>, Self::Error>;
    /// An upload in progress.
    fn upload(&self, bucket: BucketId, key: &ObjectKey, upload: UploadId) -> Result<Option<UploadRow>, Self::Error>;
    /// The first uploads in progress in a bucket, at most `max`.
    fn uploads(&self, bucket: BucketId, max: usize) -> Result<Vec<(ObjectKey, UploadId)>, Self::Error>;
    /// One part of an upload.
    fn part(&self, upload: UploadId, number: PartNumber) -> Result<Option<PartRow>, Self::Error>;
    /// The parts of an upload from a number on, at most `max`, including those that are being released.
    fn parts_from(&self, upload: UploadId, from: u16, max: usize) -> Result<Parts, Self::Error>;
    /// An upload whose parts are being released: all of them, or those that its object does not use.
    fn released_upload(&self, upload: UploadId) -> Result<Option<ReleasedUploadRow>, Self::Error>;
    /// Any upload whose parts are being released; the same one in the same state.
    fn next_released_upload(&self) -> Result<Option<(UploadId, ReleasedUploadRow)>, Self::Error>;
    /// A deleted bucket whose uploads are being released.
    fn released_bucket(&self, bucket: BucketId) -> Result<Option<ReleasedBucketRow>, Self::Error>;
    /// Any such bucket; the same one in the same state.
    fn next_released_bucket(&self) -> Result<Option<(BucketId, ReleasedBucketRow)>, Self::Error>;
    /// A completed upload.
    fn manifest(&self, upload: UploadId) -> Result<Option<ManifestRow>, Self::Error>;
    /// All parts of an upload in progress, or of the object it became: at most 10,000.
    fn parts(&self, upload: UploadId) -> Result<Parts, Self::Error> {
        let mut parts = self.parts_from(upload, 0, usize::MAX)?;
        if let Some(released) = self.released_upload(upload)? {
            parts.retain(|(number, _)| released.keeps(*number));
        }
        Ok(parts)
    }
    /// The usage and quota of a bucket.
    fn usage(&self, bucket: BucketId) -> Result<UsageRow, Self::Error>;
    /// The first rows of growth of hours before this one, `max` at most: the hour, the bucket and the row.
    fn growth_before(&self, hour: u32, max: usize) -> Result<Vec<(u32, BucketId, GrowthRow)>, Self::Error>;
    /// What a bucket held at the end of a day of which no hours are kept any more.
    fn growth_day(&self, bucket: BucketId, day: u32) -> Result<Option<GrowthRow>, Self::Error>;
    /// The first such days of a bucket, `max` at most.
    fn growth_days(&self, bucket: BucketId, max: usize) -> Result<Vec<u32>, Self::Error>;
    /// Which events of a block have something in common.
    fn posting(&self, posting: &Posting, block: u64) -> Result<PostingRow, Self::Error>;
    /// Those who write most to a bucket.
    fn writers(&self, bucket: BucketId) -> Result<WritersRow, Self::Error>;
    /// A storage node.
    fn node(&self, name: &NodeId) -> Result<Option<NodeRow>, Self::Error>;
    /// A lease; `None` if it was never taken.
    fn lease(&self, lease: Lease) -> Result<Option<LeaseRow>, Self::Error>;
    /// The settings of a worker; all defaults where nothing was ever set.
    fn worker(&self, name: &WorkerName) -> Result<WorkerRow, Self::Error>;
    /// A durable consumer.
    fn consumer(&self, name: &ConsumerName) -> Result<Option<ConsumerRow>, Self::Error>;
    /// All durable consumers, in the order of their names: at most [`crate::CONSUMERS_MAX`].
    fn consumers(&self) -> Result<Vec<(ConsumerName, ConsumerRow)>, Self::Error>;
    /// A target of events.
    fn target(&self, name: &TargetName) -> Result<Option<TargetRow>, Self::Error>;
    /// The first targets in the order of their names, at most `max`.
    fn targets(&self, max: usize) -> Result<Vec<(TargetName, TargetRow)>, Self::Error>;
    /// A link to another region.
    fn link(&self, name: &RegionName) -> Result<Option<LinkRow>, Self::Error>;
    /// All links, in the order of their names: at most [`crate::LINKS_MAX`].
    fn links(&self) -> Result<Vec<(RegionName, LinkRow)>, Self::Error>;
    /// A dead letter of a target.
    fn dead_letter(&self, target: &TargetName, sequence: u64) -> Result<Option<DeadLetterRow>, Self::Error>;
    /// The dead letters of a target after a sequence, in order, at most `max`.
    fn dead_letters(
        &self,
        target: &TargetName,
        after: u64,
        max: usize,
    ) -> Result<Vec<(u64, DeadLetterRow)>, Self::Error>;
    /// How far the log is signed.
    fn notary(&self) -> Result<NotaryRow, Self::Error>;
    /// What is placed on a storage node.
    fn node_usage(&self, name: &NodeId) -> Result<NodeUsageRow, Self::Error>;
    /// The newest secret that is kept apart.
    fn secret(&self) -> Result<Option<SecretRow>, Self::Error>;
    /// The totals of the region.
    fn totals(&self) -> Result<TotalsRow, Self::Error>;
}

/// A version as S3 names it in requests and responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionName {
    /// `null`
    Null,
    /// Its id.
    Id(VersionId),
}

impl VersionRow {
    /// The name that S3 uses for it.
    pub fn name(&self) -> VersionName {
        if self.null { VersionName::Null } else { VersionName::Id(self.version) }
    }
}

/// Finds a version, current or not, by the name that S3 uses.
pub fn find_version<V: View>(
    view: &V,
    bucket: BucketId,
    key: &ObjectKey,
    name: VersionName,
) -> Result<Option<VersionRow>, V::Error> {
    if let Some(current) = view.current(bucket, key)?
        && current.name() == name
    {
        return Ok(Some(current));
    }
    let id = match name {
        VersionName::Id(id) => Some(id),
        VersionName::Null => view.null_version(bucket, key)?,
    };
    let Some(id) = id else { return Ok(None) };
    Ok(view.version(bucket, key, id)?.filter(|row| row.name() == name))
}

/// Finds a version, current or not, by its id, and whether it is the current one.
pub(crate) fn locate_version<V: View>(
    view: &V,
    bucket: BucketId,
    key: &ObjectKey,
    version: VersionId,
) -> Result<Option<(VersionRow, bool)>, V::Error> {
    match view.current(bucket, key)?.filter(|row| row.version == version) {
        Some(row) => Ok(Some((row, true))),
        None => Ok(view.version(bucket, key, version)?.map(|row| (row, false))),
    }
}

/// Finds a version, current or not, by its id.
///
/// # Errors
/// The state cannot be read.
pub fn version_by_id<V: View>(
    view: &V,
    bucket: BucketId,
    key: &ObjectKey,
    version: VersionId,
) -> Result<Option<VersionRow>, V::Error> {
    Ok(locate_version(view, bucket, key, version)?.map(|(row, _)| row))
}

/// The newest version of a key, an object or a delete marker.
pub fn newest_version<V: View>(view: &V, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionRow>, V::Error> {
    match view.current(bucket, key)? {
        Some(current) => Ok(Some(current)),
        None => view.newest_below(bucket, key, VersionId::MAX),
    }
}
