//! The projection as plain `BTreeMap`s, which tests compare with redb.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use events::ids::{
    AccessKeyId, BucketName, ConsumerName, ContentId, Generation, GroupName, KmsKeyName, NodeId, ObjectKey, PartNumber,
    PolicyName, RegionName, SessionId, Sha256Digest, TargetName, UploadId, UserId, UserName, VersionId, WorkerName,
};
use events::lease::Lease;

use crate::change::{Change, IdentityChange};
use crate::identities::Identities;
use crate::row::{
    BucketAccessRow, BucketId, BucketRow, BucketSettingsRow, CheckpointRow, ConsumerRow, ContentRow, DeadLetterRow,
    DebtRow, EndedRow, FaultsRow, GroupRow, GrowthRow, KeyRow, KmsKeyRow, LeaseRow, LinkRow, MadeRow, ManifestRow,
    Named, NodeRow, NodeUsageRow, NotaryRow, PartRow, PolicyRow, Posting, PostingRow, ReleasedBucketRow,
    ReleasedUploadRow, RemovedNameRow, RemovedRow, SecretRow, SessionRow, TargetRow, TotalsRow, UploadRow, UsageRow,
    UserRow, VersionRow, WorkerRow, WriteRow, WritersRow, Written,
};
use crate::view::{Parts, View};

/// All tables, in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the tables")]
pub struct Model {
    pub buckets: BTreeMap<BucketName, BucketRow>,
    pub current: BTreeMap<(BucketId, ObjectKey), VersionRow>,
    pub versions: BTreeMap<(BucketId, ObjectKey, VersionId), VersionRow>,
    pub nulls: BTreeMap<(BucketId, ObjectKey), VersionId>,
    pub removed: BTreeMap<(BucketId, ObjectKey, VersionId), RemovedRow>,
    pub removed_names: BTreeMap<u64, RemovedNameRow>,
    pub contents: BTreeMap<(Sha256Digest, Generation), ContentRow>,
    pub faults: BTreeMap<(Sha256Digest, Generation), FaultsRow>,
    pub generations: BTreeMap<Generation, ContentId>,
    pub unreferenced: BTreeSet<(u64, ContentId)>,
    pub ended: BTreeMap<Generation, EndedRow>,
    pub debt: DebtRow,
    pub uploads: BTreeMap<(BucketId, ObjectKey, UploadId), UploadRow>,
    pub parts: BTreeMap<(UploadId, PartNumber), PartRow>,
    pub manifests: BTreeMap<UploadId, ManifestRow>,
    pub released_uploads: BTreeMap<UploadId, ReleasedUploadRow>,
    pub released_buckets: BTreeMap<BucketId, ReleasedBucketRow>,
    pub usage: BTreeMap<BucketId, UsageRow>,
    pub growth: BTreeMap<(u32, BucketId), GrowthRow>,
    pub growth_days: BTreeMap<(BucketId, u32), GrowthRow>,
    pub writers: BTreeMap<BucketId, WritersRow>,
    pub postings: BTreeMap<(Posting, u64), PostingRow>,
    pub audit_keys: BTreeSet<(BucketName, ObjectKey, u64)>,
    pub totals: TotalsRow,
    pub secret: Option<SecretRow>,
    pub bucket_access: BTreeMap<BucketId, BucketAccessRow>,
    pub bucket_settings: BTreeMap<BucketId, BucketSettingsRow>,
    pub nodes: BTreeMap<NodeId, NodeRow>,
    pub leases: BTreeMap<Lease, LeaseRow>,
    pub workers: BTreeMap<WorkerName, WorkerRow>,
    pub consumers: BTreeMap<ConsumerName, ConsumerRow>,
    pub notary: NotaryRow,
    pub checkpoints: BTreeMap<u64, CheckpointRow>,
    pub node_usage: BTreeMap<NodeId, NodeUsageRow>,
    pub targets: BTreeMap<TargetName, TargetRow>,
    pub links: BTreeMap<RegionName, LinkRow>,
    pub dead_letters: BTreeMap<(TargetName, u64), DeadLetterRow>,
    pub identities_changed: u64,
    pub users: BTreeMap<UserName, UserRow>,
    pub user_ids: BTreeMap<UserId, UserName>,
    pub emails: BTreeMap<String, BTreeSet<UserName>>,
    pub keys: BTreeMap<AccessKeyId, KeyRow>,
    pub groups: BTreeMap<GroupName, GroupRow>,
    pub policies: BTreeMap<PolicyName, PolicyRow>,
    pub kms_keys: BTreeMap<KmsKeyName, KmsKeyRow>,
    pub sessions: BTreeMap<SessionId, SessionRow>,
    pub made: BTreeMap<Named, MadeRow>,
    pub writes: BTreeMap<Written, WriteRow>,
}

