use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use events::ids::BucketName;
use shards::piece::Form;
use uuid::Uuid;

use super::super::DiskError;
use super::super::damage::DamagedShards;
use super::super::handles::Handles;
use super::super::health::Health;
use super::super::limits::STAGED_IDLE_MAX;
use super::{BUCKETS, FileIndex, STAGED_SUFFIX, Shape, ShardFiles};
use vfs::Folder;

impl ShardFiles {
    /// Indexes the sealed shards and removes the staged ones.
    pub(crate) fn recover(
        disk: Arc<dyn Folder>,
        health: Arc<Health>,
        handles: Arc<Handles>,
        damaged: Arc<DamagedShards>,
    ) -> Result<Self, DiskError> {
        let (staged, opened) = (Mutex::default(), Mutex::default());
        let files = Self { disk, health, handles, damaged, staged, opened, index: FileIndex::default() };
        files.take_in_all().map_err(|e| DiskError::from_io("list of the buckets", &e))?;
        Ok(files)
    }

    fn take_in_all(&self) -> io::Result<()> {
        for bucket in self.disk.list(BUCKETS.as_ref())? {
            let folder = Path::new(BUCKETS).join(&bucket.name);
            // What else is there nobody can ask for.
            let Ok(bucket) = bucket.name.parse::<BucketName>() else { continue };
            let files = self.disk.list(&folder).or_else(|e| match DiskError::from_read("list of a bucket", &e) {
                // Only the shards in it are not listed; the node starts nevertheless.
                DiskError::Unreadable(_) => Ok(Vec::new()),
                _ => Err(e),
            })?;
            for file in files {
                if file.name.ends_with(STAGED_SUFFIX) {
                    self.disk.remove(&folder.join(file.name))?;
                } else if let Some(shard) = shard_of_name(&file.name) {
                    let shape = Shape::of_file(Form::of(shard), file.bytes);
                    self.index.insert(shard, &bucket, shape.map_or(0, Shape::bytes));
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

/// The shard whose file has this name.
pub(super) fn shard_of_name(name: &str) -> Option<Uuid> {
    let shard = Uuid::parse_str(name).ok()?;
    // In another spelling it is a name that nobody asks for.
    (shard.hyphenated().to_string() == name).then_some(shard)
}
