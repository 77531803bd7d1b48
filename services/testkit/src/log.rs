//! The log in memory: its contract, and faults on demand.
//!
//! # What it models
//! - Appends by compare-and-swap, in one total order, with the limits of an append; followers that wait.
//! - Somebody else who appends, before, in the middle of or right behind an append ([`MemoryLog::foreign_in_next`],
//!   [`MemoryLog::foreign`]).
//! - An outcome that stays unknown for a while: the append happened, and its answer is late ([`MemoryLog::hold_next`]).
//! - A log that takes or tells nothing for a while ([`MemoryLog::refuse_appends`], [`MemoryLog::refuse_reads`]).
//! - Loss: of the tail, as a server has it whose disk lied about a sync ([`MemoryLog::lose_tail`]), and of one event, as a
//!   damaged block has it ([`MemoryLog::lose`]).
//!
//! # What it does not
//! Unsynced events: what was acknowledged is there until a test loses it. Replicas that are behind, leaders that change, a
//! disk that fills: for those there are tests with nats-servers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use eventlog::{AppendError, Follow, Log, Message, ReadError, Stored, Tail, check_size};
use tokio::sync::{mpsc, oneshot, watch};

/// A log in memory.
///
/// Clones share one log.
#[derive(Debug, Clone, Default)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    asked: AtomicU64,
    /// Counts changes of the state, so that followers look again.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    events: BTreeMap<u64, Stored>,
    last: u64,
    foreign: Option<(usize, Vec<Message>)>,
    held: Option<oneshot::Receiver<()>>,
    appends_refused: usize,
    reads_refused: usize,
}

/// Keeps an append from being answered until it is released or dropped; see [`MemoryLog::hold_next`].
#[derive(Debug)]
pub struct Held {
    answer: oneshot::Sender<()>,
}

impl Held {
    /// Lets the append be answered.
    pub fn release(self) {
        drop(self.answer);
    }
}

impl State {
    fn push(&mut self, messages: &[Message]) {
        for message in messages {
            self.last += 1;
            self.events.insert(self.last, message.stored(self.last));
        }
    }

    fn append(
        &mut self,
        expected_last: u64,
        messages: &[Message],
    ) -> Result<Option<oneshot::Receiver<()>>, AppendError> {
        check_size(messages)?;
        if self.appends_refused > 0 {
            self.appends_refused -= 1;
            return Err(AppendError::Unavailable { appended: 0, reason: "the test says so".into() });
        }
        let foreign = self.foreign.take();
        if let Some((0, foreign)) = &foreign {
            self.push(foreign);
        }
        if expected_last > self.last {
            return Err(AppendError::Damaged(ReadError::LostTail { expected: expected_last, last: self.last }));
        }
        if expected_last < self.last {
            return Err(AppendError::Conflict { appended: 0 });
        }
        let appended = foreign.as_ref().map_or(messages.len(), |(after, _)| *after).min(messages.len());
        self.push(&messages[..appended]);
        if let Some((_, foreign)) = foreign {
            self.push(&foreign);
        }
        if appended < messages.len() { Err(AppendError::Conflict { appended }) } else { Ok(self.held.take()) }
    }

    fn read(&mut self, from: u64, events_max: usize, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        if self.reads_refused > 0 {
            self.reads_refused -= 1;
            return Err(ReadError::Unavailable { reason: "the test says so".into() });
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        for (expected, (&found, stored)) in (from.max(1)..).zip(self.events.range(from..)).take(events_max) {
            if expected != found {
                return Err(ReadError::Gap { expected, found });
            }
            bytes += stored.payload.len();
            batch.push(stored.clone());
            if bytes >= bytes_max {
                break;
            }
        }
        Ok(batch)
    }

    fn tail(&self) -> Tail {
        let first_sequence = self.events.keys().next().copied().unwrap_or(self.last + 1);
        let events = self.events.len() as u64;
        let deleted = self.last + 1 - first_sequence - events;
        Tail { first_sequence, last_sequence: self.last, events, deleted, bytes: 0 }
    }

    /// What a follower that waits for `next` gets now.
    fn next(&self, next: u64) -> Option<Result<Stored, ReadError>> {
        if self.last + 1 < next {
            return Some(Err(ReadError::LostTail { expected: next - 1, last: self.last }));
        }
        let (&found, stored) = self.events.range(next..).next()?;
        Some(if found == next { Ok(stored.clone()) } else { Err(ReadError::Gap { expected: next, found }) })
    }
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often it was read, or asked where it ends. What is pushed to followers does not count.
    pub fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state has no invariant that a panic in the middle could break for a test.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, with: impl FnOnce(&mut State) -> T) -> T {
        let result = with(&mut self.state());
        self.shared.changes.send_modify(|count| *count += 1);
        result
    }

    /// Lets somebody else append `messages` during the next append, after its first `after` events: 0 for
    /// before it, its number of events or more for right behind it.
    pub fn foreign_in_next(&self, after: usize, messages: Vec<Message>) {
        self.change(|state| state.foreign = Some((after, messages)));
    }

    /// Lets somebody else append `messages` now.
    pub fn foreign(&self, messages: &[Message]) {
        self.change(|state| state.push(messages));
    }

    /// The next append that succeeds happens at once, but is answered only when the returned guard is
    /// released: an outcome that stays unknown for a while.
    pub fn hold_next(&self) -> Held {
        let (answer, held) = oneshot::channel();
        self.change(|state| state.held = Some(held));
        Held { answer }
    }

