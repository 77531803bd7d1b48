//! How much of this region another one has, as this region may say it (ADR 60).
//!
//! From time to time the clock is read, and then the end of the log: a mark. All that was acknowledged before the time of
//! the mark is in the log up to its sequence. Once a route is at that sequence, its destination has all that was
//! acknowledged before that time. So nothing is concluded from the times of events, and a region in which nothing happens has
//! marks as well.
//!
//! That holds while the clock goes forwards. Once it was set back, something may be acknowledged before the time of an earlier
//! mark, by that clock, and be behind it in the log: so earlier marks are forgotten as soon as a mark has a lesser time.

use std::collections::{BTreeMap, VecDeque};

use events::ids::BucketName;
use events::link::BoundBucket;
use jiff::Timestamp;

/// Marks that are kept until routes reach them. Of more, every second one is forgotten.
const MARKS_MAX: usize = 64;

/// How many marks a route may be behind the foremost without being named for that.
const LATE_MARKS: u64 = 6;

/// All that was acknowledged before a time is in the log up to a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Marks are numbered in the order in which they were begun.
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) sequence: u64,
}

/// The marks that routes have still to reach.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    known: VecDeque<Mark>,
    begun: u64,
    /// The first mark since the clock was set back. Those before it count no more.
    first: u64,
}

impl Marks {
    /// The number of the next mark, whose clock is read now, before the end of the log is.
    pub(crate) fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// The log ended at `sequence` or before when the clock was at `at`.
    pub(crate) fn took(&mut self, number: u64, at: Timestamp, sequence: u64) {
        // In whole milliseconds, and earlier rather than later.
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        if self.known.back().is_some_and(|last| at < last.at) {
            self.known.clear();
            self.first = number;
        }
        if self.known.len() >= MARKS_MAX {
            let mut is_kept = false;
            self.known.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
        }
        self.known.push_back(Mark { number, at, sequence });
    }

    /// The newest mark that a place in the log has reached.
    pub(crate) fn reached(&self, position: u64) -> Option<Mark> {
        self.known.iter().rev().find(|mark| mark.sequence <= position).copied()
    }

    /// The newest mark that a route has reached: the one that it reached before, unless there is a newer one or the clock
    /// was set back since.
    pub(crate) fn newest(&self, before: Option<Mark>, position: u64) -> Option<Mark> {
        self.reached(position).or_else(|| before.filter(|mark| mark.number >= self.first))
    }
}

/// Whether versions of a route may be missing that its position does not tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settling {
    /// No.
    Done,
    /// A comparison has ended, and the log is told what it found; or the route is served from now on, and nothing of it was
    /// looked at yet. A mark that is begun after that comes behind it.
    FromNextMark,
    /// Until this mark is reached.
    Until(u64),
}

impl Settling {
    /// A mark is begun, and all that was to be told to the log has been.
    pub(crate) fn begin(&mut self, number: u64) {
        if *self == Self::FromNextMark {
            *self = Self::Until(number);
        }
    }

    pub(crate) fn reached(&mut self, mark: Mark) {
        if matches!(self, Self::Until(number) if *number <= mark.number) {
            *self = Self::Done;
        }
    }
}

/// How far a route is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The bucket of the other region.
    pub(crate) bucket: BucketName,
    /// The bucket of this region.
    pub(crate) source: BucketName,
    /// The newest mark that it has reached.
    pub(crate) reached: Option<Mark>,
    /// Whether versions may be missing of which the mark says nothing: the buckets are being compared, or the replicator
    /// has just begun to look at this route.
    pub(crate) copies: bool,
    pub(crate) refused: bool,
}

/// The mark that all routes have reached but those that wait, and the buckets. `None` as long as nothing can be said.
pub(crate) fn bound(routes: impl IntoIterator<Item = Standing>) -> Option<(Mark, Vec<BoundBucket>)> {
    let mut all: BTreeMap<(BucketName, BucketName), Standing> = BTreeMap::new();
    for route in routes {
        let pair = (route.bucket.clone(), route.source.clone());
        all.entry(pair).and_modify(|known| known.join(&route)).or_insert(route);
    }
    let reached = || all.values().filter_map(|route| route.reached);
    let foremost = reached().map(|mark| mark.number).max()?;
    let mark = reached().filter(|mark| mark.number + LATE_MARKS >= foremost).min_by_key(|mark| mark.number)?;
    let buckets = all.into_values().map(|route| {
        let waits = route.reached.is_none_or(|reached| reached.number < mark.number);
        BoundBucket {
            bucket: route.bucket,
            source: route.source,
            waits,
            before: route.reached.filter(|_| waits).map(|reached| reached.at),
            copies: route.copies,
            refused: route.refused,
        }
    });
    Some((mark, buckets.collect()))
}

impl Standing {
    /// Of several routes between two buckets, the one that is farthest behind counts.
    fn join(&mut self, other: &Self) {
        self.reached = match (self.reached, other.reached) {
            (Some(one), Some(another)) => Some(if one.number < another.number { one } else { another }),
            _ => None,
        };
        self.copies |= other.copies;
        self.refused |= other.refused;
    }
}

#[cfg(test)]
mod tests;
