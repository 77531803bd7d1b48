//! How long an append waits for commands that are probably on their way.
//!
//! An append costs the same few syncs for one command as for a hundred, and clients that wait for an answer send their next
//! command soon after it. When their commands fall into two groups, one is always under way while the other waits, and
//! each append carries half of what it could: the groups stay apart for ever. So an append whose commands are fewer than
//! those of the last one and those that came meanwhile waits a moment for the rest, and both become one group.
//!
//! A wait that brings nothing makes the next one shorter, until there are none but a rare attempt. So clients that come at
//! their own pace, whatever is answered, wait little.

use std::time::{Duration, Instant};

/// The share of an append's time that a first wait takes: half of it, as a power of two.
const SHARE_LOG2: u32 = 1;

/// After so many waits in vain, nobody waits any more.
const MISSES_MAX: u32 = 3;

/// One of so many appends waits all the same, because clients change.
const ATTEMPT_INTERVAL: u32 = 64;

/// A shorter wait is not worth its timer.
const WAIT_TIME_MIN: Duration = Duration::from_millis(1);

/// What is known about the senders of commands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathering {
    /// The commands that the last append answered, and those that had come meanwhile.
    expected: usize,
    ended: Option<Instant>,
    took: Duration,
    /// Waits in a row that did not bring what was expected.
    misses: u32,
    /// Appends since the last wait.
    unwaited: u32,
}

/// A wait for more commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    /// The number of commands with which it ends.
    pub(crate) commands: usize,
    pub(crate) end: Instant,
}

impl Gathering {
    /// An append ended that answered so many commands, and took so long; so many others had come meanwhile.
    pub(crate) fn appended(&mut self, answered: usize, waiting: usize, took: Duration, now: Instant) {
        *self = Self { expected: answered + waiting, ended: Some(now), took, ..*self };
    }

    /// Whether an append of so many commands waits for more.
    pub(crate) fn begin(&mut self, waiting: usize, now: Instant) -> Option<Wait> {
        // A few senders may be gone, or slow.
        let commands = self.expected - self.expected / 8;
        let is_late = self.ended.is_none_or(|ended| now.duration_since(ended) > self.took);
        if waiting >= commands || is_late {
            return None;
        }
        let time = self.took / (1 << (SHARE_LOG2 + self.misses.min(MISSES_MAX)));
        self.unwaited += 1;
        if time < WAIT_TIME_MIN || (self.misses >= MISSES_MAX && self.unwaited < ATTEMPT_INTERVAL) {
            return None;
        }
        self.unwaited = 0;
        Some(Wait { commands, end: now + time })
    }

    /// A wait ended with so many commands.
    pub(crate) fn waited(&mut self, wait: Wait, waiting: usize) {
        self.misses = if waiting >= wait.commands { 0 } else { (self.misses + 1).min(MISSES_MAX) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APPEND: Duration = Duration::from_millis(16);
    const RETURN: Duration = Duration::from_millis(4);

    /// Appends of clients that send their next command a while after each answer, beginning with so many that wait and so many that
    /// arrive in the midst of the first append. Returns how many commands each of the last appends had.
    fn sizes(waiting: usize, late: usize, returning: Duration) -> Vec<usize> {
        let start = Instant::now();
        let mut gathering = Gathering::default();
        let mut now = start;
        // The times at which commands arrive, in order.
        let mut arrivals: Vec<Instant> = vec![now; waiting];
        arrivals.resize(waiting + late, now + APPEND / 2);
        let mut sizes = Vec::new();
        for _ in 0..200 {
            now = now.max(arrivals[0]);
            let here = |now: Instant, arrivals: &[Instant]| arrivals.iter().filter(|at| **at <= now).count();
            if let Some(wait) = gathering.begin(here(now, &arrivals), now) {
                let full = arrivals.get(wait.commands - 1).map_or(wait.end, |at| (*at).min(wait.end));
                now = now.max(full);
                gathering.waited(wait, here(now, &arrivals));
            }
            let taken = here(now, &arrivals);
            now += APPEND;
            let mut rest = arrivals.split_off(taken);
            gathering.appended(taken, here(now, &rest), APPEND, now);
            rest.extend(std::iter::repeat_n(now + returning, taken));
            rest.sort();
            arrivals = rest;
            sizes.push(taken);
        }
        sizes.split_off(190)
    }

    #[test]
    fn two_groups_of_clients_become_one() {
        assert_eq!(sizes(11, 21, RETURN), [32; 10]);
        assert_eq!(sizes(1, 31, RETURN), [32; 10]);
    }

    #[test]
    fn clients_that_do_not_come_back_in_time_are_not_waited_for() {
        let groups = sizes(11, 21, APPEND / 4 * 3);
        assert!(groups.iter().all(|size| [11, 21].contains(size)), "{groups:?}");
        let mut gathering = Gathering::default();
        let mut waits = 0;
        let mut now = Instant::now();
        for _ in 0..1_000 {
            gathering.appended(4, 4, APPEND, now);
            if let Some(wait) = gathering.begin(4, now) {
                waits += 1;
                gathering.waited(wait, 5);
            }
            now += APPEND;
        }
        assert!(waits < 1_000 / 50, "{waits} waits in vain");
    }

    #[test]
    fn a_client_that_is_alone_waits_for_nobody() {
        let mut gathering = Gathering::default();
        let now = Instant::now();
        assert_eq!(gathering.begin(1, now), None);
        gathering.appended(1, 0, APPEND, now);
        assert_eq!(gathering.begin(1, now + RETURN), None);
        gathering.appended(32, 0, APPEND, now);
        assert_eq!(gathering.begin(1, now + 2 * APPEND), None, "the others have left");
    }

    #[test]
    fn a_wait_lasts_for_half_an_append_at_most() {
        let mut gathering = Gathering::default();
        let now = Instant::now();
        gathering.appended(16, 16, APPEND, now);
        assert_eq!(gathering.begin(16, now), Some(Wait { commands: 28, end: now + APPEND / 2 }));
    }
}
