//! What the region holds, and how far the log is folded.

use redb::{ReadableTable, TableDefinition};

use super::{Access, Tables, Writable};
use crate::StateError;

/// The key of [`crate::Cursor`]. Every version of the projection has its cursor here, its version first.
pub(crate) const CURSOR: &str = "cursor";

/// The key of [`domain::row::TotalsRow`].
pub(crate) const TOTALS: &str = "totals";

/// The key of [`domain::row::DebtRow`].
pub(crate) const DEBT: &str = "debt";

/// The key of the name of the keys by which entries were judged.
pub(crate) const KEYRING: &str = "keyring";

/// The key of the [`domain::row::SecretRow`].
pub(crate) const SECRET: &str = "secret";

/// Before the name of a storage node, in the key of its [`domain::row::NodeRow`].
pub(crate) const NODE: &str = "node/";

/// What sorts after all nodes: no name holds a `0` where these keys have a `/`.
pub(crate) const AFTER_NODES: &str = "node0";

/// The key of a storage node.
pub(crate) fn node(name: &events::ids::NodeId) -> String {
    format!("{NODE}{name}")
}

/// Key: [`CURSOR`], [`TOTALS`], [`DEBT`], [`KEYRING`], [`SECRET`], or [`NODE`] and a name. Value: the row.
pub(crate) const TABLE: TableDefinition<'static, &'static str, &'static [u8]> = TableDefinition::new("region");

impl<A: Access> Tables<A> {
    /// The name of the keys by which the entries were judged; `None` of a new projection.
    pub(crate) fn judged_by(&self) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.region.get(KEYRING)?.map(|found| found.value().to_vec()))
    }
}

impl Tables<Writable<'_>> {
    /// Judges by keys of this name from now on.
    pub(crate) fn belong_to(&mut self, keyring: &[u8]) -> Result<(), StateError> {
        self.region.insert(KEYRING, keyring)?;
        Ok(())
    }
}
