//! Writes that are acknowledged while some of their shards are in flight or have failed.
//!
//! A write is acknowledged once a quorum of its shards is durable, so that the content survives the loss of any one
//! node. The pending writes keep track of the other shards, so that missing ones are recorded, and tell up to when all
//! writes are settled: time is divided into epochs, and an epoch is settled once no write that was acknowledged in it,
//! or before, is pending.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use events::ids::{ContentId, Generation, NodeId, Sha256Digest};
use tokio::time::Instant;

/// The most pending writes, of about 200 bytes each. Further ones are untracked.
const PENDING_MAX: usize = 64 * 1024;

/// How long a write may be pending without an event that names its content, or with a shard in flight; after that it is
/// untracked. Every request to a node and every commit has a deadline well below this.
const PENDING_TIME_MAX: Duration = Duration::from_mins(3);

/// The longest time between the acknowledgement of a content's shards and its event on the log.
const COMMIT_TIME_MAX: Duration = Duration::from_mins(1);

/// The most epochs with untracked writes that are remembered. Further ones are merged with the last.
const UNTRACKED_EPOCHS_MAX: usize = 256;

/// The acknowledged writes of this process that have shards in flight or missing. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct PendingWrites(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    pending: HashMap<Generation, PendingWrite>,
    /// The epochs in which writes became untracked, each with the last time of that. They become due one by one, so
    /// that later ones do not delay the first.
    untracked: VecDeque<(u64, Instant)>,
}

impl State {
    /// Records that a write became untracked.
    fn stop_tracking(&mut self, now: Instant) {
        let epoch = self.epoch;
        let is_full = self.untracked.len() >= UNTRACKED_EPOCHS_MAX;
        match self.untracked.back_mut().filter(|(last, _)| is_full || *last == epoch) {
            Some(last) => *last = (epoch, now),
            None => self.untracked.push_back((epoch, now)),
        }
    }
}

/// A write with shards in flight or missing.
#[derive(Debug)]
struct PendingWrite {
    epoch: u64,
    since: Instant,
    /// The number of results that are still to come.
    in_flight: usize,
    missing: Vec<(u8, NodeId)>,
    sha256: Option<Sha256Digest>,
}

/// The missing shards of a content: an event names the content, and these shards failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingShards {
    /// The content.
    pub content: ContentId,
    /// The missing shards, and the nodes that should have them.
    pub shards: Vec<(u8, NodeId)>,
}

impl PendingWrites {
    /// Adds a write that is about to be acknowledged, with `in_flight` results still to come.
    pub(crate) fn quorum_reached(&self, generation: Generation, in_flight: usize) {
        let mut state = self.lock();
        let epoch = state.epoch;
        if state.pending.len() >= PENDING_MAX {
            state.stop_tracking(Instant::now());
            return;
        }
        let pending = PendingWrite { epoch, since: Instant::now(), in_flight, missing: Vec::new(), sha256: None };
        state.pending.insert(generation, pending);
    }

    /// Records one result: the shards in `failed` failed.
    pub(crate) fn shards_finished(&self, generation: Generation, failed: impl IntoIterator<Item = (u8, NodeId)>) {
        let mut state = self.lock();
        let Some(pending) = state.pending.get_mut(&generation) else { return };
        pending.in_flight = pending.in_flight.saturating_sub(1);
        pending.missing.extend(failed);
        if pending.in_flight == 0 && pending.missing.is_empty() {
            state.pending.remove(&generation);
        }
    }

    /// Records that an event on the log names the content.
    pub fn committed(&self, content: ContentId) {
        if let Some(pending) = self.lock().pending.get_mut(&content.generation) {
            pending.sha256 = Some(content.sha256);
        }
    }

    /// Removes a write: its missing shards are recorded, or none are missing, or no event will name the content.
    pub fn resolve(&self, generation: Generation) {
        self.lock().pending.remove(&generation);
    }

    /// Ends the current epoch and returns its number. Every write that was acknowledged before this call belongs to it
    /// or to an earlier epoch.
    pub fn end_epoch(&self) -> u64 {
        let mut state = self.lock();
        state.epoch += 1;
        state.epoch - 1
    }

    /// The first epoch that is not settled, which may be the current one.
    pub fn first_unsettled_epoch(&self) -> u64 {
        let state = self.lock();
        let pending = state.pending.values().map(|pending| pending.epoch).min();
        // All epochs up to one with untracked writes are unsettled, because the contents are not known.
        if state.untracked.is_empty() { pending.unwrap_or(state.epoch) } else { 0 }
    }

    /// The first epoch with a pending write, whatever epochs have untracked ones.
    pub fn first_pending_epoch(&self) -> u64 {
        let state = self.lock();
        state.pending.values().map(|pending| pending.epoch).min().unwrap_or(state.epoch)
    }

    /// Whether a content of this process is pending: some of its shards are in flight, or missing and not recorded.
    pub fn is_pending(&self, generation: Generation) -> bool {
        self.lock().pending.contains_key(&generation)
    }

    /// The number of pending writes.
    pub fn count(&self) -> usize {
        self.lock().pending.len()
    }

