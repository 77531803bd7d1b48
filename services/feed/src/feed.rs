use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use events::ids::RegionName;
use ledger::{Ledger, Progress, Snapshot};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::AbortHandle;

use crate::ring::{RING_ENTRIES_MAX, Ring};
use crate::{Entry, FeedError, Reader, Start};

/// Entries that are read at once.
const BATCH_ENTRIES_MAX: u64 = 256;

/// Events of the ring that a reader gets at once.
const NEWEST_ENTRIES_MAX: usize = 256;

/// Bytes of entries that are read at once, give or take one.
pub(crate) const BATCH_BYTES_MAX: usize = 256 << 10;

/// Reads of the past that are under way at once, of all readers together.
const PAST_READS_MAX: usize = 8;

/// Readers that may hold a large batch, and the one ahead of it, while they catch up.
const LARGE_BATCHES_MAX: usize = 16;

/// Events in the order of the log, and the sequence up to which they are all.
pub(crate) type Entries = (Vec<Arc<Entry>>, u64);

/// The events of a process, for all who read them. Clones share it.
#[derive(Clone)]
pub struct Feed(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) ledger: Ledger,
    pub(crate) region: RegionName,
    ring: Mutex<Ring>,
    news: watch::Sender<News>,
    pub(crate) past_reads: Semaphore,
    pub(crate) large_batches: Arc<Semaphore>,
    task: Mutex<Option<AbortHandle>>,
}

/// How far the log can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct News {
    /// The sequence of the newest entry.
    pub(crate) last: u64,
    /// Nothing more will come.
    pub(crate) has_ended: bool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

impl Feed {
    /// Starts to follow the ledger. This must be called within a tokio runtime.
    pub fn start(ledger: Ledger, region: RegionName) -> Self {
        let progress = ledger.progress();
        let last = progress.borrow().cursor.sequence;
        let shared = Arc::new(Shared {
            ledger,
            region,
            ring: Mutex::new(Ring::before(last + 1)),
            news: watch::Sender::new(News { last, has_ended: false }),
            past_reads: Semaphore::new(PAST_READS_MAX),
            large_batches: Arc::new(Semaphore::new(LARGE_BATCHES_MAX)),
            task: Mutex::new(None),
        });
        let task = tokio::spawn(follow(Arc::downgrade(&shared), progress)).abort_handle();
        *shared.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        Self(shared)
    }

    /// The sequence of the newest event: every event that was acknowledged before this call is in it.
    ///
    /// # Errors
    /// [`FeedError::Unavailable`].
    pub async fn last(&self) -> Result<u64, FeedError> {
        self.0.ledger.read().await?;
        Ok(self.0.ledger.progress().borrow().cursor.sequence)
    }

    /// The newest state of this process.
    pub(crate) fn latest(&self) -> Arc<Snapshot> {
        self.0.ledger.latest()
    }

    /// Follows the log.
    pub fn follow(&self, start: Start) -> Reader {
        Reader::new(self.clone(), start, self.0.news.subscribe())
    }

    /// Waits until nothing more will come.
    pub async fn ended(&self) {
        // Without a sender it has ended, too. This does not ask for news, of which nobody may want any.
        let mut progress = self.0.ledger.progress();
        let _ended = progress.wait_for(|progress| progress.failed.is_some()).await;
    }

    /// Events of the ring; see [`Ring::read`].
    pub(crate) fn newest(&self, from: u64, bytes_max: usize) -> Option<Entries> {
        self.0.ring().read(from, NEWEST_ENTRIES_MAX, bytes_max)
    }

    /// Reads events from a sequence on and not beyond `last`, which is folded. Returns them, and the sequence up to which
    /// they are all.
    pub(crate) async fn past(&self, from: u64, last: u64) -> Result<Entries, FeedError> {
        self.past_within(from, last, BATCH_BYTES_MAX).await
    }

    /// The right to hold a large batch, unless too many do.
    pub(crate) fn large_batch(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.large_batches).try_acquire_owned().ok()
    }

    /// The same, cut where the entries reach so many bytes.
    pub(crate) async fn past_within(&self, from: u64, last: u64, bytes_max: usize) -> Result<Entries, FeedError> {
        let _permit = self.0.past_reads.acquire().await.map_err(|_| FeedError::Ended)?;
        self.0.read(from, last, bytes_max).await
    }
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("region", &self.0.region).finish_non_exhaustive()
    }
}

impl Shared {
    fn ring(&self) -> MutexGuard<'_, Ring> {
        // No change of the ring stops half-way.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self, from: u64, last: u64, bytes_max: usize) -> Result<Entries, FeedError> {
        let last = last.min(from.saturating_add(BATCH_ENTRIES_MAX - 1));
        let facts = self.ledger.facts(from, last, bytes_max).await?;
        let until = facts.until;
        Ok((Entry::of_all(facts, &self.region)?, until))
    }

    /// Takes up what the ledger has folded, if somebody follows, and says so.
    async fn take_up(&self, last: u64) {
        let is_followed = self.news.receiver_count() > 0;
        let mut next = self.ring().next();
        // More than the ring holds is read by each reader from where it is.
        if !is_followed || last.saturating_sub(next) >= RING_ENTRIES_MAX as u64 {
            next = last + 1;
            *self.ring() = Ring::before(next);
        }
        while next <= last {
            match self.read(next, last, BATCH_BYTES_MAX).await {
                Ok((entries, until)) => {
                    self.ring().push(entries, until);
                    next = until + 1;
                }
                Err(error) => {
                    tracing::debug!(%error, "the newest events are read by each reader");
                    next = last + 1;
                    *self.ring() = Ring::before(next);
                }
            }
        }
        self.news.send_if_modified(|news| {
            let is_new = news.last < last;
            news.last = last;
            is_new
        });
    }
}

/// Hands on what the ledger says, until it ends or nobody has the feed any more.
async fn follow(shared: Weak<Shared>, mut progress: watch::Receiver<Progress>) {
    loop {
        let (last, has_failed) = {
            let progress = progress.borrow_and_update();
            (progress.cursor.sequence, progress.failed.is_some())
        };
        let Some(shared) = shared.upgrade() else { return };
        shared.take_up(last).await;
        let news = shared.news.clone();
        drop(shared);
        if has_failed || progress.changed().await.is_err() {
            news.send_modify(|news| news.has_ended = true);
            return;
        }
    }
}
