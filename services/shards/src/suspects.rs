use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use events::ids::Generation;

use crate::shard_set::ShardSet;

/// Contents under suspicion, at most. Beyond that suspicions are only reported.
const SUSPECTS_MAX: usize = 64 * 1024;

/// Shards that were found wanting, until somebody has written that down or found them whole.
#[derive(Debug, Default)]
pub(crate) struct Suspects(Mutex<HashMap<Generation, ShardSet>>);

impl Suspects {
    pub(crate) fn add(&self, generation: Generation, shard: u8) {
        let mut suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if suspects.len() < SUSPECTS_MAX || suspects.contains_key(&generation) {
            let shards = suspects.entry(generation).or_default();
            *shards = shards.with(shard);
        }
    }

    pub(crate) fn of(&self, generation: Generation) -> ShardSet {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&generation).copied().unwrap_or_default()
    }

    pub(crate) fn clear(&self, generation: Generation) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&generation);
    }
}
