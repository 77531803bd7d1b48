//! The order of requests: every request has its turn, and none waits for many commands of another.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use eventlog::BATCH_EVENTS_MIN;
use events::ids::AuthType;

use crate::commit::Queued;

/// The number of commands that a batch of several requests takes beyond the first of each. The next request waits for
/// no more than these.
const FURTHER_MAX: usize = 32;

/// Commands that a batch takes, at least, while a request of one command waits beside requests of many. So few are
/// appended as a chain, in a third of the time of the smallest atomic batch.
const SHORT_COMMANDS: usize = 4;
const _: () = assert!(SHORT_COMMANDS < BATCH_EVENTS_MIN);

/// The time for which batches stay that short after such requests waited: clients that wait for each answer ask again
/// by then. A request of many commands has others waiting by then.
const REMEMBERED: Duration = Duration::from_millis(100);

/// The request of all commands of background work. It has its turns, but no batch is cut for it, because nobody waits
/// for its answer.
pub(crate) const BACKGROUND: &str = "";

/// Commands of background work that a batch takes. So many are one atomic batch, which takes 5 to 6 ms: a client that
/// comes meanwhile waits for no more.
const BACKGROUND_MAX: usize = 64;

/// Commands of background work that a batch takes while clients wait. It is never left out.
const BACKGROUND_BESIDE_MAX: usize = 8;

/// The requests of one batch.
#[derive(Debug, Clone, Copy)]
struct Asking {
    /// The number of requests of clients.
    requests: usize,
    /// 1 if background work has commands in it, too.
    background: usize,
}

/// The requests that waited lately.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// The time at which commands of several requests last waited together.
    shared: Option<Instant>,
    /// The time at which a request of one command last waited together with others.
    single: Option<Instant>,
    /// Requests that had several commands waiting, and the last time of that.
    many: HashMap<String, Instant>,
}

impl Turns {
    /// Orders what waits in turns, and says how many of these commands the next batch takes: all of a request that is
    /// alone, and few where several ask, because those that come next wait for the whole batch.
    pub(crate) fn share(&mut self, waiting: &mut Vec<Queued>, now: Instant) -> usize {
        let (turns, asking) = self.look(waiting.iter().map(request_of), now);
        order(waiting, turns);
        let behind = put_behind(waiting, asking, |queued| request_of(queued) == BACKGROUND);
        (waiting.len() - behind).min(self.commands_max(asking, now))
    }

    /// Returns the turn of each command within its request, and the number of requests.
    fn look<'a>(&mut self, commands: impl Iterator<Item = &'a str>, now: Instant) -> (Vec<usize>, Asking) {
        let mut seen = HashMap::<&str, usize>::new();
        let turns = commands.map(|request| {
            let turn = seen.entry(request).or_default();
            *turn += 1;
            *turn
        });
        let turns = turns.collect();
        let background = seen.remove(BACKGROUND).unwrap_or_default();
        self.many.retain(|_, last| now.duration_since(*last) < REMEMBERED);
        for (request, _) in seen.iter().filter(|(_, commands)| **commands > 1) {
            self.many.insert((*request).to_owned(), now);
        }
        let requests = seen.len();
        if requests > 1 {
            self.shared = Some(now);
        }
        // The last command of many is none of these.
        let is_single = seen.keys().any(|request| !self.many.contains_key(*request));
        if is_single && (requests > 1 || background > 1) {
            self.single = Some(now);
        }
        let background = background.min(1);
        (turns, Asking { requests, background })
    }

    fn commands_max(&self, Asking { requests, background }: Asking, now: Instant) -> usize {
        let lately = |last: Option<Instant>| last.is_some_and(|last| now.duration_since(last) < REMEMBERED);
        if lately(self.single) && requests < BATCH_EVENTS_MIN {
            requests.max(SHORT_COMMANDS) + background
        } else if lately(self.shared) {
            requests + background + FURTHER_MAX
        } else {
            usize::MAX
        }
    }
}

/// Returns the name of a command's request.
pub(crate) fn request_of(queued: &Queued) -> &str {
    match queued.origin.principal.kind {
        AuthType::System => BACKGROUND,
        _ => queued.origin.request_id.as_str(),
    }
}

/// Orders commands so that every request has its first turn before any has its second, oldest first: a request of a
/// thousand commands holds up nobody who asks for one thing. The commands of one request stay in their order, and the
/// oldest of those that wait is always in front.
fn order<T>(waiting: &mut Vec<T>, turns: Vec<usize>) {
    if turns.is_sorted() {
        return;
    }
    let mut in_turn: Vec<_> = turns.into_iter().zip(waiting.drain(..)).collect();
    in_turn.sort_by_key(|(turn, _)| *turn);
    waiting.extend(in_turn.into_iter().map(|(_, queued)| queued));
}

