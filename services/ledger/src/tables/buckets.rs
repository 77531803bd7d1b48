//! Buckets by name.

use redb::TableDefinition;

/// Key: the name. Value: [`domain::row::BucketRow`].
pub(crate) const TABLE: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("buckets");
