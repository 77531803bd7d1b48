//! Which bytes each caller has uploaded through this gateway. Only for these may an upload be quicker than that of new
//! bytes; otherwise its duration would reveal what others have stored (ADR 18).

use std::hash::{BuildHasher, RandomState};

use events::ids::Sha256Digest;
use quick_cache::sync::Cache;

use crate::access::Caller;

/// The number of remembered pairs of content and uploader. Bytes whose pair was forgotten are stored once more, and
/// discarded.
const HOLDINGS_MAX: usize = 128 * 1024;

/// Which user uploaded what, through this gateway and since it started.
pub(crate) struct Holdings {
    known: Cache<u64, ()>,
    hasher: RandomState,
}

impl Holdings {
    pub(crate) fn new() -> Self {
        Self { known: Cache::new(HOLDINGS_MAX), hasher: RandomState::new() }
    }

    /// Whether the caller uploaded these bytes before. Always false for anonymous callers.
    pub(crate) fn has(&self, caller: &Caller, sha256: Sha256Digest) -> bool {
        self.key(caller, sha256).is_some_and(|key| self.known.get(&key).is_some())
    }

    /// Records that the caller uploaded these bytes, and that they are stored.
    pub(crate) fn add(&self, caller: &Caller, sha256: Sha256Digest) {
        if let Some(key) = self.key(caller, sha256) {
            self.known.insert(key, ());
        }
    }

    fn key(&self, caller: &Caller, sha256: Sha256Digest) -> Option<u64> {
        caller.user_id().map(|user| self.hasher.hash_one((user, sha256.0)))
    }
}
