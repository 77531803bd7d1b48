//! The changes of a fact as data: the same list is applied to redb and, in tests, to `BTreeMap`s.

use events::ids::{
    AccessKeyId, BucketName, ConsumerName, ContentId, Generation, GroupName, KmsKeyName, NodeId, ObjectKey, PartNumber,
    PolicyName, RegionName, SessionId, TargetName, UploadId, UserId, UserName, VersionId, WorkerName,
};
use events::lease::Lease;

use crate::row::{
    BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, CheckpointRow, ConsumerRow, ContentRow, DeadLetterRow,
    DebtRow, EndedRow, FaultsRow, GroupRow, GrowthRow, KeyRow, KmsKeyRow, LeaseRow, LinkRow, MadeRow, ManifestRow,
    Named, NodeRow, NodeUsageRow, NotaryRow, PartRow, PolicyRow, Posting, PostingRow, ReleasedBucketRow,
    ReleasedUploadRow, RemovedNameRow, RemovedRow, SecretRow, SessionRow, TargetRow, TotalsRow, UploadRow, UsageRow,
    UserRow, VersionRow, WorkerRow, WriteRow, WritersRow, Written,
};

/// The most rows that one fact changes, except for an append to an object that shares its parts. Sums of nodes,
/// growth, writers and postings do not count: they are gathered, and written once for many facts.
pub const FACT_CHANGES_MAX: usize = 300;

/// A row to write or to remove. Rows are complete, so applying a change twice equals applying it once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say which row of which table")]
pub enum Change {
    PutBucket { name: BucketName, row: BucketRow },
    DropBucket { name: BucketName },
    PutCurrent { bucket: BucketId, key: ObjectKey, row: VersionRow },
    DropCurrent { bucket: BucketId, key: ObjectKey },
    PutVersion { bucket: BucketId, key: ObjectKey, row: VersionRow },
    DropVersion { bucket: BucketId, key: ObjectKey, version: VersionId },
    PutNull { bucket: BucketId, key: ObjectKey, version: VersionId },
    DropNull { bucket: BucketId, key: ObjectKey },
    PutRemoved { bucket: BucketId, key: ObjectKey, name: VersionId, row: RemovedRow },
    DropRemoved { bucket: BucketId, key: ObjectKey, name: VersionId },
    PutRemovedName { sequence: u64, row: RemovedNameRow },
    DropRemovedName { sequence: u64 },
    PutContent { content: ContentId, row: ContentRow },
    DropContent { content: ContentId },
    PutGeneration { generation: Generation, content: ContentId },
    DropGeneration { generation: Generation },
    PutUnreferenced { sequence: u64, content: ContentId },
    DropUnreferenced { sequence: u64, content: ContentId },
    PutEnded { generation: Generation, row: EndedRow },
    DropEnded { generation: Generation },
    PutFaults { content: ContentId, row: FaultsRow },
    DropFaults { content: ContentId },
    PutDebt { row: DebtRow },
    PutUpload { bucket: BucketId, key: ObjectKey, upload: UploadId, row: UploadRow },
    DropUpload { bucket: BucketId, key: ObjectKey, upload: UploadId },
    PutPart { upload: UploadId, number: PartNumber, row: PartRow },
    DropPart { upload: UploadId, number: PartNumber },
    PutManifest { upload: UploadId, row: ManifestRow },
    DropManifest { upload: UploadId },
    PutReleasedUpload { upload: UploadId, row: ReleasedUploadRow },
    DropReleasedUpload { upload: UploadId },
    PutReleasedBucket { bucket: BucketId, row: ReleasedBucketRow },
    DropReleasedBucket { bucket: BucketId },
    PutUsage { bucket: BucketId, row: UsageRow },
    DropUsage { bucket: BucketId },
    PutGrowth { hour: u32, bucket: BucketId, row: GrowthRow },
    DropGrowth { hour: u32, bucket: BucketId },
    PutGrowthDay { bucket: BucketId, day: u32, row: GrowthRow },
    DropGrowthDay { bucket: BucketId, day: u32 },
    PutPosting { posting: Posting, block: u64, row: PostingRow },
    PutAuditKey { bucket: BucketName, key: ObjectKey, sequence: u64 },
    PutWriters { bucket: BucketId, row: WritersRow },
    DropWriters { bucket: BucketId },
    PutTotals { row: TotalsRow },
    PutSecret { row: SecretRow },
    PutBucketAccess { bucket: BucketId, row: BucketAccessRow },
    DropBucketAccess { bucket: BucketId },
    PutBucketSettings { bucket: BucketId, row: BucketSettingsRow },
    DropBucketSettings { bucket: BucketId },
    PutNode { name: NodeId, row: NodeRow },
    PutLease { lease: Lease, row: LeaseRow },
    PutWorker { name: WorkerName, row: WorkerRow },
    PutConsumer { name: ConsumerName, row: ConsumerRow },
    DropConsumer { name: ConsumerName },
    PutNotary { row: NotaryRow },
    PutCheckpoint { last: u64, row: CheckpointRow },
    PutNodeUsage { name: NodeId, row: NodeUsageRow },
    DropNodeUsage { name: NodeId },
    PutTarget { name: TargetName, row: TargetRow },
    DropTarget { name: TargetName },
    PutLink { name: RegionName, row: LinkRow },
    DropLink { name: RegionName },
    PutDeadLetter { target: TargetName, sequence: u64, row: DeadLetterRow },
    DropDeadLetter { target: TargetName, sequence: u64 },
    Identity(IdentityChange),
}

impl Change {
    /// Whether it counts as a row that is written for its fact alone.
    pub fn counts(&self) -> bool {
        let is_sum = matches!(self, Self::PutNodeUsage { .. } | Self::DropNodeUsage { .. });
        !is_sum && !matches!(self, Self::PutGrowth { .. } | Self::PutWriters { .. } | Self::PutPosting { .. })
    }
}

/// A row about a user to write or to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say which row")]
pub enum IdentityChange {
    PutIdentitiesChanged { sequence: u64 },
    PutUser { name: UserName, row: UserRow },
    DropUser { name: UserName },
    PutUserId { id: UserId, name: UserName },
    DropUserId { id: UserId },
    PutEmail { email: String, name: UserName },
    DropEmail { email: String, name: UserName },
    PutKey { id: AccessKeyId, row: KeyRow },
    DropKey { id: AccessKeyId, user: UserName },
    PutGroup { name: GroupName, row: GroupRow },
    DropGroup { name: GroupName },
    PutPolicy { name: PolicyName, row: PolicyRow },
    DropPolicy { name: PolicyName },
    PutKmsKey { name: KmsKeyName, row: KmsKeyRow },
    PutSession { id: SessionId, row: SessionRow },
    DropSession { id: SessionId, user: UserName },
    PutMade { name: Named, row: MadeRow },
    DropMade { name: Named },
    PutWrite { name: Written, row: WriteRow },
    DropWrite { name: Written },
}
