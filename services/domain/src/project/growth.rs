//! The rows that say what there was over time, and who writes most.

use events::Fact;
use events::object::Operation;

use super::ProjectError;
use super::draft::Draft;
use crate::change::Change;
use crate::growth::{GROWTH_HOURS, HOURS_OF_DAY, REGION, hour_of_event};
use crate::row::{BucketId, GrowthRow, TotalsRow, UsageRow, Writer};
use crate::view::View;

/// The rows of hours that are too old, and of days of buckets that are gone, that one event drops. Most events add two, so
/// that what is too old goes faster than it comes.
const EXPIRED_MAX: usize = 8;

type Folded<V> = Result<(), ProjectError<<V as crate::Identities>::Error>>;

/// A bucket holds something else than before.
pub(super) fn of_bucket<V: View>(draft: &mut Draft<'_, V>, bucket: BucketId, usage: &UsageRow) {
    let hour = hour_of_event(draft.event);
    let row = GrowthRow::of_bucket(draft.event.sequence, usage);
    draft.changes.push(Change::PutGrowth { hour, bucket, row });
}

/// A bucket is gone. Its last hour says so until it is as old as hours are kept; then its days go, too.
pub(super) fn of_deleted_bucket<V: View>(draft: &mut Draft<'_, V>, bucket: BucketId) {
    let row = GrowthRow { sequence: draft.event.sequence, ended: true, ..GrowthRow::default() };
    draft.changes.push(Change::PutGrowth { hour: hour_of_event(draft.event), bucket, row });
    draft.changes.push(Change::DropWriters { bucket });
}

/// The region holds something else than before.
pub(super) fn of_region<V: View>(draft: &mut Draft<'_, V>, totals: &TotalsRow) {
    let row = GrowthRow::of_region(draft.event.sequence, totals);
    draft.changes.push(Change::PutGrowth { hour: hour_of_event(draft.event), bucket: REGION, row });
}

/// Drops what is too old, a few rows at a time, when an event has added some.
pub(super) fn forget<V: View>(draft: &mut Draft<'_, V>) -> Folded<V> {
    let hour = hour_of_event(draft.event);
    let kept = hour.saturating_sub(GROWTH_HOURS);
    let from = draft.totals()?.growth_from.min(hour);
    let is_done = from < kept && expire(draft, kept)?;
    draft.totals()?.growth_from = if is_done { kept } else { from };
    Ok(())
}

/// Drops rows of hours before this one. Returns whether none is left.
fn expire<V: View>(draft: &mut Draft<'_, V>, kept: u32) -> Result<bool, ProjectError<V::Error>> {
    let mut room = EXPIRED_MAX;
    let rows = draft.view.growth_before(kept, room).map_err(ProjectError::View)?;
    let is_all = rows.len() < room;
    for (hour, bucket, row) in rows {
        if room == 0 {
            return Ok(false);
        }
        if row.ended {
            let days = draft.view.growth_days(bucket, room).map_err(ProjectError::View)?;
            room -= days.len();
            draft.changes.retain(|change| !matches!(change, Change::PutGrowthDay { bucket: of, .. } if *of == bucket));
            for day in days {
                draft.changes.push(Change::DropGrowthDay { bucket, day });
            }
            if room == 0 {
                return Ok(false);
            }
        } else {
            keep_day(draft, bucket, hour / HOURS_OF_DAY, row)?;
        }
        draft.changes.push(Change::DropGrowth { hour, bucket });
        room -= 1;
    }
    Ok(is_all)
}

/// The day of an hour that is dropped keeps the row of the day's last event. Several hours of one day may be dropped by
/// one event.
fn keep_day<V: View>(draft: &mut Draft<'_, V>, bucket: BucketId, day: u32, row: GrowthRow) -> Folded<V> {
    let is_of = |change: &Change| match change {
        Change::PutGrowthDay { bucket: of, day: on, row } if (*of, *on) == (bucket, day) => Some(*row),
        _ => None,
    };
    let kept = match draft.changes.iter().rev().find_map(is_of) {
        Some(row) => Some(row),
        None => draft.view.growth_day(bucket, day).map_err(ProjectError::View)?,
    };
    if kept.is_none_or(|kept| kept.sequence < row.sequence) {
        draft.changes.push(Change::PutGrowthDay { bucket, day, row });
    }
    Ok(())
}

/// Counts an event about an object for whoever caused it.
pub(super) fn of_writer<V: View>(draft: &mut Draft<'_, V>, writer: Option<Writer>) -> Folded<V> {
    let fact = &draft.event.fact;
    let (Some(_), Some(name)) = (fact.key(), fact.bucket()) else { return Ok(()) };
    let Some(writer) = writer else { return Ok(()) };
    let bucket = draft.bucket_id(name)?;
    let mut row = draft.view.writers(bucket).map_err(ProjectError::View)?;
    row.count(writer, bytes_in(fact), draft.event.time);
    draft.changes.push(Change::PutWriters { bucket, row });
    Ok(())
}

/// The bytes that a client sent: a copy has none, and those of an upload came with its parts.
fn bytes_in(fact: &Fact) -> u64 {
    match fact {
        Fact::ObjectCreated(created) if created.operation == Operation::PutObject => created.size,
        Fact::ObjectAppended(appended) => appended.size,
        Fact::UploadPartStored(part) => part.size,
        _ => 0,
    }
}
