//! Uploads and former objects whose parts are given up a few at a time.

use redb::TableDefinition;

/// Key: upload id. Value: [`domain::row::ReleasedUploadRow`].
pub(crate) const TABLE: TableDefinition<'static, u128, &'static [u8]> = TableDefinition::new("released_uploads");
