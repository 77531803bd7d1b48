//! Deleted buckets whose uploads are given up a few at a time.

use redb::TableDefinition;

/// Key: bucket id. Value: [`domain::row::ReleasedBucketRow`].
pub(crate) const TABLE: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("released_buckets");
