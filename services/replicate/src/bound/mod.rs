//! How much of this region another one has, as this region may say it (ADR 60).
//!
//! From time to time the clock is read, and then the end of the log: a mark. All that was acknowledged before the time of
//! the mark is in the log up to its sequence. Once a route is at that sequence, its destination has all that was
//! acknowledged before that time. So nothing is concluded from the times of events, and a region in which nothing happens has
//! marks as well.

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
}

impl Marks {
    /// The number of the next mark, whose clock is read now, before the end of the log is.
    pub(crate) fn begin(&mut self) -> u64 {
        self.begun += 1;
        self.begun
    }

    /// The log ended at `sequence` or before when the clock was at `at`.
    pub(crate) fn took(&mut self, number: u64, at: Timestamp, sequence: u64) {
        if self.known.len() >= MARKS_MAX {
            let mut is_kept = false;
            self.known.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
        }
        // In whole milliseconds, and earlier rather than later.
        let at = Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
        self.known.push_back(Mark { number, at, sequence });
    }

    /// The newest mark that a place in the log has reached.
    pub(crate) fn reached(&self, position: u64) -> Option<Mark> {
        self.known.iter().rev().find(|mark| mark.sequence <= position).copied()
    }
}

/// Whether versions of a route may be missing that its position does not tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Settling {
    /// No.
    #[default]
    Done,
    /// A comparison has ended, and the log is told what it found. A mark that is begun after that comes behind it.
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
