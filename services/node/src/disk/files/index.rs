use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use events::ids::BucketName;
use uuid::Uuid;

/// Which shards are files, in the order of their uuids: about 50 bytes of memory each.
///
/// It says what a listing has to look at, not what is there: files may be deleted behind a running node's back.
#[derive(Default)]
pub(crate) struct FileIndex(RwLock<Inner>);

/// A shard that is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ShardFile {
    pub(crate) shard: Uuid,
    pub(crate) bucket: BucketName,
    /// The sum of the lengths of its pieces, headers not counted.
    pub(crate) bytes: u64,
}

#[derive(Default)]
struct Inner {
    files: BTreeMap<Uuid, Entry>,
    /// The buckets that had a file since the start. Entries name them by their place here.
    buckets: Vec<BucketName>,
    numbers: HashMap<BucketName, u32>,
    bytes: u64,
}

struct Entry {
    bucket: u32,
    /// Its length in two halves, so that an entry needs no room for alignment.
    bytes: [u32; 2],
}

impl Entry {
    #[allow(clippy::cast_possible_truncation, reason = "the halves of a number")]
    fn new(bucket: u32, bytes: u64) -> Self {
        Self { bucket, bytes: [(bytes >> 32) as u32, bytes as u32] }
    }

    fn bytes(&self) -> u64 {
        u64::from(self.bytes[0]) << 32 | u64::from(self.bytes[1])
    }
}

impl FileIndex {
    /// Takes in a file that is there.
    pub(crate) fn insert(&self, shard: Uuid, bucket: &BucketName, bytes: u64) {
        let mut inner = self.write();
        let number = inner.number(bucket);
        inner.bytes += bytes;
        if let Some(before) = inner.files.insert(shard, Entry::new(number, bytes)) {
            inner.bytes -= before.bytes();
        }
    }

    /// Forgets a file that is gone from the bucket's folder. Returns the length that it had, if it was known.
    pub(crate) fn remove(&self, shard: Uuid, bucket: &BucketName) -> Option<u64> {
        let mut inner = self.write();
        let number = inner.numbers.get(bucket).copied()?;
        inner.files.get(&shard).filter(|entry| entry.bucket == number)?;
        let bytes = inner.files.remove(&shard)?.bytes();
        inner.bytes -= bytes;
        Some(bytes)
    }

    /// Whether a shard is a file.
    pub(crate) fn contains(&self, shard: Uuid) -> bool {
        self.read().files.contains_key(&shard)
    }

    /// The length of the file's pieces when it was written, or found at the start; 0 if it had none that makes sense.
    pub(crate) fn bytes(&self, shard: Uuid, bucket: &BucketName) -> Option<u64> {
        let inner = self.read();
        let entry = inner.files.get(&shard)?;
        (inner.buckets.get(entry.bucket as usize) == Some(bucket)).then(|| entry.bytes())
    }

    /// The first `max` files behind `after`.
    pub(crate) fn after(&self, after: Uuid, max: usize) -> Vec<ShardFile> {
        let inner = self.read();
        let behind = inner.files.range((Bound::Excluded(after), Bound::Unbounded)).take(max);
        let file = |(shard, entry): (&Uuid, &Entry)| {
            let bucket = inner.buckets.get(entry.bucket as usize)?.clone();
            Some(ShardFile { shard: *shard, bucket, bytes: entry.bytes() })
        };
        behind.filter_map(file).collect()
    }

    /// How many there are, and their bytes.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let inner = self.read();
        (inner.files.len() as u64, inner.bytes)
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn number(&mut self, bucket: &BucketName) -> u32 {
        if let Some(number) = self.numbers.get(bucket) {
            return *number;
        }
        let number = u32::try_from(self.buckets.len()).unwrap_or(u32::MAX);
        self.buckets.push(bucket.clone());
        self.numbers.insert(bucket.clone(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_each_file_once_and_lists_in_order() {
        let index = FileIndex::default();
        let [a, b]: [BucketName; 2] = ["aaa", "bbb"].map(|name| name.parse().unwrap());
        let shard = Uuid::from_u128;
        index.insert(shard(3), &a, 5 << 32 | 7);
        index.insert(shard(1), &b, 10);
        index.insert(shard(1), &b, 20);
        assert_eq!(index.totals(), (2, (5 << 32) + 27));
        assert_eq!(index.remove(shard(1), &a), None);
        assert_eq!((index.bytes(shard(1), &b), index.bytes(shard(1), &a)), (Some(20), None));
        let file =
            |number, bucket: &BucketName, bytes| ShardFile { shard: shard(number), bucket: bucket.clone(), bytes };
        assert_eq!(index.after(Uuid::nil(), 9), [file(1, &b, 20), file(3, &a, 5 << 32 | 7)]);
        assert_eq!(index.after(Uuid::nil(), 1), [file(1, &b, 20)]);
        assert_eq!(index.after(shard(1), 9), [file(3, &a, 5 << 32 | 7)]);
        assert_eq!([index.remove(shard(3), &a), index.remove(shard(1), &b)], [Some(5 << 32 | 7), Some(20)]);
        assert_eq!((index.totals(), index.after(Uuid::nil(), 9)), ((0, 0), vec![]));
    }
}
