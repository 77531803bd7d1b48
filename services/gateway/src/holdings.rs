//! Which bytes callers have brought here themselves: only for these may an upload be quicker than that of new bytes.
//! Otherwise its time would tell anybody what others have stored (ADR 18).

use std::hash::{BuildHasher, RandomState};

use events::ids::Sha256Digest;
use quick_cache::sync::Cache;

use crate::access::Caller;

/// Contents that are remembered, each with one who brought it. What was forgotten is stored once more, and discarded.
const HOLDINGS_MAX: usize = 128 * 1024;

/// Who brought what, through this gateway and since it started.
pub(crate) struct Holdings {
    known: Cache<u64, ()>,
    hasher: RandomState,
}

impl Holdings {
    pub(crate) fn new() -> Self {
        Self { known: Cache::new(HOLDINGS_MAX), hasher: RandomState::new() }
    }

    /// Whether the caller brought these bytes before. Of strangers nobody knows.
    pub(crate) fn has(&self, caller: &Caller, sha256: Sha256Digest) -> bool {
        self.key(caller, sha256).is_some_and(|key| self.known.get(&key).is_some())
    }

    /// The caller brought these bytes, and they are stored.
    pub(crate) fn add(&self, caller: &Caller, sha256: Sha256Digest) {
        if let Some(key) = self.key(caller, sha256) {
            self.known.insert(key, ());
        }
    }

    fn key(&self, caller: &Caller, sha256: Sha256Digest) -> Option<u64> {
        caller.user_id().map(|user| self.hasher.hash_one((user, sha256.0)))
    }
}
