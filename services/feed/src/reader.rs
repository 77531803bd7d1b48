use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;

use crate::feed::{BATCH_BYTES_MAX, Entries, News};
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
    /// Held with a large batch and the one ahead of it.
    large: Option<OwnedSemaphorePermit>,
    /// The large batch after the last one.
    ahead: Option<Ahead>,
    /// It was among the newest events, so that what it lacks now came since.
    has_caught_up: bool,
}

/// A batch that is read while the reader is busy with the one before it. Dropped, it is given up.
#[derive(Debug)]
struct Ahead {
    from: u64,
    reading: JoinSet<Result<Entries, FeedError>>,
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
            ahead: None,
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
        if self.ahead.is_none() {
            self.large = None;
        }
        let news = self.news.wait_for(|news| news.last >= next || news.has_ended).await;
        let last = news.map_err(|_| FeedError::Ended)?.last;
        if last < next {
            return Err(FeedError::Ended);
        }
        let newest = self.feed.newest(next, self.batch_bytes_max);
        let is_among_newest = newest.is_some();
        let (behind, (mut entries, until)) = if let Some(newest) = newest {
            (self.ahead, self.large) = (None, None);
            (None, newest)
        } else {
            let behind = self.has_caught_up.then_some(last + 1 - next);
            (behind, self.past(last).await?)
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

    /// The next events, read from the log, not beyond `last`.
    async fn past(&mut self, last: u64) -> Result<Entries, FeedError> {
        let ahead = match self.ahead.as_mut().filter(|ahead| ahead.from == self.next) {
            Some(ahead) => ahead.reading.join_next().await,
            None => None,
        };
        self.ahead = None;
        if self.large.is_none() {
            self.large = self.feed.large_batch();
        }
        let bytes_max = if self.large.is_some() { BATCH_BYTES_MAX } else { self.batch_bytes_max };
        let read = match ahead {
            Some(Ok(read)) => read,
            // A task that failed has said so.
            Some(Err(_)) | None => self.feed.past_within(self.next, last, bytes_max).await,
        };
        if let (Ok((_, until)), true) = (&read, self.large.is_some()) {
            self.ahead = (*until < last).then(|| Ahead::read(self.feed.clone(), until + 1, last));
        }
        read
    }
}

impl Ahead {
    fn read(feed: Feed, from: u64, last: u64) -> Self {
        let mut reading = JoinSet::new();
        reading.spawn(async move { feed.past_within(from, last, BATCH_BYTES_MAX).await });
        Self { from, reading }
    }
}