impl Model {
    /// Writes or removes the row.
    #[expect(clippy::too_many_lines, reason = "an arm for each change")]
    pub fn apply(&mut self, change: Change) {
        match change {
            Change::PutBucket { name, row } => drop(self.buckets.insert(name, row)),
            Change::DropBucket { name } => drop(self.buckets.remove(&name)),
            Change::PutCurrent { bucket, key, row } => drop(self.current.insert((bucket, key), row)),
            Change::DropCurrent { bucket, key } => drop(self.current.remove(&(bucket, key))),
            Change::PutVersion { bucket, key, row } => drop(self.versions.insert((bucket, key, row.version), row)),
            Change::DropVersion { bucket, key, version } => drop(self.versions.remove(&(bucket, key, version))),
            Change::PutNull { bucket, key, version } => drop(self.nulls.insert((bucket, key), version)),
            Change::DropNull { bucket, key } => drop(self.nulls.remove(&(bucket, key))),
            Change::PutRemoved { bucket, key, name, row } => drop(self.removed.insert((bucket, key, name), row)),
            Change::DropRemoved { bucket, key, name } => drop(self.removed.remove(&(bucket, key, name))),
            Change::PutRemovedName { sequence, row } => drop(self.removed_names.insert(sequence, row)),
            Change::DropRemovedName { sequence } => drop(self.removed_names.remove(&sequence)),
            Change::PutContent { content, row } => {
                self.contents.insert((content.sha256, content.generation), row);
            }
            Change::DropContent { content } => {
                self.contents.remove(&(content.sha256, content.generation));
            }
            Change::PutGeneration { generation, content } => drop(self.generations.insert(generation, content)),
            Change::DropGeneration { generation } => drop(self.generations.remove(&generation)),
            Change::PutUnreferenced { sequence, content } => {
                self.unreferenced.insert((sequence, content));
            }
            Change::DropUnreferenced { sequence, content } => {
                self.unreferenced.remove(&(sequence, content));
            }
            Change::PutEnded { generation, row } => drop(self.ended.insert(generation, row)),
            Change::DropEnded { generation } => drop(self.ended.remove(&generation)),
            Change::PutFaults { content, row } => {
                self.faults.insert((content.sha256, content.generation), row);
            }
            Change::DropFaults { content } => {
                self.faults.remove(&(content.sha256, content.generation));
            }
            Change::PutDebt { row } => self.debt = row,
            Change::PutUpload { bucket, key, upload, row } => drop(self.uploads.insert((bucket, key, upload), row)),
            Change::DropUpload { bucket, key, upload } => drop(self.uploads.remove(&(bucket, key, upload))),
            Change::PutPart { upload, number, row } => drop(self.parts.insert((upload, number), row)),
            Change::DropPart { upload, number } => drop(self.parts.remove(&(upload, number))),
            Change::PutManifest { upload, row } => drop(self.manifests.insert(upload, row)),
            Change::DropManifest { upload } => drop(self.manifests.remove(&upload)),
            Change::PutReleasedUpload { upload, row } => drop(self.released_uploads.insert(upload, row)),
            Change::DropReleasedUpload { upload } => drop(self.released_uploads.remove(&upload)),
            Change::PutReleasedBucket { bucket, row } => drop(self.released_buckets.insert(bucket, row)),
            Change::DropReleasedBucket { bucket } => drop(self.released_buckets.remove(&bucket)),
            Change::PutUsage { bucket, row } => drop(self.usage.insert(bucket, row)),
            Change::DropUsage { bucket } => drop(self.usage.remove(&bucket)),
            Change::PutGrowth { hour, bucket, row } => drop(self.growth.insert((hour, bucket), row)),
            Change::DropGrowth { hour, bucket } => drop(self.growth.remove(&(hour, bucket))),
            Change::PutGrowthDay { bucket, day, row } => drop(self.growth_days.insert((bucket, day), row)),
            Change::DropGrowthDay { bucket, day } => drop(self.growth_days.remove(&(bucket, day))),
            Change::PutPosting { posting, block, row } => drop(self.postings.insert((posting, block), row)),
            Change::PutAuditKey { bucket, key, sequence } => {
                self.audit_keys.insert((bucket, key, sequence));
            }
            Change::PutWriters { bucket, row } => drop(self.writers.insert(bucket, row)),
            Change::DropWriters { bucket } => drop(self.writers.remove(&bucket)),
            Change::PutTotals { row } => self.totals = row,
            Change::PutSecret { row } => self.secret = Some(row),
            Change::PutBucketAccess { bucket, row } => drop(self.bucket_access.insert(bucket, row)),
            Change::DropBucketAccess { bucket } => drop(self.bucket_access.remove(&bucket)),
            Change::PutBucketSettings { bucket, row } => drop(self.bucket_settings.insert(bucket, row)),
            Change::DropBucketSettings { bucket } => drop(self.bucket_settings.remove(&bucket)),
            Change::PutNode { name, row } => drop(self.nodes.insert(name, row)),
            Change::PutLease { lease, row } => drop(self.leases.insert(lease, row)),
            Change::PutWorker { name, row } => drop(self.workers.insert(name, row)),
            Change::PutConsumer { name, row } => drop(self.consumers.insert(name, row)),
            Change::DropConsumer { name } => drop(self.consumers.remove(&name)),
            Change::PutNotary { row } => self.notary = row,
            Change::PutCheckpoint { last, row } => drop(self.checkpoints.insert(last, row)),
            Change::PutNodeUsage { name, row } => drop(self.node_usage.insert(name, row)),
            Change::DropNodeUsage { name } => drop(self.node_usage.remove(&name)),
            Change::PutTarget { name, row } => drop(self.targets.insert(name, row)),
            Change::DropTarget { name } => drop(self.targets.remove(&name)),
            Change::PutLink { name, row } => drop(self.links.insert(name, row)),
            Change::DropLink { name } => drop(self.links.remove(&name)),
            Change::PutDeadLetter { target, sequence, row } => drop(self.dead_letters.insert((target, sequence), row)),
            Change::DropDeadLetter { target, sequence } => drop(self.dead_letters.remove(&(target, sequence))),
            Change::Identity(change) => self.apply_to_identities(change),
        }
    }

