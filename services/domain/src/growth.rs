//! What buckets and the region held over time, hour by hour and day by day.
//!
//! An hour's row is what there was after the last event, in the order of the log, whose own time lies in that hour. Clocks
//! may go back, so a later hour can have a row of an earlier event. Reading settles it: what there was at the end of an
//! hour is the row of the latest event among those of that hour and of all hours before. So an event of a clock that went
//! back is never lost, and a clock that ran ahead is corrected by whatever is written after it.

use events::Event;

use crate::row::{BucketId, GrowthRow, TotalsRow, UsageRow};

/// The hours for which there is a row for each hour.
pub const GROWTH_HOURS: u32 = 90 * HOURS_OF_DAY;

/// The hours of a day: all days are those of UTC.
pub const HOURS_OF_DAY: u32 = 24;

/// The bucket of rows about the region. No bucket has this identity: no event has this sequence.
pub const REGION: BucketId = BucketId(0);

const SECONDS_OF_HOUR: i64 = 3_600;

/// The hours since 1970 at a second. What is before is in the first one.
pub fn hour_of(second: i64) -> u32 {
    u32::try_from(second.max(0) / SECONDS_OF_HOUR).unwrap_or(u32::MAX)
}

pub(crate) fn hour_of_event(event: &Event) -> u32 {
    hour_of(event.time.as_second())
}

impl GrowthRow {
    /// What a bucket holds after an event.
    pub fn of_bucket(sequence: u64, usage: &UsageRow) -> Self {
        let UsageRow { objects, bytes, current, stored_bytes, .. } = *usage;
        Self { sequence, objects: current, versions: objects, bytes, stored_bytes, ended: false }
    }

    /// What the region holds after an event.
    pub fn of_region(sequence: u64, totals: &TotalsRow) -> Self {
        let TotalsRow { objects, logical_bytes, current, stored_bytes, .. } = *totals;
        Self { sequence, objects: current, versions: objects, bytes: logical_bytes, stored_bytes, ended: false }
    }
}

/// The steps by which growth is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// By the hour. Hours before the first one that is kept are not known by themselves.
    Hour,
    /// By the day.
    Day,
}

impl Resolution {
    /// The step that a second is in.
    pub fn step_of(self, second: i64) -> u32 {
        match self {
            Self::Hour => hour_of(second),
            Self::Day => hour_of(second) / HOURS_OF_DAY,
        }
    }

    /// The second at which a step begins.
    pub fn second_of(self, step: u32) -> i64 {
        match self {
            Self::Hour => i64::from(step) * SECONDS_OF_HOUR,
            Self::Day => i64::from(step) * i64::from(HOURS_OF_DAY) * SECONDS_OF_HOUR,
        }
    }

    /// The rows of days and hours, each with the step that it is of, in the order of steps.
    pub fn rows(self, days: Vec<(u32, GrowthRow)>, hours: Vec<(u32, GrowthRow)>) -> Vec<(u32, GrowthRow)> {
        let (of_day, of_hour) = match self {
            Self::Hour => (HOURS_OF_DAY, 1),
            Self::Day => (1, HOURS_OF_DAY),
        };
        let days = days.into_iter().map(|(day, row)| (day.saturating_mul(of_day), row));
        let hours = hours.into_iter().map(|(hour, row)| (hour / of_hour, row));
        let mut rows: Vec<_> = days.chain(hours).collect();
        rows.sort_by_key(|(step, row)| (*step, row.sequence));
        rows
    }
}

/// What there was at the end of each step from `from` to `to`, steps without an event included. `rows` are those of a
/// bucket with the step that each is of, the earliest step first, from its first one on.
pub fn levels(rows: impl IntoIterator<Item = (u32, GrowthRow)>, from: u32, to: u32) -> Vec<(u32, GrowthRow)> {
    let mut rows = rows.into_iter().peekable();
    let mut level = GrowthRow::default();
    let mut levels = Vec::new();
    for step in from..=to {
        while let Some((_, row)) = rows.next_if(|(of, _)| *of <= step) {
            if row.sequence >= level.sequence {
                level = row;
            }
        }
        levels.push((step, level));
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(sequence: u64) -> GrowthRow {
        GrowthRow { sequence, objects: sequence, ..GrowthRow::default() }
    }

    #[test]
    fn steps_without_an_event_have_what_was_there_before() {
        let found = levels([(3, row(5)), (5, row(9))], 2, 6);
        let objects: Vec<_> = found.iter().map(|(step, row)| (*step, row.objects)).collect();
        assert_eq!(objects, [(2, 0), (3, 5), (4, 5), (5, 9), (6, 9)]);
        assert_eq!(levels([(3, row(5))], 10, 10), [(10, row(5))], "what was before the first step counts");
    }

    #[test]
    fn a_clock_that_ran_ahead_is_corrected_by_what_came_after_it() {
        // Event 7 was of hour 90; 8 and 9 were of hours 4 and 5 again.
        let rows = [(3, row(6)), (4, row(8)), (5, row(9)), (90, row(7))];
        let found: Vec<_> = levels(rows, 3, 91).iter().map(|(_, row)| row.sequence).collect();
        assert_eq!((&found[..3], found[87], found[88]), (&[6, 8, 9][..], 9, 9));
    }

    #[test]
    fn hours_are_counted_from_1970() {
        assert_eq!((hour_of(-1), hour_of(3_599), hour_of(3_600), hour_of(i64::MAX)), (0, 0, 1, u32::MAX));
    }
}
