//! What the region holds, and how far the log is folded.

use redb::TableDefinition;

/// The key of [`crate::Cursor`]. Every version of the projection has its cursor here, its version first.
pub(crate) const CURSOR: &str = "cursor";

/// The key of [`domain::row::TotalsRow`].
pub(crate) const TOTALS: &str = "totals";

/// Key: [`CURSOR`] or [`TOTALS`]. Value: the row.
pub(crate) const TABLE: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("region");
