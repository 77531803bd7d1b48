use domain::Change;

use super::row::encode;
use super::{RECENT_EVENTS_MAX, Tables, Writable, contents, region};
use crate::{Cursor, StateError};

impl Tables<Writable<'_>> {
    /// Writes or drops the row.
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
            Change::PutContent { content, row } => {
                self.contents.insert(contents::key(content).as_slice(), encode(row)?.as_slice())?;
            }
            Change::PutUpload { bucket, key, upload, row } => {
                self.uploads.insert((bucket.0, key.as_bytes(), upload.0.as_u128()), encode(row)?.as_slice())?;
            }
            Change::DropUpload { bucket, key, upload } => {
                self.uploads.remove((bucket.0, key.as_bytes(), upload.0.as_u128()))?;
            }
            Change::PutPart { upload, number, row } => {
                self.parts.insert((upload.0.as_u128(), number.get()), encode(row)?.as_slice())?;
            }
            Change::DropPart { upload, number } => {
                self.parts.remove((upload.0.as_u128(), number.get()))?;
            }
            Change::PutManifest { upload, row } => {
                self.manifests.insert(upload.0.as_u128(), encode(row)?.as_slice())?;
            }
            Change::DropManifest { upload } => {
                self.manifests.remove(upload.0.as_u128())?;
            }
            Change::PutUsage { bucket, row } => {
                self.usage.insert(bucket.0, encode(row)?.as_slice())?;
            }
            Change::DropUsage { bucket } => {
                self.usage.remove(bucket.0)?;
            }
            Change::PutTotals { row } => {
                self.region.insert(region::TOTALS, encode(row)?.as_slice())?;
            }
        }
        Ok(())
    }

    /// Moves the cursor past an event, and keeps the event's bytes in the ring.
    pub(crate) fn advance(&mut self, cursor: &Cursor, event_bytes: &[u8]) -> Result<(), StateError> {
        self.region.insert(region::CURSOR, encode(cursor)?.as_slice())?;
        self.recent.insert(cursor.sequence, event_bytes)?;
        if let Some(old) = cursor.sequence.checked_sub(RECENT_EVENTS_MAX) {
            self.recent.remove(old)?;
        }
        Ok(())
    }
}
