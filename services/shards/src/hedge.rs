//! When a read asks for more than it needs: how late is late, and how often that is allowed.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// What kind of read a delay is of; their times are too different to be averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A small content, whole.
    Small,
    /// A piece of a stripe.
    Piece,
}

/// The delay assumed of a node not asked before.
const DELAY_AT_FIRST: Duration = Duration::from_millis(20);

/// No answer counts as late before this.
const HEDGE_AFTER_MIN: Duration = Duration::from_millis(2);

/// Every answer counts as late after this.
const HEDGE_AFTER_MAX: Duration = Duration::from_millis(500);

/// A node that let a read wait this long is spared for [`SPARED`].
const SLOW: Duration = Duration::from_millis(200);

/// A node that was late so often, and answered nothing in between, is spared too.
const LATE_MAX: u32 = 3;

/// How long reads go around a slow node, where the other shards suffice, before it is tried again.
const SPARED: Duration = Duration::from_secs(3);

/// A node that lets a write wait this long is late with writes for [`LATE_WITH_WRITES`].
pub(crate) const WRITE_LATE: Duration = Duration::from_secs(1);

/// How long writes go around a node that was late with one, where other nodes suffice, before it is tried again.
const LATE_WITH_WRITES: Duration = Duration::from_secs(3);

/// A node that refused so many writes, and took none in between, is left out for [`REFUSES_WRITES`], whatever it says
/// of itself.
const WRITES_REFUSED_MAX: u32 = 8;

/// How long writes leave out a node that refuses them before it is tried again.
const REFUSES_WRITES: Duration = Duration::from_secs(5);

/// The delays of one node's answers, and whether it takes what it is given.
#[derive(Debug)]
pub(crate) struct Delays {
    start: Instant,
    small: AtomicU64,
    piece: AtomicU64,
    late: AtomicU32,
    spared_until: AtomicU64,
    late_with_writes_until: AtomicU64,
    writes_refused: AtomicU32,
    refuses_writes_until: AtomicU64,
}

impl Delays {
    pub(crate) fn new(start: Instant) -> Self {
        let first = micros(DELAY_AT_FIRST);
        let (small, piece) = (AtomicU64::new(first), AtomicU64::new(first));
        Self {
            start,
            small,
            piece,
            late: AtomicU32::new(0),
            spared_until: AtomicU64::new(0),
            late_with_writes_until: AtomicU64::new(0),
            writes_refused: AtomicU32::new(0),
            refuses_writes_until: AtomicU64::new(0),
        }
    }

    /// Takes in that an answer took this long.
    pub(crate) fn observe(&self, class: Class, took: Duration, now: Instant) {
        self.late.store(0, Relaxed);
        self.count(class, took);
        if took >= SLOW {
            self.spare(now);
        }
    }

    /// Takes in that an answer did not come within `waited`, when it was not needed any more.
    pub(crate) fn observe_late(&self, class: Class, waited: Duration, now: Instant) {
        let late = self.late.fetch_add(1, Relaxed).saturating_add(1);
        self.count(class, waited);
        if late >= LATE_MAX || waited >= SLOW {
            self.spare(now);
        }
    }

    fn count(&self, class: Class, took: Duration) {
        let estimate = self.of(class);
        estimate.store(towards_p95(estimate.load(Relaxed), micros(took)), Relaxed);
    }

    fn spare(&self, now: Instant) {
        self.spared_until.store(micros(now.duration_since(self.start) + SPARED), Relaxed);
    }

    /// Nineteen of twenty answers take at most about this long.
    pub(crate) fn p95(&self, class: Class) -> Duration {
        Duration::from_micros(self.of(class).load(Relaxed))
    }

    /// Whether reads should go around the node for now.
    pub(crate) fn is_spared(&self, now: Instant) -> bool {
        micros(now.duration_since(self.start)) < self.spared_until.load(Relaxed)
    }

    /// Takes in that a write has waited for [`WRITE_LATE`].
    pub(crate) fn observe_late_write(&self, now: Instant) {
        self.late_with_writes_until.store(micros(now.duration_since(self.start) + LATE_WITH_WRITES), Relaxed);
    }

    /// Whether writes should go around the node for now.
    pub(crate) fn is_late_with_writes(&self, now: Instant) -> bool {
        micros(now.duration_since(self.start)) < self.late_with_writes_until.load(Relaxed)
    }

    /// Takes in that the node took a write.
    pub(crate) fn observe_write(&self) {
        // Written only if it changes, so that writers do not take the line from each other.
        if self.writes_refused.load(Relaxed) != 0 {
            self.writes_refused.store(0, Relaxed);
        }
    }

    /// Takes in that the node refused a write.
    pub(crate) fn observe_refused_write(&self, now: Instant) {
        if self.writes_refused.fetch_add(1, Relaxed).saturating_add(1) >= WRITES_REFUSED_MAX {
            self.refuses_writes_until.store(micros(now.duration_since(self.start) + REFUSES_WRITES), Relaxed);
        }
    }

    /// Whether the node has refused write after write, so that it is of no use to offer it another for now.
    pub(crate) fn refuses_writes(&self, now: Instant) -> bool {
        micros(now.duration_since(self.start)) < self.refuses_writes_until.load(Relaxed)
    }

