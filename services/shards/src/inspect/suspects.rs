//! Suspect shards: reported as missing or damaged, and not yet checked.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use events::ids::{Generation, SHARDS};

use crate::code::shard_set::ShardSet;

/// The most contents with suspect shards. Beyond that, incidents are only reported.
const SUSPECTS_MAX: usize = 64 * 1024;

/// Shards that were reported as missing or damaged, until their condition is recorded.
#[derive(Debug, Default)]
pub(crate) struct Suspects(Mutex<State>);

/// A counter of incidents, which orders inspections and later incidents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Version(u64);

#[derive(Debug, Default)]
struct State {
    now: Version,
    /// For each shard of a content, the version at which it was last reported.
    contents: HashMap<Generation, [Option<Version>; SHARDS]>,
}

impl Suspects {
    pub(crate) fn add(&self, generation: Generation, shard: u8) {
        let mut state = self.lock();
        if state.contents.len() >= SUSPECTS_MAX && !state.contents.contains_key(&generation) {
            return;
        }
        state.now.0 += 1;
        let now = state.now;
        if let Some(found) = state.contents.entry(generation).or_default().get_mut(usize::from(shard)) {
            *found = Some(now);
        }
    }

    pub(crate) fn of(&self, generation: Generation) -> ShardSet {
        self.snapshot(generation).0
    }

    /// The suspect shards of a content, and the current version.
    pub(crate) fn snapshot(&self, generation: Generation) -> (ShardSet, Version) {
        let state = self.lock();
        let found = state.contents.get(&generation).into_iter().flatten();
        let shards = (0..).zip(found).filter(|(_, found)| found.is_some()).map(|(shard, _)| shard).collect();
        (shards, state.now)
    }

    /// Removes the suspicion from `shards`, unless they were reported after version `at`.
    pub(crate) fn clear(&self, generation: Generation, shards: ShardSet, at: Version) {
        let mut state = self.lock();
        let Some(found) = state.contents.get_mut(&generation) else { return };
        for shard in shards.iter() {
            if let Some(found) = found.get_mut(usize::from(shard)) {
                found.take_if(|found| *found <= at);
            }
        }
        if found.iter().all(Option::is_none) {
            state.contents.remove(&generation);
        }
    }

    /// Forgets a content.
    pub(crate) fn forget(&self, generation: Generation) {
        self.lock().contents.remove(&generation);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_incident_after_the_start_of_an_inspection_outlives_it() {
        let (suspects, content) = (Suspects::default(), Generation::from_fresh(Uuid::from_u128(8)));
        suspects.add(content, 1);
        suspects.add(content, 2);
        let (looked_at, started) = suspects.snapshot(content);
        assert_eq!(looked_at, [1, 2].into_iter().collect());
        suspects.add(content, 2);
        suspects.add(content, 3);
        suspects.clear(content, [1, 2, 3].into_iter().collect(), started);
        assert_eq!(suspects.of(content), [2, 3].into_iter().collect());
        let (_, later) = suspects.snapshot(content);
        suspects.clear(content, [2].into_iter().collect(), later);
        assert_eq!(suspects.of(content), [3].into_iter().collect(), "nobody has looked at it");
        suspects.forget(content);
        assert_eq!(suspects.of(content), ShardSet::EMPTY);
    }
}
