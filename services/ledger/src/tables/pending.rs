//! Rows that nearly every event changes, kept while a transaction is open and written once at its end: a write
//! to a table costs more than all else that is done for an event.

use std::collections::BTreeMap;

use domain::row::{BucketId, GrowthRow, NodeUsageRow, Posting, PostingRow, TotalsRow, UsageRow, WritersRow};
use events::ids::NodeId;

use super::{Tables, Writable};
use crate::{Cursor, StateError};

/// Rows that are not in the tables yet. Readers do not see them.
#[derive(Default)]
pub(crate) struct Pending {
    /// `None` drops the row.
    usage: BTreeMap<BucketId, Option<UsageRow>>,
    totals: Option<TotalsRow>,
    /// Likewise. There are as many nodes as join, and their rows lie together.
    node_usage: BTreeMap<NodeId, Option<NodeUsageRow>>,
    /// Likewise, by hour.
    growth: BTreeMap<(u32, BucketId), Option<GrowthRow>>,
    postings: BTreeMap<(Posting, u64), PostingRow>,
    /// Likewise.
    writers: BTreeMap<BucketId, Option<WritersRow>>,
}

impl Pending {
    /// Returns the usage of a bucket, if it is pending.
    pub(crate) fn usage(&self, bucket: BucketId) -> Option<UsageRow> {
        self.usage.get(&bucket).map(|row| row.unwrap_or_default())
    }

    /// What is placed on a node, if that is here.
    pub(crate) fn node_usage(&self, name: &NodeId) -> Option<NodeUsageRow> {
        self.node_usage.get(name).map(|row| row.unwrap_or_default())
    }

    /// The rows of growth that are pending, of hours before this one.
    pub(crate) fn growth_before(&self, hour: u32) -> impl Iterator<Item = ((u32, BucketId), Option<GrowthRow>)> {
        self.growth.range(..(hour, BucketId(0))).map(|(key, row)| (*key, *row))
    }

    /// Whether a row of growth is pending.
    pub(crate) fn has_growth(&self, hour: u32, bucket: BucketId) -> bool {
        self.growth.contains_key(&(hour, bucket))
    }

    /// Which events of a block have something in common, if that is here.
    pub(crate) fn posting(&self, posting: &Posting, block: u64) -> Option<PostingRow> {
        self.postings.get(&(posting.clone(), block)).copied()
    }

    /// Those who write most to a bucket, if that is here.
    pub(crate) fn writers(&self, bucket: BucketId) -> Option<WritersRow> {
        self.writers.get(&bucket).map(|row| row.clone().unwrap_or_default())
    }

    pub(crate) fn totals(&self) -> Option<TotalsRow> {
        self.totals
    }
}

impl Tables<Writable<'_>> {
    pub(super) fn set_usage(&mut self, bucket: BucketId, row: Option<UsageRow>) {
        self.pending.usage.insert(bucket, row);
    }

    pub(super) fn set_node_usage(&mut self, name: &NodeId, row: Option<NodeUsageRow>) {
        match self.pending.node_usage.get_mut(name) {
            Some(known) => *known = row,
            None => drop(self.pending.node_usage.insert(name.clone(), row)),
        }
    }

    pub(super) fn set_growth(&mut self, hour: u32, bucket: BucketId, row: Option<GrowthRow>) {
        self.pending.growth.insert((hour, bucket), row);
    }

    pub(super) fn set_posting(&mut self, posting: &Posting, block: u64, row: PostingRow) {
        self.pending.postings.insert((posting.clone(), block), row);
    }

    pub(super) fn set_writers(&mut self, bucket: BucketId, row: Option<&WritersRow>) {
        self.pending.writers.insert(bucket, row.cloned());
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
        for (name, row) in std::mem::take(&mut self.pending.node_usage) {
            match row {
                Some(row) => self.region.put_node_usage(name, &row)?,
                None => self.region.drop_node_usage(name)?,
            }
        }
        for (key, row) in std::mem::take(&mut self.pending.growth) {
            match row {
                Some(row) => self.growth.put(key, &row)?,
                None => self.growth.drop(key)?,
            }
        }
        for ((posting, block), row) in std::mem::take(&mut self.pending.postings) {
            self.postings.put((&posting, block), &row)?;
        }
        for (bucket, row) in std::mem::take(&mut self.pending.writers) {
            match row {
                Some(row) => self.writers.put(bucket, &row)?,
                None => self.writers.drop(bucket)?,
            }
        }
        if let Some(row) = self.pending.totals {
            self.region.put_totals(&row)?;
        }
        self.region.put_cursor(cursor)
    }
}
