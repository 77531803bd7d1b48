//! A cache of contents in memory: bounded in bytes, and keyed by content, so that duplicates share an entry.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use events::ids::ContentId;
use quick_cache::Weighter;
use quick_cache::sync::Cache as QuickCache;

/// The usual size of a cached content, which determines the size of the cache's tables.
const CONTENT_BYTES_USUAL: u64 = 64 * 1024;

/// Bytes that an entry takes in addition to the content.
const ENTRY_BYTES: u64 = 160;

/// Counters and sizes of the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheFigures {
    /// Reads answered from the cache.
    pub hits: u64,
    /// Reads that had to ask the nodes.
    pub misses: u64,
    /// Bytes in the cache.
    pub bytes: u64,
    /// Contents in the cache.
    pub entries: u64,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<ContentId, Bytes> for ByBytes {
    fn weight(&self, _: &ContentId, bytes: &Bytes) -> u64 {
        bytes.len() as u64 + ENTRY_BYTES
    }
}

pub(crate) struct Cache {
    contents: QuickCache<ContentId, Bytes, ByBytes>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Cache {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let items = usize::try_from(bytes_max / CONTENT_BYTES_USUAL).unwrap_or(usize::MAX).max(1);
        Self {
            contents: QuickCache::with_weighter(items, bytes_max, ByBytes),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self, content: &ContentId) -> Option<Bytes> {
        let found = self.contents.get(content);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(crate) fn insert(&self, content: ContentId, bytes: Bytes) {
        self.contents.insert(content, bytes);
    }

    pub(crate) fn figures(&self) -> CacheFigures {
        CacheFigures {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            bytes: self.contents.weight(),
            entries: self.contents.len() as u64,
        }
    }
}
