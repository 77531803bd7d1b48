//! What each bucket holds.

use redb::TableDefinition;

/// Key: bucket id. Value: [`domain::row::UsageRow`].
pub(crate) const TABLE: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("usage");