    fn apply_to_identities(&mut self, change: IdentityChange) {
        match change {
            IdentityChange::PutIdentitiesChanged { sequence } => self.identities_changed = sequence,
            IdentityChange::PutUser { name, row } => drop(self.users.insert(name, row)),
            IdentityChange::DropUser { name } => drop(self.users.remove(&name)),
            IdentityChange::PutUserId { id, name } => drop(self.user_ids.insert(id, name)),
            IdentityChange::DropUserId { id } => drop(self.user_ids.remove(&id)),
            IdentityChange::PutEmail { email, name } => drop(self.emails.entry(email).or_default().insert(name)),
            IdentityChange::DropEmail { email, name } => {
                let names = self.emails.entry(email.clone()).or_default();
                names.remove(&name);
                if names.is_empty() {
                    self.emails.remove(&email);
                }
            }
            IdentityChange::PutKey { id, row } => drop(self.keys.insert(id, row)),
            IdentityChange::DropKey { id, .. } => drop(self.keys.remove(&id)),
            IdentityChange::PutGroup { name, row } => drop(self.groups.insert(name, row)),
            IdentityChange::DropGroup { name } => drop(self.groups.remove(&name)),
            IdentityChange::PutPolicy { name, row } => drop(self.policies.insert(name, row)),
            IdentityChange::DropPolicy { name } => drop(self.policies.remove(&name)),
            IdentityChange::PutKmsKey { name, row } => drop(self.kms_keys.insert(name, row)),
            IdentityChange::PutSession { id, row } => drop(self.sessions.insert(id, row)),
            IdentityChange::DropSession { id, .. } => drop(self.sessions.remove(&id)),
            IdentityChange::PutMade { name, row } => drop(self.made.insert(name, row)),
            IdentityChange::DropMade { name } => drop(self.made.remove(&name)),
            IdentityChange::PutWrite { name, row } => drop(self.writes.insert(name, row)),
            IdentityChange::DropWrite { name } => drop(self.writes.remove(&name)),
        }
    }
}

impl Identities for Model {
    type Error = Infallible;

    fn identities_changed(&self) -> Result<u64, Infallible> {
        Ok(self.identities_changed)
    }

