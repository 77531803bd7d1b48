//! Parts of uploads under way and of completed ones.

use redb::TableDefinition;

/// Key: upload id and part number. Value: [`domain::row::PartRow`].
pub(crate) const TABLE: TableDefinition<'static, (u128, u16), &'static [u8]> = TableDefinition::new("parts");
