//! The horizon: uploads that began before it cannot be named any more.

use std::time::Duration;

use domain::{ENDED_FORGOTTEN_MAX, MoveHorizon, Rejection, View};
use events::ids::Generation;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use ledger::{CommitError, Snapshot, StateError};
use shards::Transport;
use worker::{Failpoint, Handle, Trouble};

use crate::{Gc, meters};

/// How often the horizon moves within the longest time that an upload may take: once an hour within a week.
const MOVES: u32 = 168;

/// The longest time between two moves.
const INTERVAL_MAX: Duration = Duration::from_hours(1);

/// The shortest.
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// Facts by which names that ended are forgotten, at a time: as many names as contents that end at a time.
const FACTS_AT_ONCE: usize = 16;

/// How far the horizon may lie behind where it should be before it moves.
pub(crate) fn interval(upload_time_max: Duration) -> Duration {
    (upload_time_max / MOVES).clamp(INTERVAL_MIN, INTERVAL_MAX)
}

/// Where the horizon is to be, and by how many facts that say so.
struct Wanted {
    before: Timestamp,
    upload_seconds: u32,
    facts: usize,
}

/// Where the horizon should be. Gateways take none that lies beyond the newest fact of theirs, `said`; nothing is younger
/// than that where they have written nothing for long.
fn target(now: Timestamp, upload_seconds: u32, said: Timestamp) -> Timestamp {
    let before = now.saturating_sub(SignedDuration::from_secs(upload_seconds.into())).unwrap_or(Timestamp::UNIX_EPOCH);
    before.min(said).max(Timestamp::UNIX_EPOCH)
}

/// How many facts forget so many names that ended. One at least moves the horizon.
fn facts(ended: usize) -> usize {
    ended.div_ceil(ENDED_FORGOTTEN_MAX).clamp(1, FACTS_AT_ONCE)
}

/// Where the horizon should be, if it is to be moved.
fn wanted(snapshot: &Snapshot, upload_time_max: Duration, now: Timestamp) -> Result<Option<Wanted>, StateError> {
    let (totals, seconds) = (snapshot.totals()?, u32::try_from(upload_time_max.as_secs()).unwrap_or(u32::MAX));
    let said = Timestamp::from_microsecond(snapshot.cursor()?.said).unwrap_or(Timestamp::MIN);
    let before = target(now, seconds, said);
    let milliseconds = u64::try_from(before.as_millisecond()).unwrap_or_default();
    let behind = Duration::from_millis(milliseconds.saturating_sub(totals.horizon));
    let is_of_another_time = totals.upload_time != u64::from(seconds) * 1_000;
    // Names that ended are forgotten a few at a time, by facts that say the same once more.
    let is_forgetting = || snapshot.ended_below(Generation::first_at(totals.horizon), 1).map(|ended| !ended.is_empty());
    if behind >= interval(upload_time_max) || is_of_another_time || is_forgetting()? {
        let below = Generation::first_at(milliseconds.max(totals.horizon));
        let ended = snapshot.ended_below(below, ENDED_FORGOTTEN_MAX * FACTS_AT_ONCE)?.len();
        let before = Timestamp::from_millisecond(before.as_millisecond()).unwrap_or(before);
        return Ok(Some(Wanted { before, upload_seconds: seconds, facts: facts(ended) }));
    }
    Ok(None)
}

impl<T: Transport> Gc<T> {
    /// Moves the horizon if that is due. Returns whether it did: then there may be more to forget below it.
    pub(crate) async fn move_horizon(&self, handle: &Handle, snapshot: &Snapshot) -> Result<bool, Trouble> {
        let Some(wanted) = wanted(snapshot, self.options.upload_time_max, self.now())? else { return Ok(false) };
        let Wanted { before, upload_seconds, facts } = wanted;
        let horizon = || MoveHorizon { region: self.options.region.clone(), before, upload_seconds };
        let mut is_moved = false;
        for outcome in join_all((0..facts).map(|_| handle.commit(horizon()))).await {
            match outcome {
                Ok(_) => is_moved = true,
                // The clock here is ahead of that of whoever decides. It is asked again later.
                Err(CommitError::Rejected(Rejection::HorizonAhead | Rejection::NotDue)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if is_moved {
            meters::horizon(before);
            handle.reached(Failpoint::GcHorizonMoved).await;
        }
        Ok(is_moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_horizon_moves_once_an_hour_and_more_often_where_uploads_are_short() {
        for (upload_time, expected) in [(604_800, 3_600), (86_400 * 30, 3_600), (16_800, 100), (10, 1)] {
            assert_eq!(interval(Duration::from_secs(upload_time)), Duration::from_secs(expected));
        }
    }

    #[test]
    fn the_horizon_is_not_beyond_what_gateways_have_said() {
        let at = |second| Timestamp::from_second(second).unwrap();
        for (now, said, expected) in [(1_000, 990, 900), (1_000, 900, 900), (1_000, 400, 400), (50, 40, 0)] {
            assert_eq!(target(at(now), 100, at(said)), at(expected), "at {now}, {said} said");
        }
        assert_eq!(target(at(1_000), 100, Timestamp::MIN), at(0), "no gateway has written anything");
    }

    #[test]
    fn names_are_forgotten_as_fast_as_contents_end() {
        let some = ENDED_FORGOTTEN_MAX;
        for (ended, expected) in [(0, 1), (1, 1), (some, 1), (some + 1, 2), (some * 16, 16), (some * 99, 16)] {
            assert_eq!(facts(ended), expected, "{ended} names");
        }
        assert!(some * FACTS_AT_ONCE >= crate::reclaim::CONTENTS_AT_ONCE);
    }
}
