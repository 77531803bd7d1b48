use std::convert::Infallible;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

use quick_cache::sync::Cache;
use shards::ReadMemory;
use tokio::sync::Semaphore;

/// Callers whose portions are kept at once: more than there are connections. A forgotten caller gets a fresh portion.
const CALLERS_MAX: usize = 16_384;

/// What each caller may take of memory that all of them share.
pub(crate) struct Portions {
    kib: usize,
    callers: Cache<u64, Arc<Semaphore>>,
    hasher: RandomState,
}

impl Portions {
    /// Portions of the given number of KiB each.
    pub(crate) fn new(kib: usize) -> Self {
        Self { kib, callers: Cache::new(CALLERS_MAX), hasher: RandomState::new() }
    }

    /// The memory for reads, limited to a caller's portion.
    pub(crate) fn bound(&self, memory: &ReadMemory, caller: &impl Hash) -> ReadMemory {
        memory.bounded_by(self.of(caller), self.kib * 1024)
    }

    /// The portion of a caller.
    pub(crate) fn of(&self, caller: &impl Hash) -> Arc<Semaphore> {
        let fresh = || Ok::<_, Infallible>(Arc::new(Semaphore::new(self.kib)));
        match self.callers.get_or_insert_with(&self.hasher.hash_one(caller), fresh) {
            Ok(portion) => portion,
            Err(never) => match never {},
        }
    }
}