    fn user(&self, name: &UserName) -> Result<Option<UserRow>, Infallible> {
        Ok(self.users.get(name).cloned())
    }

    fn user_by_id(&self, id: &UserId) -> Result<Option<UserName>, Infallible> {
        Ok(self.user_ids.get(id).cloned())
    }

    fn user_by_email(&self, email: &str) -> Result<Option<UserName>, Infallible> {
        Ok(self.emails.get(email).and_then(BTreeSet::first).cloned())
    }

    fn key(&self, id: &AccessKeyId) -> Result<Option<KeyRow>, Infallible> {
        Ok(self.keys.get(id).cloned())
    }

    fn keys_of(
        &self,
        user: &UserName,
        after: Option<&AccessKeyId>,
        max: usize,
    ) -> Result<Vec<AccessKeyId>, Infallible> {
        let theirs = self.keys.iter().filter(|(id, row)| row.user == *user && after.is_none_or(|after| *id > after));
        Ok(theirs.map(|(id, _)| id.clone()).take(max).collect())
    }

    fn sessions_of(&self, user: &UserName) -> Result<Vec<(SessionId, SessionRow)>, Infallible> {
        let theirs = self.sessions.iter().filter(|(_, row)| row.user == *user);
        Ok(theirs.map(|(id, row)| (*id, row.clone())).collect())
    }

    fn group(&self, name: &GroupName) -> Result<Option<GroupRow>, Infallible> {
        Ok(self.groups.get(name).cloned())
    }

    fn policy(&self, name: &PolicyName) -> Result<Option<PolicyRow>, Infallible> {
        Ok(self.policies.get(name).cloned())
    }

    fn kms_key(&self, name: &KmsKeyName) -> Result<Option<KmsKeyRow>, Infallible> {
        Ok(self.kms_keys.get(name).cloned())
    }

    fn session(&self, id: SessionId) -> Result<Option<SessionRow>, Infallible> {
        Ok(self.sessions.get(&id).cloned())
    }

    fn made(&self, name: &Named) -> Result<MadeRow, Infallible> {
        Ok(self.made.get(name).cloned().unwrap_or_default())
    }

    fn written(&self, name: &Written) -> Result<Option<WriteRow>, Infallible> {
        Ok(self.writes.get(name).cloned())
    }

    fn written_of(&self, owner: &Named) -> Result<Vec<Written>, Infallible> {
        let mut names: Vec<_> = self.writes.keys().filter(|name| name.owner() == *owner).cloned().collect();
        names.sort_by_key(ToString::to_string);
        Ok(names)
    }

    fn written_with(&self, second: &Named) -> Result<Vec<Written>, Infallible> {
        let is_with = |name: &&Written| name.second_owner().as_ref() == Some(second);
        let mut names: Vec<_> = self.writes.keys().filter(is_with).cloned().collect();
        names.sort_by_key(ToString::to_string);
        Ok(names)
    }
}

impl View for Model {
    fn bucket(&self, name: &BucketName) -> Result<Option<BucketRow>, Infallible> {
        Ok(self.buckets.get(name).cloned())
    }

    fn bucket_settings(&self, bucket: BucketId) -> Result<BucketSettingsRow, Infallible> {
        Ok(self.bucket_settings.get(&bucket).cloned().unwrap_or_default())
    }

    fn bucket_access(&self, bucket: BucketId) -> Result<BucketAccessRow, Infallible> {
        Ok(self.bucket_access.get(&bucket).cloned().unwrap_or_default())
    }

    fn bucket_is_empty(&self, bucket: BucketId) -> Result<bool, Infallible> {
        let current = self.current.keys().any(|(id, _)| *id == bucket);
        let versions = self.versions.keys().any(|(id, _, _)| *id == bucket);
        Ok(!current && !versions)
    }

