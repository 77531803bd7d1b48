//! Sends a page of events: those about one key one after another, and those about others beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use events::target::DeadLetter;
use futures_util::future::join_all;

use crate::failure::Failure;
use crate::select::Selected;

/// Requests to one target that are under way at once.
pub(crate) const LANES: usize = 8;

/// How often an event is sent that the target refuses.
pub(crate) const ATTEMPTS_MAX: u32 = 6;

/// The longest error that is kept, in characters.
pub(crate) const ERROR_CHARS_MAX: usize = 300;

/// How far a page is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The events that the target has, or that are dead.
    pub(crate) done: BTreeSet<u64>,
    /// How often it refused others.
    pub(crate) attempts: BTreeMap<u64, u32>,
    /// The events that are dead since.
    pub(crate) dead: Vec<DeadLetter>,
    /// The number of events that it took since.
    pub(crate) sent: u64,
    /// What went wrong first, if something did.
    pub(crate) failure: Option<Failure>,
}

impl Standing {
    /// Whether all events of a page are done.
    pub(crate) fn has_all(&self, page: &[Selected]) -> bool {
        page.iter().all(|selected| self.done.contains(&selected.entry.sequence))
    }
}

/// Sends what is not done of a page, until something goes wrong in each lane. `room`: dead letters that there may be more
/// of. `send` sends an event once.
pub(crate) async fn deliver<F>(
    page: &[Selected],
    before: Standing,
    room: u32,
    send: impl Fn(Selected) -> F + Sync,
) -> Standing
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    let standing = Mutex::new(Standing { dead: Vec::new(), sent: 0, failure: None, ..before });
    for stretch in stretches(page) {
        let mut lanes: [Vec<&Selected>; LANES] = Default::default();
        for selected in stretch {
            lanes[lane(selected)].push(selected);
        }
        let lanes = lanes.iter().filter(|lane| !lane.is_empty());
        join_all(lanes.map(|lane| run(lane, &standing, room, &send))).await;
        let lock = standing.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.failure.is_some() {
            break;
        }
    }
    standing.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A rename is about two keys: it is sent when all before it is, and before all behind it.
fn stretches(page: &[Selected]) -> impl Iterator<Item = &[Selected]> {
    let is_of_two = |selected: &Selected| selected.entry.event.fact.keys().count() > 1;
    page.chunk_by(move |one, other| !is_of_two(one) && !is_of_two(other))
}

/// The lane of an event: the same for all that are about one key, or about one resource without keys.
fn lane(selected: &Selected) -> usize {
    let fact = &selected.entry.event.fact;
    let mut hasher = DefaultHasher::new();
    if let Some(key) = fact.key() {
        (fact.bucket().map(ToString::to_string), key.as_bytes()).hash(&mut hasher);
    } else {
        let scope = fact.scope();
        (scope.collection.as_str(), scope.name).hash(&mut hasher);
    }
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or(0)
}

async fn run<F>(lane: &[&Selected], standing: &Mutex<Standing>, room: u32, send: &(impl Fn(Selected) -> F + Sync))
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    for selected in lane {
        let sequence = selected.entry.sequence;
        {
            let standing = standing.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!(standing.failure, Some(Failure::Unavailable { .. })) {
                return;
            }
            if standing.done.contains(&sequence) {
                continue;
            }
        }
        let sent = send((*selected).clone()).await;
        let mut standing = standing.lock().unwrap_or_else(PoisonError::into_inner);
        if !standing.note(sequence, sent, room) {
            return;
        }
    }
}

impl Standing {
    /// Notes what became of an attempt. Returns whether the next event of the lane may follow.
    fn note(&mut self, sequence: u64, sent: Result<(), Failure>, room: u32) -> bool {
        let failure = match sent {
            Ok(()) => {
                self.done.insert(sequence);
                self.attempts.remove(&sequence);
                self.sent += 1;
                return true;
            }
            Err(failure) => failure,
        };
        let Failure::Refused(why) = &failure else {
            // What holds for all events is more than what holds for one.
            if !matches!(self.failure, Some(Failure::Unavailable { .. })) {
                self.failure = Some(failure);
            }
            return false;
        };
        let attempts = self.attempts.entry(sequence).or_default();
        *attempts += 1;
        if *attempts < ATTEMPTS_MAX {
            self.failure.get_or_insert(failure);
            return false;
        }
        if self.dead.len() >= room as usize {
            let full = format!("there are too many dead letters to give up another event: {why}");
            self.failure = Some(Failure::unavailable(full));
            return false;
        }
        let (error, attempts) = (shortened(why), *attempts);
        self.dead.push(DeadLetter { sequence, error, attempts });
        self.attempts.remove(&sequence);
        self.done.insert(sequence);
        true
    }
}

/// As much of an error as is kept.
pub(crate) fn shortened(error: &str) -> String {
    error.chars().take(ERROR_CHARS_MAX).collect()
}
