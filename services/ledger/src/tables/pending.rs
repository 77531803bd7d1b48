//! Rows that nearly every event changes, kept while a transaction is open and written once at its end: a write
//! to a table costs more than all else that is done for an event.

use std::collections::BTreeMap;

use domain::row::{BucketId, TotalsRow, UsageRow};

use super::row::encode;
use super::{Tables, Writable, region};
use crate::{Cursor, StateError};

/// What is not in the tables yet. Readers have none of it.
#[derive(Default)]
pub(crate) struct Pending {
    /// `None` is a row that goes.
    usage: BTreeMap<BucketId, Option<UsageRow>>,
    totals: Option<TotalsRow>,
}

impl Pending {
    /// What a bucket holds, if that is here.
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

    /// Writes what is left to write, and how far the log is folded now. Nothing that was folded counts without.
    pub(crate) fn finish(mut self, cursor: &Cursor) -> Result<(), StateError> {
        for (bucket, row) in std::mem::take(&mut self.pending.usage) {
            match row {
                Some(row) => self.usage.insert(bucket.0, encode(&row)?.as_slice())?,
                None => self.usage.remove(bucket.0)?,
            };
        }
        if let Some(row) = self.pending.totals {
            self.region.insert(region::TOTALS, encode(&row)?.as_slice())?;
        }
        self.region.insert(region::CURSOR, encode(cursor)?.as_slice())?;
        Ok(())
    }
}
