//! What a bucket does by itself, where that was ever said.

use redb::TableDefinition;

/// Key: bucket id. Value: [`domain::row::BucketSettingsRow`].
pub(crate) const TABLE: TableDefinition<'static, u64, &'static [u8]> = TableDefinition::new("bucket_settings");
