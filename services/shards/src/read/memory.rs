//! The memory of streamed reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of one permit.
const PERMIT_BYTES: usize = 1024;

/// Memory that readers share. A reader may be limited to a portion of it, so that the others always find some.
#[derive(Debug, Clone)]
pub struct ReadMemory {
    bytes: usize,
    all: Arc<Semaphore>,
    /// The portion to which this reader is limited, over all its reads.
    own: Option<Portion>,
    /// The number of reads that wait for shared memory.
    waiting: Arc<AtomicUsize>,
}

/// The portion of the memory to which one reader is limited.
#[derive(Debug, Clone)]
struct Portion {
    bytes: usize,
    free: Arc<Semaphore>,
}

/// Counts a waiting read until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A part of the memory, which is returned when the permit is dropped.
#[derive(Debug)]
pub(crate) struct ReadPermit {
    all: OwnedSemaphorePermit,
    own: Option<OwnedSemaphorePermit>,
}

fn permits(bytes: usize) -> usize {
    bytes.div_ceil(PERMIT_BYTES)
}

fn count(bytes: usize) -> u32 {
    u32::try_from(permits(bytes)).unwrap_or(u32::MAX)
}

impl ReadMemory {
    /// A memory of `bytes` bytes.
    pub fn of(bytes: usize) -> Self {
        Self { bytes, all: Arc::new(Semaphore::new(bytes / PERMIT_BYTES)), own: None, waiting: Arc::default() }
    }

    /// The same memory for a reader that is limited to `bytes` bytes of it. `free` counts the free part of that
    /// portion, one permit for each KiB.
    #[must_use]
    pub fn bounded_by(&self, free: Arc<Semaphore>, bytes: usize) -> Self {
        Self { own: Some(Portion { bytes, free }), ..self.clone() }
    }

    /// The number of reads that wait for shared memory, as it changes.
    pub fn waiting(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.waiting)
    }

    /// Takes `bytes` as soon as they are free; `None` if `patience` ends first.
    pub(crate) async fn take(&self, bytes: usize, patience: impl Future<Output = ()>) -> Option<ReadPermit> {
        let taken = async {
            // The semaphores are never closed, so this cannot fail. The reader's own portion comes first: a read that
            // waits for it holds nothing that others wait for.
            let own = match &self.own {
                Some(own) => Some(Arc::clone(&own.free).acquire_many_owned(count(bytes)).await.ok()?),
                None => None,
            };
            let _waiting = Waiting::of(&self.waiting);
            let all = Arc::clone(&self.all).acquire_many_owned(count(bytes)).await.ok()?;
            Some(ReadPermit { all, own })
        };
        tokio::select! {
            biased;
            taken = taken => taken,
            () = patience => None,
        }
    }

    /// Takes `bytes` now if `quarters` quarters of the memory, and of the reader's own portion, stay free.
    pub(crate) fn take_spare(&self, bytes: usize, quarters: usize) -> Option<ReadPermit> {
        // Another read may take some of the free part meanwhile, which is what it is for.
        let leaves = |free: &Semaphore, of| free.available_permits() >= permits(bytes) + permits(of / 4 * quarters);
        let own = self.own.as_ref();
        if !leaves(&self.all, self.bytes) || own.is_some_and(|own| !leaves(&own.free, own.bytes)) {
            return None;
        }
        let own = match own {
            Some(own) => Some(Arc::clone(&own.free).try_acquire_many_owned(count(bytes)).ok()?),
            None => None,
        };
        let all = Arc::clone(&self.all).try_acquire_many_owned(count(bytes)).ok()?;
        Some(ReadPermit { all, own })
    }
}

impl ReadPermit {
    /// Splits off the share of a chunk of `bytes` bytes.
    pub(crate) fn share(&mut self, bytes: usize) -> Option<Self> {
        let share = permits(bytes).min(self.all.num_permits());
        let all = self.all.split(share)?;
        let own = self.own.as_mut().and_then(|own| own.split(share.min(own.num_permits())));
        Some(Self { all, own })
    }

    /// Merges another permit into this one.
    pub(crate) fn merge(&mut self, other: Self) {
        self.all.merge(other.all);
        match (&mut self.own, other.own) {
            (Some(own), Some(other)) => own.merge(other),
            (None, other) => self.own = other,
            (Some(_), None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn spare_memory_is_taken_only_where_some_is_left() {
        let memory = ReadMemory::of(100 * PERMIT_BYTES);
        let first = memory.take_spare(50 * PERMIT_BYTES, 2).unwrap();
        assert!(memory.take_spare(1, 2).is_none());
        let mut second = memory.take_spare(50 * PERMIT_BYTES, 0).unwrap();
        let share = second.share(10 * PERMIT_BYTES).unwrap();
        assert_eq!((share.all.num_permits(), second.all.num_permits()), (10, 40));
        assert_eq!(second.share(usize::MAX).unwrap().all.num_permits(), 40);
        drop((first, share));
        assert!(memory.take_spare(60 * PERMIT_BYTES, 0).is_some());
    }

    #[tokio::test]
    async fn one_reader_leaves_the_others_theirs() {
        let memory = ReadMemory::of(100 * PERMIT_BYTES);
        let own = Arc::new(Semaphore::new(60));
        let one = memory.bounded_by(Arc::clone(&own), 60 * PERMIT_BYTES);
        let mut held = one.take_spare(30 * PERMIT_BYTES, 2).unwrap();
        assert!(one.take_spare(1, 2).is_none(), "what they have at once leaves room for what they read besides");
        let rest = one.take(30 * PERMIT_BYTES, pending()).await.unwrap();
        assert!(one.take_spare(1, 0).is_none());
        assert!(one.take(1, ready(())).await.is_none());
        assert!(memory.take_spare(40 * PERMIT_BYTES, 0).is_some());
        let mut half = held.share(10 * PERMIT_BYTES).unwrap();
        half.merge(rest);
        drop(half);
        assert_eq!((own.available_permits(), memory.all.available_permits()), (40, 80));
        drop(held);
        assert_eq!((own.available_permits(), memory.all.available_permits()), (60, 100));
    }

    #[tokio::test]
    async fn waiting_reads_are_counted_unless_they_wait_for_their_own_portion() {
        let memory = ReadMemory::of(100 * PERMIT_BYTES);
        let one = memory.bounded_by(Arc::new(Semaphore::new(60)), 60 * PERMIT_BYTES);
        let waiting = || memory.waiting().load(Ordering::Relaxed);
        let mut for_own = Box::pin(one.take(61 * PERMIT_BYTES, pending()));
        assert!(for_own.as_mut().now_or_never().is_none());
        assert_eq!(waiting(), 0);
        let all = memory.take_spare(100 * PERMIT_BYTES, 0).unwrap();
        let mut late = Box::pin(memory.take(1, pending()));
        assert!(late.as_mut().now_or_never().is_none());
        assert_eq!(waiting(), 1);
        drop((late, all));
        assert_eq!(waiting(), 0);
    }
}
