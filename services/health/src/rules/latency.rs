//! Whether a node takes much longer than its peers.

use std::time::Duration;

use super::{TICK, ticks};

/// After so many ticks the nodes are compared.
pub(crate) const WINDOW_TICKS: u32 = ticks(5);

/// The same as a time.
pub(crate) const WINDOW: Duration = TICK.saturating_mul(WINDOW_TICKS);

/// What a node that waits for its disk for seconds counts as having taken.
pub(crate) const STALLED: Duration = WINDOW;

/// A node is slow if it takes so many times what the median of the others takes.
const SLOW_TIMES: u32 = 5;

/// Below this no node is slow, however quick the others are.
const SLOW_MIN: Duration = Duration::from_millis(100);

/// A node that is failing already has to be so much better than that.
const BETTER_TIMES: u32 = 2;

/// Others that have to be measured at the same time.
const PEERS_MIN: usize = 2;

/// Of so many windows, so many have to be slow: half a minute, but for a single one.
const RECENT_WINDOWS: u32 = 6;
const SLOW_WINDOWS_MIN: u32 = 5;

/// Windows in a row without being slow after which it is no longer failing.
const WELL_WINDOWS: u32 = 12;

/// Each further time within an hour doubles that, so often at most.
const DOUBLINGS_MAX: u32 = 4;
const MEMORY_WINDOWS: u32 = 720;

/// What is measured of a node. Only like is compared with like.
pub(crate) const KINDS: usize = 3;

/// How long a node took in one window: to answer the roll call, and of late to sync and to read what somebody waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Measures(pub(crate) [Option<Duration>; KINDS]);

/// Whether a node takes much longer than its peers, by comparison after each window.
#[derive(Debug)]
pub(crate) struct LatencyRule {
    is_failing: bool,
    /// The last windows, a bit for each that was slow.
    recent: u32,
    /// Windows in a row that were not.
    well: u32,
    /// How often it was failing within the memory.
    times: u32,
}

impl LatencyRule {
    pub(crate) fn new(is_failing: bool) -> Self {
        Self { is_failing, recent: 0, well: 0, times: u32::from(is_failing) }
    }

    /// A window. `own`: what was measured of the node. `all`: the same of all nodes, itself among them.
    pub(crate) fn window(&mut self, own: &Measures, all: &[Measures]) -> bool {
        let is_slow = is_slow(own, all, if self.is_failing { BETTER_TIMES } else { 1 });
        self.recent = (self.recent << 1 | u32::from(is_slow)) & ((1 << RECENT_WINDOWS) - 1);
        self.well = if is_slow { 0 } else { self.well.saturating_add(1) };
        if self.well >= MEMORY_WINDOWS {
            self.times = 0;
        }
        if !self.is_failing && self.recent.count_ones() >= SLOW_WINDOWS_MIN {
            self.is_failing = true;
            self.times = (self.times + 1).min(DOUBLINGS_MAX + 1);
        } else if self.is_failing && self.well >= WELL_WINDOWS << self.times.saturating_sub(1) {
            self.is_failing = false;
        }
        self.is_failing
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.is_failing
    }
}

/// Whether any measure stands out. `strictness`: by how much less than usual is too much.
fn is_slow(own: &Measures, all: &[Measures], strictness: u32) -> bool {
    (0..KINDS).any(|kind| {
        let Some(took) = own.0[kind].filter(|took| *took >= SLOW_MIN / strictness) else { return false };
        let mut others: Vec<Duration> = all.iter().filter_map(|measures| measures.0[kind]).collect();
        // Itself, once: what others took as well is theirs.
        others.remove(others.iter().position(|other| *other == took).unwrap_or_default());
        others.sort_unstable();
        // Of an even number the greater of the two in the middle: in doubt nobody is slow.
        let median = others.get(others.len() / 2);
        others.len() >= PEERS_MIN && median.is_some_and(|median| took * strictness >= *median * SLOW_TIMES)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: u64 = 3;

    fn of(ms: u64) -> Measures {
        Measures([None, Some(Duration::from_millis(ms)), None])
    }

    /// The windows after which another thing is held of a node, if it takes so long each time.
    fn windows_until(rule: &mut LatencyRule, is_failing: bool, peers: &[u64], ms: u64) -> Option<u32> {
        let all: Vec<Measures> = peers.iter().chain([&ms]).map(|ms| of(*ms)).collect();
        (1..=1_000).find(|_| rule.window(&of(ms), &all) == is_failing)
    }

    #[test]
    fn a_node_that_takes_much_longer_than_the_others_is_failing_within_half_a_minute() {
        for (peers, ms, expected) in [
            (&[QUICK; 5][..], 5_000, Some(SLOW_WINDOWS_MIN)),
            (&[QUICK; 5], 100, Some(SLOW_WINDOWS_MIN)),
            (&[QUICK; 5], 99, None),
            (&[40, 40, 40, 40, 40], 200, Some(SLOW_WINDOWS_MIN)),
            (&[40, 40, 40, 40, 40], 199, None),
            // A busy machine, on which all are slow.
            (&[2_000, 900, 1_500, 1_200, 3_000], 5_000, None),
            // Half of the others are as slow: it is not this one.
            (&[QUICK, QUICK, 5_000, 5_000], 5_000, None),
            (&[QUICK, QUICK, QUICK, 5_000], 5_000, Some(SLOW_WINDOWS_MIN)),
            // Too few to compare with.
            (&[QUICK], 5_000, None),
        ] {
            assert_eq!(windows_until(&mut LatencyRule::new(false), true, peers, ms), expected, "{peers:?} {ms}");
        }
    }

    #[test]
    fn one_window_changes_nothing() {
        let mut rule = LatencyRule::new(false);
        let slow = [of(QUICK), of(QUICK), of(QUICK), of(5_000)];
        for window in 0..1_000 {
            let own = if window % 3 == 0 { QUICK } else { 5_000 };
            assert!(!rule.window(&of(own), &slow), "two of three are too few");
        }
    }

    #[test]
    fn it_has_to_be_well_for_a_minute_and_the_next_time_for_longer() {
        let (mut rule, peers) = (LatencyRule::new(false), [QUICK; 5]);
        for expected in [12, 24, 48, 96, 192, 192] {
            assert!(windows_until(&mut rule, true, &peers, 5_000).is_some());
            assert_eq!(windows_until(&mut rule, false, &peers, 90), None, "that is not enough better");
            assert_eq!(windows_until(&mut rule, false, &peers, QUICK), Some(expected));
        }
        assert_eq!(windows_until(&mut rule, true, &peers, QUICK), None, "an hour without");
        assert!(windows_until(&mut rule, true, &peers, 5_000).is_some());
        assert_eq!(windows_until(&mut rule, false, &peers, QUICK), Some(12));
    }

    #[test]
    fn what_is_measured_of_nobody_else_is_compared_with_nothing() {
        let own = Measures([None, None, Some(Duration::from_secs(5))]);
        let all = [own, of(QUICK), of(QUICK), of(QUICK)];
        assert!(!is_slow(&own, &all, 1));
        assert!(!is_slow(&Measures::default(), &all, 1), "nor what is not measured");
    }
}
