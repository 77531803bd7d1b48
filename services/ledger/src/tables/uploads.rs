//! Multipart uploads under way.

use redb::TableDefinition;

/// Key: bucket id, object key, upload id. Value: [`domain::row::UploadRow`].
pub(crate) const TABLE: TableDefinition<'static, (u64, &'static [u8], u128), &'static [u8]> =
    TableDefinition::new("uploads");
