//! What a gateway has measured of one node: how long its answers take, and whether it accepts writes.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// The class of a read. Latencies of different classes are too different to be averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A small content, whole.
    Small,
    /// A piece of a stripe.
    Piece,
}

/// The latency that is assumed of a node before its first reply.
pub(crate) const DELAY_AT_FIRST: Duration = Duration::from_millis(20);

/// A node whose read takes this long is slow for [`SLOW_TIME`].
const SLOW_MIN: Duration = Duration::from_millis(200);

/// A node that was late this often, without a reply in between, is slow too.
const LATE_MAX: u32 = 3;

/// How long reads avoid a slow node, where other shards suffice.
const SLOW_TIME: Duration = Duration::from_secs(3);

/// A node whose write takes this long is slow for writes for [`SLOW_FOR_WRITES_TIME`].
pub(crate) const WRITE_SLOW_MIN: Duration = Duration::from_secs(1);

/// How long writes avoid a node that was slow with one, where other nodes suffice.
const SLOW_FOR_WRITES_TIME: Duration = Duration::from_secs(3);

/// A node that refused this many writes in a row is left out for [`REFUSES_WRITES_TIME`], whatever its heartbeat says.
const WRITES_REFUSED_MAX: u32 = 8;

/// How long writes leave out a node that refuses them.
const REFUSES_WRITES_TIME: Duration = Duration::from_secs(5);

/// The latency of one node's replies, and whether it accepts writes.
#[derive(Debug)]
pub(crate) struct NodeLatency {
    start: Instant,
    small: AtomicU64,
    piece: AtomicU64,
    late: AtomicU32,
    slow_until: AtomicU64,
    slow_for_writes_until: AtomicU64,
    writes_refused: AtomicU32,
    refuses_writes_until: AtomicU64,
}

impl NodeLatency {
    pub(crate) fn new(start: Instant) -> Self {
        let first = micros(DELAY_AT_FIRST);
        let (small, piece) = (AtomicU64::new(first), AtomicU64::new(first));
        Self {
            start,
            small,
            piece,
            late: AtomicU32::new(0),
            slow_until: AtomicU64::new(0),
            slow_for_writes_until: AtomicU64::new(0),
            writes_refused: AtomicU32::new(0),
            refuses_writes_until: AtomicU64::new(0),
        }
    }

    /// Records the latency of a reply.
    pub(crate) fn observe(&self, class: Class, took: Duration, now: Instant) {
        self.late.store(0, Relaxed);
        self.count(class, took);
        if took >= SLOW_MIN {
            self.mark_slow(now);
        }
    }

    /// Records that a reply had not come within `waited`, when the read no longer needed it.
    pub(crate) fn observe_late(&self, class: Class, waited: Duration, now: Instant) {
        let late = self.late.fetch_add(1, Relaxed).saturating_add(1);
        self.count(class, waited);
        if late >= LATE_MAX || waited >= SLOW_MIN {
            self.mark_slow(now);
        }
    }

    fn count(&self, class: Class, took: Duration) {
        let estimate = self.of(class);
        estimate.store(towards_p95(estimate.load(Relaxed), micros(took)), Relaxed);
    }

    fn mark_slow(&self, now: Instant) {
        self.slow_until.store(micros(now.duration_since(self.start) + SLOW_TIME), Relaxed);
    }

    /// An estimate of the 95th percentile of the latency.
    pub(crate) fn p95(&self, class: Class) -> Duration {
        Duration::from_micros(self.of(class).load(Relaxed))
    }

    /// Whether reads should avoid the node at `now`.
    pub(crate) fn is_slow(&self, now: Instant) -> bool {
        micros(now.duration_since(self.start)) < self.slow_until.load(Relaxed)
    }

    /// Records that a write has waited for [`WRITE_SLOW_MIN`].
    pub(crate) fn observe_slow_write(&self, now: Instant) {
        self.slow_for_writes_until.store(micros(now.duration_since(self.start) + SLOW_FOR_WRITES_TIME), Relaxed);
    }

    /// Whether writes should avoid the node at `now`.
    pub(crate) fn is_slow_for_writes(&self, now: Instant) -> bool {
        micros(now.duration_since(self.start)) < self.slow_for_writes_until.load(Relaxed)
    }

    /// Records that the node accepted a write.
    pub(crate) fn observe_write(&self) {
        // Stored only if it changes, so that writers do not contend for the cache line.
        if self.writes_refused.load(Relaxed) != 0 {
            self.writes_refused.store(0, Relaxed);
        }
    }

    /// Records that the node refused a write.
    pub(crate) fn observe_refused_write(&self, now: Instant) {
        if self.writes_refused.fetch_add(1, Relaxed).saturating_add(1) >= WRITES_REFUSED_MAX {
            self.refuses_writes_until.store(micros(now.duration_since(self.start) + REFUSES_WRITES_TIME), Relaxed);
        }
    }

    /// Whether the node has refused so many writes in a row that writes should leave it out at `now`.
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

    #[tokio::test(start_paused = true)]
    async fn a_slow_node_is_avoided_for_a_while() {
        let now = Instant::now();
        let latency = NodeLatency::new(now);
        latency.observe(Class::Piece, Duration::from_millis(199), now);
        assert!(!latency.is_slow(now));
        latency.observe(Class::Piece, SLOW_MIN, now);
        assert!(latency.is_slow(now) && !latency.is_slow(now + SLOW_TIME));
        assert_eq!(latency.p95(Class::Small), DELAY_AT_FIRST);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_is_late_again_and_again_is_avoided_before_it_costs_all_hedges() {
        let now = Instant::now();
        let latency = NodeLatency::new(now);
        let late = || latency.observe_late(Class::Piece, Duration::from_millis(3), now);
        late();
        late();
        latency.observe(Class::Piece, Duration::from_millis(1), now);
        late();
        late();
        assert!(!latency.is_slow(now), "it answered in between");
        late();
        assert!(latency.is_slow(now));
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_refuses_write_after_write_is_left_out_until_it_is_tried_again() {
        let now = Instant::now();
        let latency = NodeLatency::new(now);
        let refuse = |times: u32, now| (0..times).for_each(|_| latency.observe_refused_write(now));
        refuse(WRITES_REFUSED_MAX - 1, now);
        latency.observe_write();
        refuse(WRITES_REFUSED_MAX - 1, now);
        assert!(!latency.refuses_writes(now), "it took one in between");
        refuse(1, now);
        assert!(latency.refuses_writes(now) && !latency.refuses_writes(now + REFUSES_WRITES_TIME));
        refuse(1, now + REFUSES_WRITES_TIME);
        assert!(latency.refuses_writes(now + REFUSES_WRITES_TIME), "it is no better than it was");
    }
}
