//! What the region holds, and how far the log is folded.

use redb::TableDefinition;

/// Key: `totals` or `cursor`. Value: [`domain::row::TotalsRow`] or [`crate::Cursor`].
pub(crate) const TABLE: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("region");
