//! Contents that were acked before all of their shards had been answered for.
//!
//! An ack comes when a content survives the loss of any one node; its last shard may still be under way, or have
//! failed. Here is remembered which contents that is true of, so that a shard which never comes is known to be owed,
//! and so that somebody can tell up to where in time all is settled: time is cut into turns, and a turn is settled
//! when no content acked in it, or before, is open any more.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use events::ids::{ContentId, Generation, NodeId, Sha256Digest};
use tokio::time::Instant;

/// Contents that are open at a time, at most: some 200 bytes each. What is acked beyond that counts as lost sight of.
const OPEN_MAX: usize = 64 * 1024;

/// How long a content may stay open without an event that names it, or with a shard that nobody has answered for.
/// Every request to a node and every commit has a deadline well below this.
const OPEN_TIME_MAX: Duration = Duration::from_mins(3);

/// How long after its ack a content's event may come to the log, at most.
const COMMIT_TIME_MAX: Duration = Duration::from_mins(1);

/// Turns in which contents were lost sight of that are remembered. Further ones count as one with the last.
const LOST_TURNS_MAX: usize = 256;

/// Which acked contents still have shards under way, or are owed some. Clones share one state.
#[derive(Debug, Clone, Default)]
pub struct Settling(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    turn: u64,
    open: HashMap<Generation, Open>,
    /// The turns in which contents were lost sight of, and when that last was. The first comes due by itself, however
    /// many follow.
    lost: VecDeque<(u64, Instant)>,
}

impl State {
    fn lose(&mut self, now: Instant) {
        let turn = self.turn;
        let is_full = self.lost.len() >= LOST_TURNS_MAX;
        match self.lost.back_mut().filter(|(last, _)| is_full || *last == turn) {
            Some(last) => *last = (turn, now),
            None => self.lost.push_back((turn, now)),
        }
    }
}

#[derive(Debug)]
struct Open {
    turn: u64,
    since: Instant,
    /// Answers that are still awaited.
    awaited: usize,
    owed: Vec<(u8, NodeId)>,
    sha256: Option<Sha256Digest>,
}

/// A content that an event names and that was acked without some shards, which failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Debt {
    /// The content.
    pub content: ContentId,
    /// The shards, and the nodes that should have them.
    pub shards: Vec<(u8, NodeId)>,
}

impl Settling {
    /// A content is about to be acked, with so many answers still to come.
    pub(crate) fn acked(&self, generation: Generation, awaited: usize) {
        let mut state = self.lock();
        let turn = state.turn;
        if state.open.len() >= OPEN_MAX {
            state.lose(Instant::now());
            return;
        }
        let open = Open { turn, since: Instant::now(), awaited, owed: Vec::new(), sha256: None };
        state.open.insert(generation, open);
    }

    /// One of the awaited answers came, and these shards failed.
    pub(crate) fn answered(&self, generation: Generation, failed: impl IntoIterator<Item = (u8, NodeId)>) {
        let mut state = self.lock();
        let Some(open) = state.open.get_mut(&generation) else { return };
        open.awaited = open.awaited.saturating_sub(1);
        open.owed.extend(failed);
        if open.awaited == 0 && open.owed.is_empty() {
            state.open.remove(&generation);
        }
    }

    /// An event names the content.
    pub fn named(&self, content: ContentId) {
        if let Some(open) = self.lock().open.get_mut(&content.generation) {
            open.sha256 = Some(content.sha256);
        }
    }

    /// Nothing of the content is owed any more: it was written down, or turned out not to be so, or no event names
    /// the content.
    pub fn settle(&self, generation: Generation) {
        self.lock().open.remove(&generation);
    }

    /// Ends a turn, and says which: whatever was acked before this call belongs to it or to an earlier one.
    pub fn end_turn(&self) -> u64 {
        let mut state = self.lock();
        state.turn += 1;
        state.turn - 1
    }

    /// The first turn that is not settled, which may be the one that is not ended yet.
    pub fn first_unsettled(&self) -> u64 {
        let state = self.lock();
        let open = state.open.values().map(|open| open.turn).min();
        // All turns up to one that was lost sight of count as unsettled, for nobody knows which content it was.
        if state.lost.is_empty() { open.unwrap_or(state.turn) } else { 0 }
    }

    /// The first turn with a content that is known to be open, whatever else was lost sight of.
    pub fn first_open(&self) -> u64 {
        let state = self.lock();
        state.open.values().map(|open| open.turn).min().unwrap_or(state.turn)
    }

    /// Whether shards of a content that this process has acked are still under way, or what it owes is still to be
    /// written down.
    pub fn is_open(&self, generation: Generation) -> bool {
        self.lock().open.contains_key(&generation)
    }

    /// How many contents are open.
    pub fn open(&self) -> usize {
        self.lock().open.len()
    }

