//! Where reading begins.

use jiff::{SignedDuration, Timestamp};

use crate::{Feed, FeedError};

/// How far back the clocks of a region may go for which a search by time is exact.
///
/// The times of events are those of the gateways' clocks, and no order of the log. If no event is older than one before it
/// by more than this, then all events before the place found are older than the time that was asked for.
pub const CLOCK_BACK_MAX: SignedDuration = SignedDuration::from_mins(1);

/// Bytes of entries that are read to learn the time at one place: one entry.
const PROBE_BYTES: usize = 1;

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The sequence of the first entry.
    pub next: u64,
    /// From there on, entries before the first of this time or later are passed over.
    pub since: Option<Timestamp>,
    /// The sequence of the newest entry of the log when this was looked for.
    pub last: u64,
}

impl Feed {
    /// The place behind a sequence, and there at the first event of a time or later.
    ///
    /// The search takes about twenty reads of one event in a log of a million. Exact is it as long as no clock went back
    /// by more than [`CLOCK_BACK_MAX`]; else it may find a later place. Whoever must miss nothing names a sequence.
    ///
    /// # Errors
    /// [`FeedError::Beyond`] if there is no such sequence; else [`FeedError::Unavailable`].
    pub async fn begin(&self, after: u64, since: Option<Timestamp>) -> Result<Start, FeedError> {
        let last = self.last().await?;
        if after > last {
            return Err(FeedError::Beyond { after, last });
        }
        let next = match since {
            None => after + 1,
            // A time before all that a timestamp can say is before the first event.
            Some(since) => match since.checked_sub(CLOCK_BACK_MAX) {
                Ok(time) => self.search(after + 1, last, time).await?,
                Err(_) => after + 1,
            },
        };
        Ok(Start { next, since, last })
    }

    /// A place from `from` on whose event has a time or a later one, while the event before it is older; the end of the log
    /// if there is none.
    pub(crate) async fn search(&self, from: u64, last: u64, time: Timestamp) -> Result<u64, FeedError> {
        let (mut low, mut high) = (from, last + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.time_at(middle, high).await? {
                Some((sequence, found)) if found < time => low = sequence + 1,
                Some(_) | None => high = middle,
            }
        }
        Ok(low)
    }

    /// The first event from a sequence on and before `end`, and its time.
    async fn time_at(&self, mut from: u64, end: u64) -> Result<Option<(u64, Timestamp)>, FeedError> {
        while from < end {
            let (entries, until) = self.past_within(from, end - 1, PROBE_BYTES).await?;
            if let Some(first) = entries.first() {
                return Ok(Some((first.sequence, first.event.time)));
            }
            from = until + 1;
        }
        Ok(None)
    }
}
