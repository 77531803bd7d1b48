use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, watch};

use crate::feed::{BATCH_BYTES_MAX, News};
use crate::{Entry, Feed, FeedError, Start};

/// Somebody who follows the log.
#[derive(Debug)]
pub struct Reader {
    feed: Feed,
    /// The sequence of the entry that comes next.
    next: u64,
    /// Events before the first of this time or later are passed over.
    since: Option<Timestamp>,
    news: watch::Receiver<News>,
    /// Bytes of a batch, give or take one event.
    batch_bytes_max: usize,
    /// Held with a large batch, until the next one is asked for.
    large: Option<OwnedSemaphorePermit>,
    /// It was among the newest events, so that what it lacks now came since.
    has_caught_up: bool,
}

/// Events in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The events.
    pub entries: Vec<Arc<Entry>>,
    /// The sequence up to which they are all.
    pub until: u64,
    /// How many entries of the log the reader fell behind, if it had caught up and was too slow since. Nothing is left
    /// out: they come, read from the log.
    pub behind: Option<u64>,
}

impl Reader {
    pub(crate) fn new(feed: Feed, start: Start, news: watch::Receiver<News>) -> Self {
        Self {
            feed,
            next: start.next,
            since: start.since,
            news,
            batch_bytes_max: BATCH_BYTES_MAX,
            large: None,
            has_caught_up: false,
        }
    }

    /// The same with smaller batches, for one of many readers who may each hold one for long. A batch has one event at least.
    /// While it reads the past, a batch is as large as others if few readers hold one: a small batch costs a request, too.
    #[must_use]
    pub fn in_batches_of(self, bytes_max: usize) -> Self {
        Self { batch_bytes_max: bytes_max.min(BATCH_BYTES_MAX), ..self }
    }

    /// The sequence of the last entry that was given or passed over.
    pub fn position(&self) -> u64 {
        self.next - 1
    }

    /// The next events. It waits until the log has something new, which may be nothing that readers get. It may be dropped
    /// while it waits, and loses nothing.
    ///
    /// # Errors
    /// [`FeedError`]. The next call tries again.
    pub async fn next(&mut self) -> Result<Batch, FeedError> {
        let next = self.next;
        self.large = None;
        let news = self.news.wait_for(|news| news.last >= next || news.has_ended).await;
        let last = news.map_err(|_| FeedError::Ended)?.last;
        if last < next {
            return Err(FeedError::Ended);
        }
        let newest = self.feed.newest(next, self.batch_bytes_max);
        let is_among_newest = newest.is_some();
        let (behind, (mut entries, until)) = if let Some(newest) = newest {
            (None, newest)
        } else {
            let behind = self.has_caught_up.then_some(last + 1 - next);
            self.large = self.feed.large_batch();
            let bytes_max = if self.large.is_some() { BATCH_BYTES_MAX } else { self.batch_bytes_max };
            (behind, self.feed.past_within(next, last, bytes_max).await?)
        };
        self.has_caught_up = is_among_newest || until >= last;
        self.next = until + 1;
        if let Some(since) = self.since {
            let first = entries.iter().position(|entry| entry.event.time >= since);
            entries.drain(..first.unwrap_or(entries.len()));
            if first.is_some() {
                self.since = None;
            }
        }
        Ok(Batch { entries, until, behind })
    }
}
