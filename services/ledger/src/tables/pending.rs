//! Rows that nearly every event changes, kept while a transaction is open and written once at its end: a write
//! to a table costs more than all else that is done for an event.

use std::collections::BTreeMap;

use domain::row::{BucketId, TotalsRow, UsageRow};

use super::{Tables, Writable};
use crate::{Cursor, StateError};

/// Rows that are not in the tables yet. Readers do not see them.
#[derive(Default)]
pub(crate) struct Pending {
    /// `None` drops the row.
    usage: BTreeMap<BucketId, Option<UsageRow>>,
    totals: Option<TotalsRow>,
}

impl Pending {
    /// Returns the usage of a bucket, if it is pending.
    pub(crate) fn usage(&self, bucket: BucketId) -> Option<UsageRow> {
        self.usage.get(&bucket).map(|row| row.unwrap_or_default())
    }

    pub(crate) fn totals(&self) -> Option<TotalsRow> {
        self.totals
    }
}

impl Tables<Writable<'_>> {
    pub(super) fn set_usage(&mut self, bucket: BucketId, row: Option<UsageRow>) {
        self.pending.usage.insert(bucket, row);
    }

    pub(super) fn set_totals(&mut self, row: TotalsRow) {
        self.pending.totals = Some(row);
    }

    /// Writes the pending rows and the cursor. Without this call, a transaction must not be committed.
    pub(crate) fn finish(mut self, cursor: &Cursor) -> Result<(), StateError> {
        for (bucket, row) in std::mem::take(&mut self.pending.usage) {
            match row {
                Some(row) => self.usage.put(bucket, &row)?,
                None => self.usage.drop(bucket)?,
            }
        }
        if let Some(row) = self.pending.totals {
            self.region.put_totals(&row)?;
        }
        self.region.put_cursor(cursor)
    }
}
