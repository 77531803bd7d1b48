//! Sharing the log with others that append to it: how much one append tries, when it is tried again, and when the
//! others get their turn.
//!
//! An append is a compare-and-swap on the whole log, so of two that are under way one is lost; and the server looks at
//! an atomic batch's condition when the batch ends, so a single event of somebody else's loses all of it. After a
//! conflict the next append is therefore smaller, down to a chain of events, of which the first ones may get in. It
//! waits a random time first, so that two writers that collided do not collide again.
//!
//! That alone would not be fair: the winner decides its next append while the loser still reads what it lacks, and wins
//! again. So a writer that appended beside others lets one of them go first; ledgers that are all busy take turns, and
//! hardly collide. A winner does not see the losers, so it also stops to listen now and then.

use std::time::{Duration, Instant};

use eventlog::{APPEND_EVENTS_MAX, BATCH_EVENTS_MIN};

/// Commands that are tried at once after any number of conflicts. So few go as a chain.
const COMMANDS_MIN: usize = 8;
const _: () = assert!(COMMANDS_MIN < BATCH_EVENTS_MIN);

/// Longest pause after a first conflict; it doubles with each further one.
const PAUSE_TIME_FIRST: Duration = Duration::from_millis(2);

/// Longest pause after any number of conflicts.
const PAUSE_TIME_MAX: Duration = Duration::from_millis(16);

/// The number of conflicts in a row after which commands are refused: they take several seconds.
const CONFLICTS_MAX: u32 = 512;

/// Longest turn of the others. It has room for the longest pause of one of them and for appends that take longer than ours.
const TURN_TIME_MAX: Duration = Duration::from_millis(100);

/// The number of turns that the others get after one of their events without taking any. A writer that loses in its
/// turn tries less the next time, so one turn is not enough; each turn costs the waiting writer time.
const TURNS_UNUSED_MAX: u32 = 4;

/// The interval at which a busy writer listens for others that it may keep from appending. This costs it about a
/// hundredth of its time.
const LISTEN_INTERVAL: Duration = Duration::from_secs(2);

/// The knowledge of a writer about other writers of the same log.
#[derive(Debug, Clone)]
pub(crate) struct Contention {
    commands_max: usize,
    /// Conflicts since the last append that went through.
    conflicts: u32,
    /// Whether somebody else appended since our last append.
    is_behind_others: bool,
    /// The number of turns that are left to the others if they take none of them.
    turns: u32,
    /// The time that the others have for their present turn.
    turn: Option<Duration>,
    /// The time at which the others could last append; it is not set if there are none.
    listened: Option<Instant>,
}

impl Contention {
    /// Makes the state of a writer, which is the sole one or not.
    pub(crate) fn new(is_alone: bool, now: Instant) -> Self {
        let listened = (!is_alone).then_some(now);
        Self { commands_max: APPEND_EVENTS_MAX, conflicts: 0, is_behind_others: false, turns: 0, turn: None, listened }
    }

    /// Returns the number of commands to try at once.
    pub(crate) fn commands_max(&self) -> usize {
        self.commands_max
    }

    /// Takes in that another writer appended, which ends the turn of the others.
    pub(crate) fn others_appended(&mut self) {
        self.is_behind_others = true;
        self.turns = TURNS_UNUSED_MAX;
        self.turn = None;
    }

    /// Takes in that the writer had nothing to do for some time.
    pub(crate) fn was_idle(&mut self, time: Duration, now: Instant) {
        if time >= PAUSE_TIME_MAX {
            self.listened = self.listened.map(|_| now);
        }
    }

    /// The first events of an append went through, and then somebody else's. A batch would not have let these in
    /// between.
    pub(crate) fn interrupted(&mut self) {
        self.others_appended();
        self.grow();
    }

