//! What the region or a bucket held, hour by hour or day by day.

use std::sync::Arc;

use domain::View;
use domain::growth::{GROWTH_HOURS, HOURS_OF_DAY, REGION, Resolution};
use domain::row::{BucketId, GrowthRow};
use events::ids::BucketName;
use jiff::Timestamp;
use ledger::{Snapshot, StateError};
use percent_encoding::percent_decode_str;
use policy::Action;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::spawn_blocking;

use super::{dedup_ratio, visible_bucket};
use crate::api::access::Caller;
use crate::api::answer::Answer;
use crate::api::asked::Asked;
use crate::api::refusal::Refusal;

/// Points of an answer, at most.
const POINTS_MAX: u32 = 10_000;

/// Points of an answer if nothing else is asked for: a week of hours, and a year of days.
const HOURS_USUAL: u32 = 7 * HOURS_OF_DAY;
const DAYS_USUAL: u32 = 365;

/// The scope of the figures.
const COVERS: &str = "All events of the log up to as_of, by the time that each event says. Bytes count all versions. \
                      Stored bytes are those of contents that something refers to, each counted once, in the bucket to \
                      which it was uploaded first; parts of uploads in progress count, too";

/// The amount of stored data over time.
#[derive(Serialize, JsonSchema)]
pub(super) struct Growth {
    /// The sequence of the last event that is counted.
    as_of: u64,
    /// The scope of the figures.
    covers: &'static str,
    /// The bucket; absent if the figures are of the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<BucketName>,
    /// The bytes that clients wrote, those of parts included, for each byte of contents; `null` if all bytes are contents
    /// that were uploaded to other buckets.
    dedup_ratio: Option<f64>,
    /// The figures at the end of each hour or day; the last period is not over yet.
    points: Vec<Point>,
}

/// The figures at the end of an hour or a day.
#[derive(Serialize, JsonSchema)]
struct Point {
    /// The beginning of the hour or of the day.
    #[schemars(with = "String", extend("format" = "date-time"))]
    time: Timestamp,
    /// Keys that have a current object.
    objects: u64,
    /// Versions; delete markers do not count.
    versions: u64,
    /// Bytes of all versions, as clients count them.
    bytes: u64,
    /// Bytes of contents that something refers to, each counted once.
    stored_bytes: u64,
}

/// What is asked for.
struct Wanted {
    bucket: Option<BucketName>,
    resolution: Resolution,
    since: Option<Timestamp>,
}

pub(super) async fn of_region(asked: Asked) -> Result<Answer, Refusal> {
    let wanted = wanted(&asked, true)?;
    let snapshot = asked.read().await?;
    let bucket = match &wanted.bucket {
        None => REGION,
        Some(name) => snapshot.bucket(name)?.ok_or_else(|| Refusal::not_found("there is no such bucket"))?.id,
    };
    answer(snapshot, bucket, wanted, asked.now).await
}

pub(super) async fn of_bucket(asked: Asked, caller: Caller) -> Result<Answer, Refusal> {
    let wanted = wanted(&asked, false)?;
    let (snapshot, name, row) = visible_bucket(&asked, &caller, Action::AdminGetGrowth).await?;
    answer(snapshot, row.id, Wanted { bucket: Some(name), ..wanted }, asked.now).await
}

fn wanted(asked: &Asked, names_bucket: bool) -> Result<Wanted, Refusal> {
    let mut wanted = Wanted { bucket: None, resolution: Resolution::Day, since: None };
    let query = asked.parts.uri.query().unwrap_or_default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent_decode_str(value).decode_utf8();
        let value = value.map_err(|_| Refusal::invalid("the query is not UTF-8"))?;
        match (name, value.as_ref()) {
            ("bucket", value) if names_bucket => {
                let bucket =
                    value.parse().map_err(|error: events::ids::InvalidName| Refusal::invalid(error.to_string()));
                wanted.bucket = Some(bucket?);
            }
            ("resolution", "hour") => wanted.resolution = Resolution::Hour,
            ("resolution", "day") => wanted.resolution = Resolution::Day,
            ("resolution", _) => return Err(Refusal::invalid("`resolution` is `hour` or `day`")),
            ("since", value) => {
                let wrong = |_| Refusal::invalid("`since` is a time such as 2026-11-22T13:00:00Z");
                wanted.since = Some(value.parse().map_err(wrong)?);
            }
            _ => {
                let known =
                    if names_bucket { "`bucket`, `resolution` and `since`" } else { "`resolution` and `since`" };
                return Err(Refusal::invalid(format!("there are {known} in the query, and nothing else")));
            }
        }
    }
    Ok(wanted)
}

