use std::sync::{Arc, Mutex};

use events::ids::BucketName;
use shards::piece::Form;
use uuid::Uuid;

use super::super::DiskError;
use super::stage::Staged;
use super::sweep::shard_of_name;
use super::{STAGED_SUFFIX, Shape, ShardFile, ShardFiles, bucket_path, shard_path};

impl ShardFiles {
    /// The first `max` shards behind `after` that were files when last looked at, in order.
    pub(crate) fn after(&self, after: Uuid, max: usize) -> Vec<ShardFile> {
        self.index.after(after, max)
    }

    /// The first `max` shards behind `after` whose pieces are being collected, in order, with the bytes so far. One that
    /// is being written to at this moment may be left out.
    pub(crate) fn staged_after(&self, after: Uuid, max: usize) -> Vec<ShardFile> {
        let table = self.staged();
        let behind = table.iter().filter(|(shard, _)| **shard > after);
        let mut behind: Vec<_> = behind.map(|(shard, staged)| (*shard, Arc::clone(staged))).collect();
        drop(table);
        behind.sort_unstable_by_key(|(shard, _)| *shard);
        behind.truncate(max);
        let file = |(shard, staged): (Uuid, Arc<Mutex<Staged>>)| {
            let staged = staged.try_lock().ok()?;
            Some(ShardFile { shard, bucket: staged.bucket.clone(), bytes: staged.bytes() })
        };
        behind.into_iter().filter_map(file).collect()
    }

    /// The length of the pieces of a file that was there, as it is now. `Damaged` if it is another one than it was;
    /// `NotFound` if it was deleted, which is noted.
    pub(crate) fn look_at(&self, file: &ShardFile) -> Result<u64, DiskError> {
        let found = self.current_shape(file.shard, &file.bucket);
        if found == Err(DiskError::NotFound) && self.index.remove(file.shard, &file.bucket).is_some() {
            tracing::warn!(shard = %file.shard, bucket = %file.bucket, "a file of a shard was deleted, but not by the node");
            self.damaged.note_gone(file.shard, &file.bucket);
        }
        found.map(Shape::bytes)
    }

    /// Whether a shard is a file, or was when last looked at.
    pub(crate) fn is_known(&self, shard: Uuid) -> bool {
        self.index.contains(shard)
    }

    /// Takes in a file in a bucket's folder that was put there behind the node's back, and removes what is left of an
    /// upload that nobody knows any more.
    pub(crate) fn take_in(&self, bucket: &BucketName, name: &str) {
        if let Some(staged) = name.strip_suffix(STAGED_SUFFIX) {
            // An upload is known before its file is made, and until that has another name.
            if Uuid::parse_str(staged).is_ok_and(|shard| !self.staged().contains_key(&shard)) {
                // Best effort: it is swept at the next start.
                let _ = self.disk.remove(&bucket_path(bucket).join(name));
            }
            return;
        }
        let Some(shard) = shard_of_name(name).filter(|shard| self.index.bytes(*shard, bucket).is_none()) else {
            return;
        };
        if self.current_shape(shard, bucket) == Err(DiskError::Damaged) {
            self.index.insert(shard, bucket, 0);
        }
    }

    /// The shape of a shard by the current length of its file. In contrast to [`Self::shape`] it uses no open handle,
    /// which may outlive the name of its file. `Damaged` if the file has another length than it had.
    pub(crate) fn current_shape(&self, shard: Uuid, bucket: &BucketName) -> Result<Shape, DiskError> {
        let bytes = self.handles.length(&shard_path(bucket, shard))?.ok_or(DiskError::NotFound)?;
        let shape = Shape::of_file(Form::of(shard), bytes).ok_or(DiskError::Damaged)?;
        match self.index.bytes(shard, bucket) {
            Some(before) if before == shape.bytes() => Ok(shape),
            // It was put there behind the node's back, or could not be looked at before.
            None | Some(0) => {
                self.index.insert(shard, bucket, shape.bytes());
                Ok(shape)
            }
            Some(_) => Err(DiskError::Damaged),
        }
    }
}
