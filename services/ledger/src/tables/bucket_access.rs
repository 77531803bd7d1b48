//! Who may do what in a bucket, where that was ever said.

use redb::TableDefinition;

/// Key: bucket id. Value: [`domain::row::BucketAccessRow`].
pub(crate) const TABLE: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("bucket_access");