/// The first and the last step that are shown.
fn steps(wanted: &Wanted, now: Timestamp) -> (u32, u32) {
    let step = |time: Timestamp| wanted.resolution.step_of(time.as_second());
    let to = step(now);
    let (usual, most) = match wanted.resolution {
        Resolution::Hour => (HOURS_USUAL, GROWTH_HOURS),
        Resolution::Day => (DAYS_USUAL, POINTS_MAX),
    };
    let from = wanted.since.map_or_else(|| to.saturating_sub(usual - 1), step);
    (from.max(to.saturating_sub(most - 1)).min(to), to)
}

async fn answer(snapshot: Arc<Snapshot>, bucket: BucketId, wanted: Wanted, now: Timestamp) -> Result<Answer, Refusal> {
    // It seeks a row for each hour that is kept.
    let read = spawn_blocking(move || read(&snapshot, bucket, wanted, now)).await;
    let growth = read.map_err(|error| {
        tracing::error!(%error, "growth could not be read");
        Refusal::internal()
    })?;
    Answer::of(&growth?)
}

fn read(snapshot: &Snapshot, bucket: BucketId, wanted: Wanted, now: Timestamp) -> Result<Growth, StateError> {
    let mut rows = snapshot.growth(bucket, wanted.resolution, steps(&wanted, now))?;
    let (held, parts_bytes) = held(snapshot, bucket)?;
    // What there is now is known however the clocks of the events went.
    if let Some((_, last)) = rows.last_mut() {
        *last = held;
    }
    let points = rows.into_iter().map(|(step, row)| Point {
        time: Timestamp::from_second(wanted.resolution.second_of(step)).unwrap_or(Timestamp::UNIX_EPOCH),
        objects: row.objects,
        versions: row.versions,
        bytes: row.bytes,
        stored_bytes: row.stored_bytes,
    });
    Ok(Growth {
        as_of: snapshot.cursor()?.sequence,
        covers: COVERS,
        dedup_ratio: dedup_ratio(held.bytes + parts_bytes, held.stored_bytes),
        points: points.collect(),
        bucket: wanted.bucket,
    })
}

/// What there is now, and the bytes of parts of uploads in progress.
fn held(snapshot: &Snapshot, bucket: BucketId) -> Result<(GrowthRow, u64), StateError> {
    if bucket == REGION {
        let totals = snapshot.totals()?;
        return Ok((GrowthRow::of_region(0, &totals), totals.parts_bytes));
    }
    let usage = snapshot.usage(bucket)?;
    Ok((GrowthRow::of_bucket(0, &usage), usage.parts_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_that_are_shown_are_bounded_and_end_now() {
        let now = Timestamp::from_second(1_000_000 * 3_600).unwrap();
        let of = |resolution, since: Option<i64>| {
            let since = since.map(|hour| Timestamp::from_second(hour * 3_600).unwrap());
            steps(&Wanted { bucket: None, resolution, since }, now)
        };
        assert_eq!(of(Resolution::Hour, None), (999_833, 1_000_000));
        assert_eq!(of(Resolution::Hour, Some(0)), (997_841, 1_000_000), "hours are kept for 90 days");
        assert_eq!(of(Resolution::Hour, Some(2_000_000)), (1_000_000, 1_000_000), "nothing is known of the future");
        assert_eq!(of(Resolution::Day, None), (41_302, 41_666));
        assert_eq!(of(Resolution::Day, Some(0)), (31_667, 41_666));
    }
}
