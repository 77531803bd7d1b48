//! Contents that have shards which are not what their placement says.

use redb::TableDefinition;

/// Key: that of the content in [`super::contents`]. Value: [`domain::row::FaultsRow`].
pub(crate) const TABLE: TableDefinition<'static, &'static [u8], &'static [u8]> = TableDefinition::new("faults");
