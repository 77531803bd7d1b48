//! Every version that is not current, and every delete marker.

use redb::TableDefinition;

/// Key: bucket id, object key, version id: oldest first. Value: [`domain::row::VersionRow`].
pub(crate) const TABLE: TableDefinition<'static, (u64, &'static [u8], u128), &'static [u8]> =
    TableDefinition::new("versions");
