use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use shards::piece::Form;
use uuid::Uuid;

use super::super::DiskError;
use super::super::handles::Handles;
use super::super::health::Health;
use super::super::limits::STAGED_IDLE_MAX;
use super::{BUCKETS, STAGED_SUFFIX, Shape, ShardFiles};
use vfs::Folder;

impl ShardFiles {
    /// Counts the sealed shards and removes the staged ones.
    pub(crate) fn recover(
        disk: Arc<dyn Folder>,
        health: Arc<Health>,
        handles: Arc<Handles>,
    ) -> Result<Self, DiskError> {
        let (staged, opened) = (Mutex::default(), Mutex::default());
        let files = Self { disk, health, handles, staged, opened, shards: 0.into(), bytes: 0.into() };
        files.count_all().map_err(|e| DiskError::from_io("list of the buckets", &e))?;
        Ok(files)
    }

    fn count_all(&self) -> io::Result<()> {
        for bucket in self.disk.list(BUCKETS.as_ref())? {
            let folder = Path::new(BUCKETS).join(bucket.name);
            let files = self.disk.list(&folder).or_else(|e| match DiskError::from_read("list of a bucket", &e) {
                // Only the shards in it are not counted; the node starts nevertheless.
                DiskError::Unreadable(_) => Ok(Vec::new()),
                _ => Err(e),
            })?;
            for file in files {
                if file.name.ends_with(STAGED_SUFFIX) {
                    self.disk.remove(&folder.join(file.name))?;
                } else if let Ok(shard) = Uuid::parse_str(&file.name)
                    && let Some(shape) = Shape::of_file(Form::of(shard), file.bytes)
                {
                    self.count(shape);
                }
            }
        }
        Ok(())
    }

    /// Drops staged shards without a new piece for a long time. Returns their number.
    pub(crate) fn sweep(&self, now: Instant) -> usize {
        let staged: Vec<_> = self.staged().iter().map(|(shard, staged)| (*shard, Arc::clone(staged))).collect();
        let mut swept = 0;
        for (shard, staged) in staged {
            // A locked shard is being written.
            let Ok(staged) = staged.try_lock() else { continue };
            if now.saturating_duration_since(staged.touched) > STAGED_IDLE_MAX {
                self.drop_staged(shard, staged);
                swept += 1;
            }
        }
        swept
    }
}
