//! Rows that say what buckets and the region held over time.

use std::collections::BTreeMap;

use domain::growth::{Resolution, levels};
use domain::row::{BucketId, GrowthRow};

use super::{Access, Tables};
use crate::StateError;

/// Rows of hours with their keys.
type HourRows = Vec<((u32, BucketId), GrowthRow)>;

/// Rows of days with their keys.
type DayRows = Vec<((BucketId, u32), GrowthRow)>;

impl<A: Access> Tables<A> {
    /// What a bucket, or the region, held at the end of each step from `from` to `to`.
    ///
    /// This looks for a row of each hour that is kept, a few thousand at most.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn growth(
        &self,
        bucket: BucketId,
        resolution: Resolution,
        (from, to): (u32, u32),
    ) -> Result<Vec<(u32, GrowthRow)>, StateError> {
        let days = self.growth_days.range((bucket.0, 0)..=(bucket.0, u32::MAX))?;
        let days = days.map(|entry| entry?.decode().map(|((_, day), row)| (day, row))).collect::<Result<_, _>>()?;
        let rows = resolution.rows(days, self.growth_hours(bucket)?);
        Ok(levels(rows, from, to))
    }

    /// The hours of a bucket. Rows lie by hour, so this seeks one in each hour that has any.
    fn growth_hours(&self, bucket: BucketId) -> Result<Vec<(u32, GrowthRow)>, StateError> {
        let mut hours = Vec::new();
        let mut hour = 0;
        while let Some(entry) = self.growth.range((hour, bucket.0)..)?.next().transpose()? {
            let (found, of) = entry.stored_key();
            // The next row may be that of another bucket, in this hour or in a later one.
            if of == bucket.0 {
                hours.push((found, entry.row()?));
            }
            hour = if of < bucket.0 { found } else { found.saturating_add(1) };
            if found == u32::MAX {
                break;
            }
        }
        Ok(hours)
    }

    /// All rows of hours, and all rows of days, in the order of their keys.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn list_growth(&self) -> Result<(HourRows, DayRows), StateError> {
        let hours = self.growth.range(..)?.map(|entry| entry?.decode()).collect::<Result<_, _>>()?;
        let days = self.growth_days.range(..)?.map(|entry| entry?.decode()).collect::<Result<_, _>>()?;
        Ok((hours, days))
    }

    /// The first rows of hours before this one, those that are pending among them.
    pub(super) fn first_growth(&self, before: u32, max: usize) -> Result<Vec<(u32, BucketId, GrowthRow)>, StateError> {
        let mut rows = BTreeMap::new();
        for entry in self.growth.range(..(before, 0))? {
            let ((hour, bucket), row) = entry?.decode()?;
            if !self.pending.has_growth(hour, bucket) {
                rows.insert((hour, bucket), row);
            }
            if rows.len() == max {
                break;
            }
        }
        let pending = self.pending.growth_before(before).filter_map(|(key, row)| Some((key, row?)));
        rows.extend(pending.take(max));
        Ok(rows.into_iter().take(max).map(|((hour, bucket), row)| (hour, bucket, row)).collect())
    }
}