    /// An append of so many commands lost. Returns how long to wait before the next, at most for a
    /// random number; `None` when there were too many of these in a row.
    pub(crate) fn lost(&mut self, commands: usize, random: u64) -> Option<Duration> {
        self.others_appended();
        self.commands_max = (commands / 2).clamp(COMMANDS_MIN, APPEND_EVENTS_MAX);
        let longest = PAUSE_TIME_FIRST.saturating_mul(1 << self.conflicts.min(8)).min(PAUSE_TIME_MAX);
        self.conflicts += 1;
        if self.conflicts > CONFLICTS_MAX {
            self.conflicts = 0;
            return None;
        }
        let microseconds = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX);
        Some(Duration::from_micros(random % (microseconds + 1)))
    }

    /// An append went through, and took so long. If others append as well, the next turn is theirs.
    pub(crate) fn won(&mut self, took: Duration, now: Instant) {
        self.grow();
        let is_due = self.listened.is_some_and(|listened| now.duration_since(listened) >= LISTEN_INTERVAL);
        self.turn = (self.turns > 0 || is_due).then(|| (PAUSE_TIME_MAX + 4 * took).min(TURN_TIME_MAX));
        if self.turn.is_some() {
            self.listened = self.listened.map(|_| now);
        }
        self.turns = self.turns.saturating_sub(1);
        self.is_behind_others = false;
    }

    fn grow(&mut self) {
        self.commands_max = self.commands_max.saturating_mul(2).min(APPEND_EVENTS_MAX);
        self.conflicts = 0;
    }

    /// Returns the time to wait for another writer's event before the next append, once.
    pub(crate) fn take_turn(&mut self) -> Option<Duration> {
        self.turn.take()
    }

    /// Returns whether the others have not used their turn so far.
    pub(crate) fn is_turn_of_others(&self) -> bool {
        !self.is_behind_others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOK: Duration = Duration::from_millis(10);

    fn shared() -> (Contention, Instant) {
        let now = Instant::now();
        (Contention::new(false, now), now)
    }

    #[test]
    fn whoever_is_alone_takes_all_that_fits_and_never_waits() {
        let now = Instant::now();
        let mut contention = Contention::new(true, now);
        for n in 0..10 {
            assert_eq!((contention.commands_max(), contention.take_turn()), (APPEND_EVENTS_MAX, None));
            contention.won(TOOK, now + n * LISTEN_INTERVAL);
        }
    }

    #[test]
    fn what_is_tried_halves_down_to_a_chain_and_doubles_again() {
        let (mut contention, now) = shared();
        let mut tried = Vec::new();
        for _ in 0..8 {
            tried.push(contention.commands_max());
            contention.lost(contention.commands_max(), 0).unwrap();
        }
        assert_eq!(tried, [512, 256, 128, 64, 32, 16, 8, 8]);
        let grown = [(); 7].map(|()| {
            contention.won(TOOK, now);
            contention.commands_max()
        });
        assert_eq!(grown, [16, 32, 64, 128, 256, 512, 512]);
        contention.lost(5, 0).unwrap();
        assert_eq!(contention.commands_max(), COMMANDS_MIN, "half of what was tried");
        contention.interrupted();
        assert!(contention.commands_max() >= BATCH_EVENTS_MIN, "a batch is not interrupted");
    }

    #[test]
    fn pauses_are_random_grow_and_have_an_end() {
        let (mut contention, _) = shared();
        let longest = |contention: &Contention| {
            let pauses = (0..200_000).step_by(100).filter_map(|random| contention.clone().lost(8, random));
            pauses.max().unwrap().as_millis()
        };
        let mut pauses = Vec::new();
        while contention.clone().lost(8, 0).is_some() {
            if pauses.len() < 6 {
                assert_eq!(contention.clone().lost(8, 700), Some(Duration::from_micros(700)));
                pauses.push(longest(&contention));
            }
            contention.lost(8, 0);
        }
        assert_eq!(pauses, [2, 4, 8, 16, 16, 16]);
        assert_eq!(contention.conflicts, CONFLICTS_MAX, "then commands are turned away");
        assert_eq!(contention.lost(8, 0), None);
        assert_eq!(contention.lost(8, 0), Some(Duration::ZERO), "what comes after is tried as often again");
    }

    #[test]
    fn those_who_append_beside_each_other_take_turns() {
        let (mut contention, now) = shared();
        contention.others_appended();
        contention.won(TOOK, now);
        assert!(contention.is_turn_of_others());
        assert_eq!(contention.take_turn(), Some(Duration::from_millis(56)));
        assert_eq!(contention.take_turn(), None, "once");
        contention.others_appended();
        assert!(!contention.is_turn_of_others());
        contention.won(Duration::from_secs(5), now);
        assert_eq!(contention.take_turn(), Some(TURN_TIME_MAX));
        let turns = [(); 5].map(|()| {
            contention.won(TOOK, now);
            contention.take_turn().is_some()
        });
        assert_eq!(turns, [true, true, true, false, false], "they took none of four, so nobody waits for them");
        contention.others_appended();
        contention.won(TOOK, now);
        contention.others_appended();
        assert_eq!(contention.take_turn(), None, "they had it already");
    }

    #[test]
    fn a_busy_writer_listens_now_and_then_for_those_it_keeps_from_appending() {
        let (mut contention, begun) = shared();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let turns = |contention: &mut Contention, times: std::ops::Range<u64>| {
            let turn = |time: &u64| {
                contention.won(TOOK, at(*time));
                contention.take_turn().is_some()
            };
            times.step_by(10).filter(turn).collect::<Vec<_>>()
        };
        assert_eq!(turns(&mut contention, 0..6_010), [2_000, 4_000, 6_000]);
        contention.was_idle(PAUSE_TIME_MAX.checked_sub(TOOK).unwrap(), at(7_000));
        contention.was_idle(PAUSE_TIME_MAX, at(7_500));
        assert_eq!(turns(&mut contention, 7_500..9_510), [9_500], "they had time enough while it was idle");
    }
}