/// Puts the commands of background work that are too many for a batch behind all others, and returns how many these are.
fn put_behind<T>(waiting: &mut Vec<T>, asking: Asking, is_background: impl Fn(&T) -> bool) -> usize {
    if asking.background == 0 {
        return 0;
    }
    let max = if asking.requests > 0 { BACKGROUND_BESIDE_MAX } else { BACKGROUND_MAX };
    let mut taken = 0;
    let behind: Vec<T> = waiting
        .extract_if(.., |command| {
            taken += usize::from(is_background(command));
            taken > max && is_background(command)
        })
        .collect();
    let count = behind.len();
    waiting.extend(behind);
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the commands that the next batch takes, named by their requests.
    fn next(turns: &mut Turns, waiting: &[&'static str], now: Instant) -> Vec<&'static str> {
        let (of_each, asking) = turns.look(waiting.iter().copied(), now);
        let mut waiting = waiting.to_vec();
        order(&mut waiting, of_each);
        let behind = put_behind(&mut waiting, asking, |request| *request == BACKGROUND);
        waiting.truncate((waiting.len() - behind).min(turns.commands_max(asking, now)));
        waiting
    }

    #[test]
    fn every_request_has_its_first_turn_before_any_has_its_second() {
        let batch = next(&mut Turns::default(), &["a", "a", "a", "b", "a", "c", "b"], Instant::now());
        assert_eq!(batch, ["a", "b", "c", "a"]);
    }

    #[test]
    fn who_is_alone_has_all_of_it_and_many_beside_many_have_long_batches() {
        let now = Instant::now();
        let mut turns = Turns::default();
        assert_eq!(next(&mut turns, &["a"; 500], now).len(), 500);
        let both = [["a"; 200], ["b"; 200]].concat();
        assert_eq!(next(&mut turns, &both, now).len(), 2 + FURTHER_MAX);
        assert_eq!(next(&mut turns, &["a", "b"], now).len(), 2);
        assert_eq!(next(&mut turns, &both, now).len(), 2 + FURTHER_MAX, "the last ones of many were no single ones");
        assert_eq!(next(&mut turns, &["a"; 200], now + REMEMBERED).len(), 200);
    }

    #[test]
    fn batches_are_chains_while_single_commands_come_beside_many() {
        let now = Instant::now();
        let mut turns = Turns::default();
        let beside: Vec<_> = std::iter::repeat_n("many", 100).chain(["single"]).collect();
        assert_eq!(next(&mut turns, &beside, now), ["many", "single", "many", "many"]);
        let later = now + REMEMBERED / 2;
        assert_eq!(next(&mut turns, &["many"; 100], later).len(), SHORT_COMMANDS, "the next one is about to come");
        assert_eq!(next(&mut turns, &["many"; 100], later + REMEMBERED).len(), 100);
    }

    #[test]
    fn so_many_single_commands_that_they_are_a_batch_anyway_take_others_along() {
        let names: Vec<_> = (0..BATCH_EVENTS_MIN).map(|n| format!("{n}")).collect();
        let waiting: Vec<&str> = names.iter().map(String::as_str).chain(["0"; 100]).collect();
        let mut turns = Turns::default();
        let (_, asking) = turns.look(waiting.iter().copied(), Instant::now());
        assert_eq!(turns.commands_max(asking, Instant::now()), BATCH_EVENTS_MIN + FURTHER_MAX);
    }

    #[test]
    fn background_work_has_its_turn_and_cuts_nobodys_batch() {
        let now = Instant::now();
        let mut turns = Turns::default();
        let beside: Vec<_> = std::iter::repeat_n("many", 100).chain([BACKGROUND; 2]).collect();
        assert_eq!(next(&mut turns, &beside, now).len(), 102, "one request of many is alone with it");
        let waiting = [BACKGROUND, BACKGROUND, BACKGROUND, "a", "b", "c", "d", "e"];
        assert_eq!(next(&mut turns, &waiting, now), [BACKGROUND, "a", "b", "c", "d", "e"]);
        let waiting: Vec<_> = std::iter::repeat_n(BACKGROUND, 100).chain(["a"]).collect();
        let batch = next(&mut Turns::default(), &waiting, now);
        assert_eq!((batch.len(), batch[1]), (SHORT_COMMANDS + 1, "a"), "a request of one command waits for few");
    }

    #[test]
    fn background_work_fills_no_batch_however_much_of_it_waits() {
        let now = Instant::now();
        assert_eq!(next(&mut Turns::default(), &[BACKGROUND; 500], now).len(), BACKGROUND_MAX);
        let beside: Vec<_> = std::iter::repeat_n(BACKGROUND, 300).chain(["many"; 300]).collect();
        let batch = next(&mut Turns::default(), &beside, now);
        let background = batch.iter().filter(|request| **request == BACKGROUND).count();
        assert_eq!((background, batch.len()), (BACKGROUND_BESIDE_MAX, 300 + BACKGROUND_BESIDE_MAX));
    }

    #[test]
    fn requests_of_many_are_forgotten() {
        let now = Instant::now();
        let mut turns = Turns::default();
        next(&mut turns, &["a", "a", "b", "b"], now);
        assert_eq!(turns.many.len(), 2);
        next(&mut turns, &["c"], now + REMEMBERED);
        assert!(turns.many.is_empty());
    }
}
