//! Completed uploads that objects refer to.

use redb::TableDefinition;

/// Key: upload id. Value: [`domain::row::ManifestRow`].
pub(crate) const TABLE: TableDefinition<'static, u128, &'static [u8]> = TableDefinition::new("manifests");