    /// Refuses the next `appends` appends as [`AppendError::Unavailable`].
    pub fn refuse_appends(&self, appends: usize) {
        self.change(|state| state.appends_refused = appends);
    }

    /// Refuses the next `reads` reads and tails as [`ReadError::Unavailable`].
    pub fn refuse_reads(&self, reads: usize) {
        self.change(|state| state.reads_refused = reads);
    }

    /// Loses every event after the sequence `last`; the sequences will be given again.
    pub fn lose_tail(&self, last: u64) {
        self.change(|state| {
            state.events.retain(|&sequence, _| sequence <= last);
            state.last = state.last.min(last);
        });
    }

    /// Loses the event at one sequence, as a damaged block would.
    pub fn lose(&self, sequence: u64) {
        self.change(|state| state.events.remove(&sequence));
    }
}

impl Log for MemoryLog {
    async fn append(&self, expected_last: u64, messages: &[Message]) -> Result<(), AppendError> {
        if messages.is_empty() {
            return Ok(());
        }
        if let Some(held) = self.change(|state| state.append(expected_last, messages))? {
            // Either way of ending it means the same: answer now.
            let _released = held.await;
        }
        Ok(())
    }

    async fn read(&self, from: u64, events_max: usize, bytes_max: usize) -> Result<Vec<Stored>, ReadError> {
        self.shared.asked.fetch_add(1, Ordering::SeqCst);
        self.state().read(from, events_max, bytes_max)
    }

    async fn tail(&self) -> Result<Tail, ReadError> {
        self.shared.asked.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state();
        if state.reads_refused > 0 {
            state.reads_refused -= 1;
            return Err(ReadError::Unavailable { reason: "the test says so".into() });
        }
        Ok(state.tail())
    }

    fn follow(&self, from: u64) -> Follow {
        let log = self.clone();
        Follow::spawn(move |sender| async move { log.feed(from.max(1), sender).await })
    }
}

impl MemoryLog {
    async fn feed(&self, mut next: u64, sender: mpsc::Sender<Result<Stored, ReadError>>) {
        let mut changes = self.shared.changes.subscribe();
        loop {
            changes.mark_unchanged();
            let found = self.state().next(next);
            let Some(found) = found else {
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let stop = found.is_err();
            if sender.send(found).await.is_err() || stop {
                return;
            }
            next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::ids::EventId;

    fn message(n: u128) -> Message {
        Message {
            subject: "ps.test.object.b.put".into(),
            id: EventId(uuid::Uuid::from_u128(n)),
            proof: None,
            payload: format!("event {n}").into(),
        }
    }

    fn ids(stored: &[Stored]) -> Vec<u128> {
        stored.iter().map(|s| s.id.0.as_u128()).collect()
    }

    #[tokio::test]
    async fn appends_by_compare_and_swap_and_reads_back_in_order() {
        let log = MemoryLog::new();
        log.append(0, &[message(1), message(2)]).await.unwrap();
        assert_eq!(log.append(1, &[message(3)]).await, Err(AppendError::Conflict { appended: 0 }));
        assert_eq!(
            log.append(3, &[message(3)]).await,
            Err(AppendError::Damaged(ReadError::LostTail { expected: 3, last: 2 }))
        );
        log.append(2, &[message(3)]).await.unwrap();
        assert_eq!(ids(&log.read(1, 10, 1000).await.unwrap()), [1, 2, 3]);
        assert_eq!(ids(&log.read(2, 1, 1000).await.unwrap()), [2]);
        assert_eq!(ids(&log.read(1, 10, 1).await.unwrap()), [1], "at least one, whatever the bytes");
        assert!(log.read(4, 10, 1000).await.unwrap().is_empty());
        assert!(log.tail().await.unwrap().is_dense());
    }

    #[tokio::test]
    async fn a_foreign_append_conflicts_where_it_happens() {
        let log = MemoryLog::new();
        log.foreign_in_next(0, vec![message(9)]);
        assert_eq!(log.append(0, &[message(1)]).await, Err(AppendError::Conflict { appended: 0 }));
        log.foreign_in_next(1, vec![message(8)]);
        assert_eq!(log.append(1, &[message(1), message(2)]).await, Err(AppendError::Conflict { appended: 1 }));
        assert_eq!(ids(&log.read(1, 10, 1000).await.unwrap()), [9, 1, 8]);
    }

    #[tokio::test]
    async fn a_held_append_is_in_the_log_before_it_is_answered() {
        let log = MemoryLog::new();
        let held = log.hold_next();
        let appending = tokio::spawn({
            let log = log.clone();
            async move { log.append(0, &[message(1)]).await }
        });
        assert_eq!(log.follow(1).next().await.unwrap().unwrap().sequence, 1);
        assert!(!appending.is_finished());
        held.release();
        appending.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_follower_notices_what_is_lost() {
        let log = MemoryLog::new();
        log.append(0, &[message(1), message(2), message(3)]).await.unwrap();
        let mut follow = log.follow(3);
        assert_eq!(follow.next().await.unwrap().unwrap().sequence, 3);
        log.lose_tail(1);
        assert_eq!(follow.next().await, Some(Err(ReadError::LostTail { expected: 3, last: 1 })));
        assert_eq!(follow.next().await, None);

        log.append(1, &[message(4), message(5)]).await.unwrap();
        log.lose(2);
        assert_eq!(log.read(1, 10, 1000).await, Err(ReadError::Gap { expected: 2, found: 3 }));
        assert_eq!(log.follow(2).next().await, Some(Err(ReadError::Gap { expected: 2, found: 3 })));
        assert!(!log.tail().await.unwrap().is_dense());
    }
}
