//! The version of each key that a plain GET returns.

use redb::TableDefinition;

/// Key: bucket id and object key, in the order S3 lists. Value: [`domain::row::VersionRow`].
pub(crate) const TABLE: TableDefinition<'static, (u64, &'static [u8]), &'static [u8]> = TableDefinition::new("current");