    fn current(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionRow>, Infallible> {
        Ok(self.current.get(&(bucket, key.clone())).cloned())
    }

    fn version(&self, bucket: BucketId, key: &ObjectKey, version: VersionId) -> Result<Option<VersionRow>, Infallible> {
        Ok(self.versions.get(&(bucket, key.clone(), version)).cloned())
    }

    fn newest_below(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        below: VersionId,
    ) -> Result<Option<VersionRow>, Infallible> {
        let range = (bucket, key.clone(), VersionId::MIN)..(bucket, key.clone(), below);
        Ok(self.versions.range(range).next_back().map(|(_, row)| row.clone()))
    }

    fn oldest_above(
        &self,
        bucket: BucketId,
        key: &ObjectKey,
        above: VersionId,
    ) -> Result<Option<VersionRow>, Infallible> {
        let range = (bucket, key.clone(), above)..=(bucket, key.clone(), VersionId::MAX);
        let noncurrent = self.versions.range(range).map(|(_, row)| row).find(|row| row.version > above);
        let current = self.current.get(&(bucket, key.clone())).filter(|row| row.version > above);
        Ok(noncurrent.into_iter().chain(current).min_by_key(|row| row.version).cloned())
    }

    fn null_version(&self, bucket: BucketId, key: &ObjectKey) -> Result<Option<VersionId>, Infallible> {
        Ok(self.nulls.get(&(bucket, key.clone())).copied())
    }

    fn removed(&self, bucket: BucketId, key: &ObjectKey, name: VersionId) -> Result<Option<RemovedRow>, Infallible> {
        Ok(self.removed.get(&(bucket, key.clone(), name)).copied())
    }

    fn removed_first(&self, max: usize) -> Result<Vec<(u64, RemovedNameRow)>, Infallible> {
        Ok(self.removed_names.iter().map(|(sequence, row)| (*sequence, row.clone())).take(max).collect())
    }

    fn content(&self, content: &ContentId) -> Result<Option<ContentRow>, Infallible> {
        Ok(self.contents.get(&(content.sha256, content.generation)).cloned())
    }

    fn faults(&self, content: &ContentId) -> Result<FaultsRow, Infallible> {
        Ok(self.faults.get(&(content.sha256, content.generation)).cloned().unwrap_or_default())
    }

    fn debt(&self) -> Result<DebtRow, Infallible> {
        Ok(self.debt.clone())
    }

    fn newest_contents(&self, sha256: Sha256Digest, max: usize) -> Result<Vec<ContentId>, Infallible> {
        let of_bytes = self.contents.keys().rev().filter(|(known, _)| *known == sha256).take(max);
        Ok(of_bytes.map(|(_, generation)| ContentId { sha256, generation: *generation }).collect())
    }

    fn generation(&self, generation: Generation) -> Result<Option<ContentId>, Infallible> {
        Ok(self.generations.get(&generation).copied())
    }

    fn ended(&self, generation: Generation) -> Result<Option<EndedRow>, Infallible> {
        Ok(self.ended.get(&generation).cloned())
    }

    fn ended_below(&self, generation: Generation, max: usize) -> Result<Vec<Generation>, Infallible> {
        Ok(self.ended.range(..generation).map(|(generation, _)| *generation).take(max).collect())
    }

    fn upload(&self, bucket: BucketId, key: &ObjectKey, upload: UploadId) -> Result<Option<UploadRow>, Infallible> {
        Ok(self.uploads.get(&(bucket, key.clone(), upload)).cloned())
    }

    fn uploads(&self, bucket: BucketId, max: usize) -> Result<Vec<(ObjectKey, UploadId)>, Infallible> {
        let of_bucket = self.uploads.keys().filter(|(id, _, _)| *id == bucket);
        Ok(of_bucket.map(|(_, key, upload)| (key.clone(), *upload)).take(max).collect())
    }

    fn part(&self, upload: UploadId, number: PartNumber) -> Result<Option<PartRow>, Infallible> {
        Ok(self.parts.get(&(upload, number)).cloned())
    }

    fn parts_from(&self, upload: UploadId, from: u16, max: usize) -> Result<Parts, Infallible> {
        let numbers = self.parts.iter().filter(|((id, number), _)| *id == upload && number.get() >= from);
        Ok(numbers.map(|((_, number), row)| (*number, row.clone())).take(max).collect())
    }

    fn released_upload(&self, upload: UploadId) -> Result<Option<ReleasedUploadRow>, Infallible> {
        Ok(self.released_uploads.get(&upload).cloned())
    }

    fn next_released_upload(&self) -> Result<Option<(UploadId, ReleasedUploadRow)>, Infallible> {
        Ok(self.released_uploads.first_key_value().map(|(upload, row)| (*upload, row.clone())))
    }

    fn released_bucket(&self, bucket: BucketId) -> Result<Option<ReleasedBucketRow>, Infallible> {
        Ok(self.released_buckets.get(&bucket).cloned())
    }

    fn next_released_bucket(&self) -> Result<Option<(BucketId, ReleasedBucketRow)>, Infallible> {
        Ok(self.released_buckets.first_key_value().map(|(bucket, row)| (*bucket, row.clone())))
    }

    fn manifest(&self, upload: UploadId) -> Result<Option<ManifestRow>, Infallible> {
        Ok(self.manifests.get(&upload).copied())
    }

    fn usage(&self, bucket: BucketId) -> Result<UsageRow, Infallible> {
        Ok(self.usage.get(&bucket).copied().unwrap_or_default())
    }

    fn growth_before(&self, hour: u32, max: usize) -> Result<Vec<(u32, BucketId, GrowthRow)>, Infallible> {
        let rows = self.growth.range(..(hour, BucketId(0))).take(max);
        Ok(rows.map(|((hour, bucket), row)| (*hour, *bucket, *row)).collect())
    }

    fn growth_day(&self, bucket: BucketId, day: u32) -> Result<Option<GrowthRow>, Infallible> {
        Ok(self.growth_days.get(&(bucket, day)).copied())
    }

    fn growth_days(&self, bucket: BucketId, max: usize) -> Result<Vec<u32>, Infallible> {
        Ok(self.growth_days.range((bucket, 0)..=(bucket, u32::MAX)).take(max).map(|((_, day), _)| *day).collect())
    }

    fn posting(&self, posting: &Posting, block: u64) -> Result<PostingRow, Infallible> {
        Ok(self.postings.get(&(posting.clone(), block)).copied().unwrap_or_default())
    }

    fn writers(&self, bucket: BucketId) -> Result<WritersRow, Infallible> {
        Ok(self.writers.get(&bucket).cloned().unwrap_or_default())
    }

    fn node(&self, name: &NodeId) -> Result<Option<NodeRow>, Infallible> {
        Ok(self.nodes.get(name).cloned())
    }

    fn lease(&self, lease: Lease) -> Result<Option<LeaseRow>, Infallible> {
        Ok(self.leases.get(&lease).cloned())
    }

    fn worker(&self, name: &WorkerName) -> Result<WorkerRow, Infallible> {
        Ok(self.workers.get(name).copied().unwrap_or_default())
    }

    fn consumer(&self, name: &ConsumerName) -> Result<Option<ConsumerRow>, Infallible> {
        Ok(self.consumers.get(name).cloned())
    }

    fn consumers(&self) -> Result<Vec<(ConsumerName, ConsumerRow)>, Infallible> {
        Ok(self.consumers.iter().map(|(name, row)| (name.clone(), row.clone())).collect())
    }

    fn target(&self, name: &TargetName) -> Result<Option<TargetRow>, Infallible> {
        Ok(self.targets.get(name).cloned())
    }

    fn targets(&self, max: usize) -> Result<Vec<(TargetName, TargetRow)>, Infallible> {
        Ok(self.targets.iter().take(max).map(|(name, row)| (name.clone(), row.clone())).collect())
    }

    fn link(&self, name: &RegionName) -> Result<Option<LinkRow>, Infallible> {
        Ok(self.links.get(name).cloned())
    }

    fn links(&self) -> Result<Vec<(RegionName, LinkRow)>, Infallible> {
        Ok(self.links.iter().map(|(name, row)| (name.clone(), row.clone())).collect())
    }

    fn dead_letter(&self, target: &TargetName, sequence: u64) -> Result<Option<DeadLetterRow>, Infallible> {
        Ok(self.dead_letters.get(&(target.clone(), sequence)).cloned())
    }

    fn dead_letters(
        &self,
        target: &TargetName,
        after: u64,
        max: usize,
    ) -> Result<Vec<(u64, DeadLetterRow)>, Infallible> {
        let theirs = self.dead_letters.iter().filter(|((of, sequence), _)| of == target && *sequence > after);
        Ok(theirs.map(|((_, sequence), row)| (*sequence, row.clone())).take(max).collect())
    }

    fn notary(&self) -> Result<NotaryRow, Infallible> {
        Ok(self.notary.clone())
    }

    fn node_usage(&self, name: &NodeId) -> Result<NodeUsageRow, Infallible> {
        Ok(self.node_usage.get(name).copied().unwrap_or_default())
    }

    fn secret(&self) -> Result<Option<SecretRow>, Infallible> {
        Ok(self.secret.clone())
    }

    fn totals(&self) -> Result<TotalsRow, Infallible> {
        Ok(self.totals)
    }
}