    fn of(&self, class: Class) -> &AtomicU64 {
        match class {
            Class::Small => &self.small,
            Class::Piece => &self.piece,
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX / 2)
}

/// Moves an estimate of the 95th percentile by one sample: up by 19 parts if the sample is above it, else down
/// by one, so that it rests where one sample in twenty is above.
///
/// Source: Ma, Muthukrishnan and Sandler, "Frugal streaming for estimating quantiles" (2013), with steps
/// proportional to the estimate.
fn towards_p95(estimate: u64, sample: u64) -> u64 {
    let part = (estimate / 160).max(1);
    if sample > estimate { estimate.saturating_add(part * 19) } else { estimate.saturating_sub(part).max(1) }
}

/// How long to wait for shards before asking for another, given the usual delays of the nodes that hold them.
/// The median of those, so that one node which is always slow does not make its slowness the norm.
pub(crate) fn hedge_after(mut delays: Vec<Duration>) -> Duration {
    delays.sort_unstable();
    let median = delays.get(delays.len().saturating_sub(1) / 2).copied().unwrap_or(DELAY_AT_FIRST);
    median.clamp(HEDGE_AFTER_MIN, HEDGE_AFTER_MAX)
}

/// Lets hedges be about a tenth of the reads: each shard asked for earns a tenth of a token, each hedged one
/// costs a whole one. So a cluster that is slow as a whole is not asked for more.
///
/// Source: the token bucket of retries in the AWS SDKs; Dean and Barroso, "The tail at scale" (2013).
#[derive(Debug)]
pub(crate) struct HedgeBudget(AtomicI64);

/// A token, in the parts it is earned in.
const TOKEN: i64 = 10;

/// Tokens that can be saved up.
const TOKENS_MAX: i64 = 100;

impl HedgeBudget {
    pub(crate) fn full() -> Self {
        Self(AtomicI64::new(TOKENS_MAX * TOKEN))
    }

    pub(crate) fn earn(&self, shards: u32) {
        let add = |parts: i64| Some((parts + i64::from(shards)).min(TOKENS_MAX * TOKEN));
        // The closure always returns a value, so there is no failure to look at.
        let _ = self.0.fetch_update(Relaxed, Relaxed, add);
    }

    /// Whether `shards` more may be asked for; if so, they are paid.
    pub(crate) fn spend(&self, shards: u32) -> bool {
        let take = |parts: i64| Some(parts - i64::from(shards) * TOKEN).filter(|rest| *rest >= 0);
        self.0.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_settles_where_one_sample_in_twenty_is_above() {
        // 1 to 1000, each as often as the others, in a scattered order.
        let samples = (0..200_000_u64).map(|i| (i * 7919) % 1000 + 1);
        let estimate = samples.fold(20_000, towards_p95);
        assert!((880..=1000).contains(&estimate), "{estimate}");
    }

    #[test]
    fn one_slow_node_does_not_set_the_delay() {
        let ms = Duration::from_millis;
        assert_eq!(hedge_after(vec![ms(5000), ms(4), ms(5), ms(6)]), ms(5));
        assert_eq!(hedge_after(vec![ms(5000)]), HEDGE_AFTER_MAX);
        assert_eq!(hedge_after(vec![Duration::ZERO; 4]), HEDGE_AFTER_MIN);
    }

    #[test]
    fn hedges_are_a_tenth_of_the_reads() {
        let budget = HedgeBudget::full();
        let saved = (0..1000).take_while(|_| budget.spend(1)).count();
        assert_eq!(saved, 100);
        let mut hedges = 0;
        for _ in 0..1000 {
            budget.earn(1);
            hedges += u32::from(budget.spend(1));
        }
        assert_eq!(hedges, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_node_is_spared_for_a_while() {
        let now = Instant::now();
        let delays = Delays::new(now);
        delays.observe(Class::Piece, Duration::from_millis(199), now);
        assert!(!delays.is_spared(now));
        delays.observe(Class::Piece, SLOW, now);
        assert!(delays.is_spared(now) && !delays.is_spared(now + SPARED));
        assert_eq!(delays.p95(Class::Small), DELAY_AT_FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_is_late_again_and_again_is_spared_before_it_costs_all_hedges() {
        let now = Instant::now();
        let delays = Delays::new(now);
        let late = || delays.observe_late(Class::Piece, Duration::from_millis(3), now);
        late();
        late();
        delays.observe(Class::Piece, Duration::from_millis(1), now);
        late();
        late();
        assert!(!delays.is_spared(now), "it answered in between");
        late();
        assert!(delays.is_spared(now));
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_refuses_write_after_write_is_left_out_until_it_is_tried_again() {
        let now = Instant::now();
        let delays = Delays::new(now);
        let refuse = |times: u32, now| (0..times).for_each(|_| delays.observe_refused_write(now));
        refuse(WRITES_REFUSED_MAX - 1, now);
        delays.observe_write();
        refuse(WRITES_REFUSED_MAX - 1, now);
        assert!(!delays.refuses_writes(now), "it took one in between");
        refuse(1, now);
        assert!(delays.refuses_writes(now) && !delays.refuses_writes(now + REFUSES_WRITES));
        refuse(1, now + REFUSES_WRITES);
        assert!(delays.refuses_writes(now + REFUSES_WRITES), "it is no better than it was");
    }
}
