use std::io;
use std::sync::PoisonError;

use events::ids::BucketName;
use uuid::Uuid;

use super::super::DiskError;
use super::{ShardFiles, bucket_path, shard_path};

impl ShardFiles {
    /// Deletes shards, sealed or staged, durably. A shard that does not exist is no error.
    ///
    /// The duration does not count for the detection of a stalled disk, because freeing a large file takes some time.
    pub(crate) fn discard(&self, bucket: &BucketName, shards: &[Uuid]) -> Result<(), DiskError> {
        self.health.check()?;
        let mut removed = false;
        for &shard in shards {
            removed |= self.discard_one(bucket, shard)?;
        }
        if removed {
            let synced = self.disk.sync(&bucket_path(bucket));
            synced.map_err(|e| self.health.sync_failed("sync of a bucket's folder", &e))?;
        }
        Ok(())
    }

    fn discard_one(&self, bucket: &BucketName, shard: Uuid) -> Result<bool, DiskError> {
        let staged = self.staged().get(&shard).cloned();
        if let Some(staged) = staged {
            let staged = staged.lock().unwrap_or_else(PoisonError::into_inner);
            if &staged.bucket == bucket {
                self.drop_staged(shard, staged);
            }
        }
        let path = shard_path(bucket, shard);
        let failed = |e: io::Error| self.health.classify("removal of a shard", &e);
        // Whoever finds it in the index and not on the disk takes it for deleted behind the node's back.
        let bytes = self.index.remove(shard, bucket);
        let removed = match self.disk.remove(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            other => other.map(|()| true).map_err(failed),
        };
        if let (Err(_), Some(bytes)) = (&removed, bytes) {
            self.index.insert(shard, bucket, bytes);
        }
        self.handles.forget(&path);
        removed
    }
}
