//! Which noncurrent version of a key is the null version.

use redb::TableDefinition;

/// Key: bucket id and object key. Value: [`events::ids::VersionId`].
pub(crate) const TABLE: TableDefinition<'static, (u64, &'static [u8]), &'static [u8]> = TableDefinition::new("nulls");