    /// The debts that are at least this old, `max` at most. What has been open for too long is lost sight of.
    pub fn debts(&self, age: Duration, max: usize) -> Vec<Debt> {
        let (mut state, now) = (self.lock(), Instant::now());
        let before = state.open.len();
        state.open.retain(|_, open| {
            let is_stuck = open.sha256.is_none() || open.awaited > 0;
            !is_stuck || now.duration_since(open.since) < OPEN_TIME_MAX
        });
        if state.open.len() < before {
            state.lose(now);
        }
        let due = |(generation, open): (&Generation, &Open)| {
            let sha256 = open.sha256.filter(|_| open.awaited == 0 && now.duration_since(open.since) >= age)?;
            Some(Debt { content: ContentId { sha256, generation: *generation }, shards: open.owed.clone() })
        };
        state.open.iter().filter_map(due).take(max).collect()
    }

    /// The last turn in which contents were lost sight of whose commits have had their time, if there is one: they have
    /// to be looked for in the log, where their events are by now.
    pub fn lost(&self) -> Option<u64> {
        let state = self.lock();
        let due = state.lost.iter().take_while(|(_, at)| at.elapsed() >= COMMIT_TIME_MAX);
        due.last().map(|(turn, _)| *turn)
    }

    /// What was lost sight of in a turn or before it was looked for.
    pub fn found(&self, turn: u64) {
        self.lock().lost.retain(|(lost, _)| *lost > turn);
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
    async fn a_turn_is_settled_when_nothing_acked_in_it_or_before_is_open() {
        let settling = Settling::default();
        let (one, other) = (content(1).generation, content(2).generation);
        settling.acked(one, 2);
        assert_eq!(settling.end_turn(), 0);
        settling.acked(other, 1);
        assert_eq!(settling.end_turn(), 1);
        settling.answered(other, []);
        assert_eq!((settling.first_unsettled(), settling.open()), (0, 1));
        settling.answered(one, []);
        assert_eq!(settling.first_unsettled(), 0, "one answer is missing");
        settling.answered(one, []);
        assert_eq!((settling.first_unsettled(), settling.open()), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_debt_is_told_once_it_is_old_enough_and_an_event_names_it() {
        let settling = Settling::default();
        let owed = content(1);
        settling.acked(owed.generation, 1);
        settling.answered(owed.generation, [(3, node())]);
        tokio::time::advance(AGE).await;
        assert!(settling.debts(AGE, 9).is_empty(), "no event names it");
        settling.named(owed);
        assert!(settling.debts(AGE * 2, 9).is_empty(), "it is too young");
        assert_eq!(settling.debts(AGE, 9), [Debt { content: owed, shards: vec![(3, node())] }]);
        assert_eq!(settling.first_unsettled(), 0);
        settling.settle(owed.generation);
        settling.end_turn();
        assert!(settling.debts(AGE, 9).is_empty() && settling.first_unsettled() == 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_lost_sight_of_keeps_its_turn_from_being_settled() {
        let settling = Settling::default();
        settling.acked(content(1).generation, 1);
        settling.end_turn();
        assert!(settling.is_open(content(1).generation) && settling.first_open() == 0);
        tokio::time::advance(OPEN_TIME_MAX).await;
        assert!(settling.debts(AGE, 9).is_empty());
        assert_eq!((settling.open(), settling.lost(), settling.first_unsettled()), (0, None, 0));
        tokio::time::advance(COMMIT_TIME_MAX).await;
        assert_eq!((settling.lost(), settling.first_unsettled(), settling.first_open()), (Some(1), 0, 1));
        settling.found(1);
        assert_eq!((settling.lost(), settling.first_unsettled()), (None, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_lost_sight_of_first_comes_due_however_much_follows() {
        let settling = Settling::default();
        for number in 0..OPEN_MAX as u128 {
            settling.acked(content(number).generation, 1);
        }
        let second = Duration::from_secs(1);
        let mut due = Vec::new();
        for turn in 0..2 * COMMIT_TIME_MAX.as_secs() {
            settling.acked(content(u128::from(turn) + OPEN_MAX as u128).generation, 1);
            settling.end_turn();
            tokio::time::advance(second).await;
            if let Some(lost) = settling.lost() {
                due.push((turn, lost));
                settling.found(lost);
            }
        }
        let minute = COMMIT_TIME_MAX.as_secs();
        assert_eq!(due, (minute - 1..2 * minute).map(|turn| (turn, turn + 1 - minute)).collect::<Vec<_>>());
        assert_eq!(settling.first_unsettled(), 0, "the last are not looked for yet");
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_can_be_kept_is_lost_sight_of() {
        let settling = Settling::default();
        for number in 0..=OPEN_MAX as u128 {
            settling.acked(content(number).generation, 1);
        }
        tokio::time::advance(COMMIT_TIME_MAX).await;
        assert_eq!((settling.open(), settling.lost()), (OPEN_MAX, Some(0)));
    }
}
