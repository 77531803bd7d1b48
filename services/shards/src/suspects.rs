use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use events::ids::{Generation, SHARDS};

use crate::shard_set::ShardSet;

/// Contents under suspicion, at most. Beyond that suspicions are only reported.
const SUSPECTS_MAX: usize = 64 * 1024;

/// Shards that were found wanting, until somebody has written that down or found them whole.
#[derive(Debug, Default)]
pub(crate) struct Suspects(Mutex<State>);

/// A moment in the order of suspicions: what was suspected at it, and what came later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Moment(u64);

#[derive(Debug, Default)]
struct State {
    now: Moment,
    /// When each shard of a content was last found wanting.
    contents: HashMap<Generation, [Option<Moment>; SHARDS]>,
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
        self.look(generation).0
    }

    /// The shards that are suspected, and when that was.
    pub(crate) fn look(&self, generation: Generation) -> (ShardSet, Moment) {
        let state = self.lock();
        let found = state.contents.get(&generation).into_iter().flatten();
        let shards = (0..).zip(found).filter(|(_, found)| found.is_some()).map(|(shard, _)| shard).collect();
        (shards, state.now)
    }

    /// Drops the suspicions of some shards, but those that came after a moment.
    pub(crate) fn clear(&self, generation: Generation, shards: ShardSet, at: Moment) {
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

    /// Drops all suspicions of a content.
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
    fn what_is_found_after_a_look_began_outlives_its_end() {
        let (suspects, content) = (Suspects::default(), Generation::from_fresh(Uuid::from_u128(8)));
        suspects.add(content, 1);
        suspects.add(content, 2);
        let (looked_at, begun) = suspects.look(content);
        assert_eq!(looked_at, [1, 2].into_iter().collect());
        suspects.add(content, 2);
        suspects.add(content, 3);
        suspects.clear(content, [1, 2, 3].into_iter().collect(), begun);
        assert_eq!(suspects.of(content), [2, 3].into_iter().collect());
        let (_, later) = suspects.look(content);
        suspects.clear(content, [2].into_iter().collect(), later);
        assert_eq!(suspects.of(content), [3].into_iter().collect(), "nobody has looked at it");
        suspects.forget(content);
        assert_eq!(suspects.of(content), ShardSet::EMPTY);
    }
}
