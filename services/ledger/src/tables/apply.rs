use std::borrow::Borrow;

use domain::Change;
use domain::row::NodeRow;
use events::ids::NodeId;
use redb::{Key, Table};
use serde::Serialize;

use super::row::encode;
use super::{Tables, Writable, contents, region};
use crate::StateError;

impl Tables<Writable<'_>> {
    fn put_node(&mut self, name: &NodeId, row: &NodeRow) -> Result<(), StateError> {
        self.region.insert(region::node(name).as_str(), encode(row)?.as_slice())?;
        Ok(())
    }

    /// Writes or drops the row, for good once [`Self::finish`] was called.
    pub(crate) fn apply(&mut self, change: &Change) -> Result<(), StateError> {
        match change {
            Change::PutBucket { name, row } => {
                self.buckets.insert(name.as_str(), encode(row)?.as_slice())?;
            }
            Change::DropBucket { name } => {
                self.buckets.remove(name.as_str())?;
            }
            Change::PutCurrent { bucket, key, row } => {
                self.current.insert((bucket.0, key.as_bytes()), encode(row)?.as_slice())?;
            }
            Change::DropCurrent { bucket, key } => {
                self.current.remove((bucket.0, key.as_bytes()))?;
            }
            Change::PutVersion { bucket, key, row } => {
                let at = (bucket.0, key.as_bytes(), row.version.as_u128());
                self.versions.insert(at, encode(row)?.as_slice())?;
            }
            Change::DropVersion { bucket, key, version } => {
                self.versions.remove((bucket.0, key.as_bytes(), version.as_u128()))?;
            }
            Change::PutNull { bucket, key, version } => {
                self.nulls.insert((bucket.0, key.as_bytes()), encode(version)?.as_slice())?;
            }
            Change::DropNull { bucket, key } => {
                self.nulls.remove((bucket.0, key.as_bytes()))?;
            }
            Change::PutContent { content, row } => put(&mut self.contents, contents::key(content).as_slice(), row)?,
            Change::PutFaults { content, row } => put(&mut self.faults, contents::key(content).as_slice(), row)?,
            Change::DropFaults { content } => drop(self.faults.remove(contents::key(content).as_slice())?),
            Change::PutDebt { row } => put(&mut self.region, region::DEBT, row)?,
            Change::PutUpload { bucket, key, upload, row } => {
                self.uploads.insert((bucket.0, key.as_bytes(), upload.0.as_u128()), encode(row)?.as_slice())?;
            }
            Change::DropUpload { bucket, key, upload } => {
                self.uploads.remove((bucket.0, key.as_bytes(), upload.0.as_u128()))?;
            }
            Change::PutPart { upload, number, row } => put(&mut self.parts, (upload.0.as_u128(), number.get()), row)?,
            Change::DropPart { upload, number } => drop(self.parts.remove((upload.0.as_u128(), number.get()))?),
            Change::PutManifest { upload, row } => put(&mut self.manifests, upload.0.as_u128(), row)?,
            Change::DropManifest { upload } => drop(self.manifests.remove(upload.0.as_u128())?),
            Change::PutReleasedUpload { upload, row } => put(&mut self.released_uploads, upload.0.as_u128(), row)?,
            Change::DropReleasedUpload { upload } => drop(self.released_uploads.remove(upload.0.as_u128())?),
            Change::PutReleasedBucket { bucket, row } => put(&mut self.released_buckets, bucket.0, row)?,
            Change::DropReleasedBucket { bucket } => drop(self.released_buckets.remove(bucket.0)?),
            Change::PutUsage { bucket, row } => self.set_usage(*bucket, Some(*row)),
            Change::DropUsage { bucket } => self.set_usage(*bucket, None),
            Change::PutTotals { row } => self.set_totals(*row),
            Change::PutSecret { row } => put(&mut self.region, region::SECRET, row)?,
            Change::PutBucketAccess { bucket, row } => put(&mut self.bucket_access, bucket.0, row)?,
            Change::DropBucketAccess { bucket } => drop(self.bucket_access.remove(bucket.0)?),
            Change::PutBucketSettings { bucket, row } => put(&mut self.bucket_settings, bucket.0, row)?,
            Change::DropBucketSettings { bucket } => drop(self.bucket_settings.remove(bucket.0)?),
            Change::PutNode { name, row } => self.put_node(name, row)?,
            Change::Identity(change) => self.apply_to_identities(change)?,
        }
        Ok(())
    }
}

fn put<'k, K: Key + 'static>(
    table: &mut Table<'_, K, &'static [u8]>,
    key: impl Borrow<K::SelfType<'k>>,
    row: &impl Serialize,
) -> Result<(), StateError> {
    table.insert(key, encode(row)?.as_slice())?;
    Ok(())
}
