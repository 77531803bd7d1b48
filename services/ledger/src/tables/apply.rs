use domain::Change;

use super::region::RegionKey;
use super::{Tables, Writable};
use crate::StateError;

impl Tables<Writable<'_>> {
    /// Writes or drops the row, for good once [`Self::finish`] was called.
    #[expect(clippy::too_many_lines, reason = "an arm for each change")]
    pub(crate) fn apply(&mut self, change: &Change) -> Result<(), StateError> {
        match change {
            Change::PutBucket { name, row } => self.buckets.put(name, row),
            Change::DropBucket { name } => self.buckets.drop(name),
            Change::PutBucketAccess { bucket, row } => self.bucket_access.put(*bucket, row),
            Change::DropBucketAccess { bucket } => self.bucket_access.drop(*bucket),
            Change::PutBucketSettings { bucket, row } => self.bucket_settings.put(*bucket, row),
            Change::DropBucketSettings { bucket } => self.bucket_settings.drop(*bucket),
            Change::PutUsage { bucket, row } => {
                self.set_usage(*bucket, Some(*row));
                Ok(())
            }
            Change::DropUsage { bucket } => {
                self.set_usage(*bucket, None);
                Ok(())
            }
            Change::PutCurrent { bucket, key, row } => self.current.put((*bucket, key), row),
            Change::DropCurrent { bucket, key } => self.current.drop((*bucket, key)),
            Change::PutVersion { bucket, key, row } => self.versions.put((*bucket, key, row.version), row),
            Change::DropVersion { bucket, key, version } => self.versions.drop((*bucket, key, *version)),
            Change::PutNull { bucket, key, version } => self.nulls.put((*bucket, key), version),
            Change::DropNull { bucket, key } => self.nulls.drop((*bucket, key)),
            Change::PutRemoved { bucket, key, name, row } => self.removed.put((*bucket, key, *name), row),
            Change::DropRemoved { bucket, key, name } => self.removed.drop((*bucket, key, *name)),
            Change::PutRemovedName { sequence, row } => self.removed_names.put(*sequence, row),
            Change::DropRemovedName { sequence } => self.removed_names.drop(*sequence),
            Change::PutContent { content, row } => self.contents.put(content, row),
            Change::DropContent { content } => self.contents.drop(content),
            Change::PutGeneration { generation, content } => self.generations.put(*generation, content),
            Change::DropGeneration { generation } => self.generations.drop(*generation),
            Change::PutUnreferenced { sequence, content } => self.unreferenced.put((*sequence, content), &()),
            Change::DropUnreferenced { sequence, content } => self.unreferenced.drop((*sequence, content)),
            Change::PutEnded { generation, row } => self.ended.put(*generation, row),
            Change::DropEnded { generation } => self.ended.drop(*generation),
            Change::PutFaults { content, row } => self.faults.put(content, row),
            Change::DropFaults { content } => self.faults.drop(content),
            Change::PutUpload { bucket, key, upload, row } => self.uploads.put((*bucket, key, *upload), row),
            Change::DropUpload { bucket, key, upload } => self.uploads.drop((*bucket, key, *upload)),
            Change::PutPart { upload, number, row } => self.parts.put((*upload, *number), row),
            Change::DropPart { upload, number } => self.parts.drop((*upload, *number)),
            Change::PutManifest { upload, row } => self.manifests.put(*upload, row),
            Change::DropManifest { upload } => self.manifests.drop(*upload),
            Change::PutReleasedUpload { upload, row } => self.released_uploads.put(*upload, row),
            Change::DropReleasedUpload { upload } => self.released_uploads.drop(*upload),
            Change::PutReleasedBucket { bucket, row } => self.released_buckets.put(*bucket, row),
            Change::DropReleasedBucket { bucket } => self.released_buckets.drop(*bucket),
            Change::PutGrowth { hour, bucket, row } => {
                self.set_growth(*hour, *bucket, Some(*row));
                Ok(())
            }
            Change::DropGrowth { hour, bucket } => {
                self.set_growth(*hour, *bucket, None);
                Ok(())
            }
            Change::PutGrowthDay { bucket, day, row } => self.growth_days.put((*bucket, *day), row),
            Change::DropGrowthDay { bucket, day } => self.growth_days.drop((*bucket, *day)),
            Change::PutPosting { posting, block, row } => {
                self.set_posting(posting, *block, *row);
                Ok(())
            }
            Change::PutAuditKey { bucket, key, sequence } => self.audit_keys.put((bucket, key, *sequence), &()),
            Change::PutWriters { bucket, row } => {
                self.set_writers(*bucket, Some(row));
                Ok(())
            }
            Change::DropWriters { bucket } => {
                self.set_writers(*bucket, None);
                Ok(())
            }
            Change::PutTotals { row } => {
                self.set_totals(*row);
                Ok(())
            }
            Change::PutDebt { row } => self.region.put_debt(row),
            Change::PutSecret { row } => self.region.put_secret(row),
            Change::PutNode { name, row } => self.region.put_node(name, row),
            Change::PutNotary { row } => self.region.put_notary(row),
            Change::PutCheckpoint { last, row } => self.checkpoints.put(*last, row),
            Change::PutNodeUsage { name, row } => {
                self.set_node_usage(name, Some(*row));
                Ok(())
            }
            Change::DropNodeUsage { name } => {
                self.set_node_usage(name, None);
                Ok(())
            }
            Change::PutLease { lease, row } => self.region.put_lease(*lease, row),
            Change::PutWorker { name, row } => self.region.put_worker(name, row),
            Change::PutConsumer { name, row } => self.region.put_consumer(name, row),
            Change::DropConsumer { name } => self.region.drop_consumer(name),
            Change::PutTarget { name, row } => self.region.put_target(name, row),
            Change::DropTarget { name } => self.region.drop(&RegionKey::Target(name.clone())),
            Change::PutLink { name, row } => self.region.put_link(name, row),
            Change::DropLink { name } => self.region.drop(&RegionKey::Link(name.clone())),
            Change::PutDeadLetter { target, sequence, row } => self.region.put_dead_letter(target, *sequence, row),
            Change::DropDeadLetter { target, sequence } => {
                self.region.drop(&RegionKey::DeadLetter(target.clone(), *sequence))
            }
            Change::Identity(change) => self.apply_to_identities(change),
        }
    }
}