    /// The missing shards of at most `max` writes that are at least `age` old. Writes that have been pending for too
    /// long become untracked.
    pub fn missing_shards(&self, age: Duration, max: usize) -> Vec<MissingShards> {
        let (mut state, now) = (self.lock(), Instant::now());
        let before = state.pending.len();
        state.pending.retain(|_, pending| {
            let is_stalled = pending.sha256.is_none() || pending.in_flight > 0;
            !is_stalled || now.duration_since(pending.since) < PENDING_TIME_MAX
        });
        if state.pending.len() < before {
            state.stop_tracking(now);
        }
        let due = |(generation, pending): (&Generation, &PendingWrite)| {
            let sha256 =
                pending.sha256.filter(|_| pending.in_flight == 0 && now.duration_since(pending.since) >= age)?;
            Some(MissingShards {
                content: ContentId { sha256, generation: *generation },
                shards: pending.missing.clone(),
            })
        };
        state.pending.iter().filter_map(due).take(max).collect()
    }

    /// The last epoch with untracked writes whose events must be on the log by now, if there is one. Their contents
    /// have to be found on the log and checked.
    pub fn untracked(&self) -> Option<u64> {
        let state = self.lock();
        let due = state.untracked.iter().take_while(|(_, at)| at.elapsed() >= COMMIT_TIME_MAX);
        due.last().map(|(epoch, _)| *epoch)
    }

    /// Records that the untracked writes up to `epoch` were checked.
    pub fn untracked_checked(&self, epoch: u64) {
        self.lock().untracked.retain(|(untracked, _)| *untracked > epoch);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const AGE: Duration = Duration::from_secs(5);

    fn content(number: u128) -> ContentId {
        let generation = Generation::from_fresh(Uuid::from_u128(number << 3));
        ContentId { sha256: Sha256Digest([7; 32]), generation }
    }

    fn node() -> NodeId {
        "n1".parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn an_epoch_is_settled_when_no_write_in_it_or_before_is_pending() {
        let writes = PendingWrites::default();
        let (one, other) = (content(1).generation, content(2).generation);
        writes.quorum_reached(one, 2);
        assert_eq!(writes.end_epoch(), 0);
        writes.quorum_reached(other, 1);
        assert_eq!(writes.end_epoch(), 1);
        writes.shards_finished(other, []);
        assert_eq!((writes.first_unsettled_epoch(), writes.count()), (0, 1));
        writes.shards_finished(one, []);
        assert_eq!(writes.first_unsettled_epoch(), 0, "one answer is missing");
        writes.shards_finished(one, []);
        assert_eq!((writes.first_unsettled_epoch(), writes.count()), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn missing_shards_are_returned_once_they_are_old_enough_and_an_event_names_the_content() {
        let writes = PendingWrites::default();
        let missing = content(1);
        writes.quorum_reached(missing.generation, 1);
        writes.shards_finished(missing.generation, [(3, node())]);
        tokio::time::advance(AGE).await;
        assert!(writes.missing_shards(AGE, 9).is_empty(), "no event names it");
        writes.committed(missing);
        assert!(writes.missing_shards(AGE * 2, 9).is_empty(), "it is too young");
        assert_eq!(writes.missing_shards(AGE, 9), [MissingShards { content: missing, shards: vec![(3, node())] }]);
        assert_eq!(writes.first_unsettled_epoch(), 0);
        writes.resolve(missing.generation);
        writes.end_epoch();
        assert!(writes.missing_shards(AGE, 9).is_empty() && writes.first_unsettled_epoch() == 1);
    }

    #[tokio::test(start_paused = true)]
    async fn untracked_writes_keep_their_epoch_from_being_settled() {
        let writes = PendingWrites::default();
        writes.quorum_reached(content(1).generation, 1);
        writes.end_epoch();
        assert!(writes.is_pending(content(1).generation) && writes.first_pending_epoch() == 0);
        tokio::time::advance(PENDING_TIME_MAX).await;
        assert!(writes.missing_shards(AGE, 9).is_empty());
        assert_eq!((writes.count(), writes.untracked(), writes.first_unsettled_epoch()), (0, None, 0));
        tokio::time::advance(COMMIT_TIME_MAX).await;
        assert_eq!((writes.untracked(), writes.first_unsettled_epoch(), writes.first_pending_epoch()), (Some(1), 0, 1));
        writes.untracked_checked(1);
        assert_eq!((writes.untracked(), writes.first_unsettled_epoch()), (None, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_untracked_write_becomes_due_however_many_follow() {
        let writes = PendingWrites::default();
        for number in 0..PENDING_MAX as u128 {
            writes.quorum_reached(content(number).generation, 1);
        }
        let second = Duration::from_secs(1);
        let mut due = Vec::new();
        for epoch in 0..2 * COMMIT_TIME_MAX.as_secs() {
            writes.quorum_reached(content(u128::from(epoch) + PENDING_MAX as u128).generation, 1);
            writes.end_epoch();
            tokio::time::advance(second).await;
            if let Some(untracked) = writes.untracked() {
                due.push((epoch, untracked));
                writes.untracked_checked(untracked);
            }
        }
        let minute = COMMIT_TIME_MAX.as_secs();
        assert_eq!(due, (minute - 1..2 * minute).map(|epoch| (epoch, epoch + 1 - minute)).collect::<Vec<_>>());
        assert_eq!(writes.first_unsettled_epoch(), 0, "the last are not looked for yet");
    }

    #[tokio::test(start_paused = true)]
    async fn more_writes_than_can_be_kept_are_untracked() {
        let writes = PendingWrites::default();
        for number in 0..=PENDING_MAX as u128 {
            writes.quorum_reached(content(number).generation, 1);
        }
        tokio::time::advance(COMMIT_TIME_MAX).await;
        assert_eq!((writes.count(), writes.untracked()), (PENDING_MAX, Some(0)));
    }
}
