//! When a read requests more shards than it needs: how late counts as late, and how often that is allowed.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use crate::node::latency::DELAY_AT_FIRST;

/// No reply counts as late before this.
const HEDGE_AFTER_MIN: Duration = Duration::from_millis(2);

/// Every reply counts as late after this.
const HEDGE_AFTER_MAX: Duration = Duration::from_millis(500);

/// How long to wait for shards before requesting another, given the usual latencies of their nodes. It is the median of
/// those, so that one node which is always slow does not set the delay.
pub(crate) fn hedge_after(mut delays: Vec<Duration>) -> Duration {
    delays.sort_unstable();
    let median = delays.get(delays.len().saturating_sub(1) / 2).copied().unwrap_or(DELAY_AT_FIRST);
    median.clamp(HEDGE_AFTER_MIN, HEDGE_AFTER_MAX)
}

/// Limits hedges to about a tenth of the reads: each requested shard earns a tenth of a token, each hedged one costs a
/// whole token. So a cluster that is slow as a whole does not get more load.
///
/// Source: the token bucket of retries in the AWS SDKs; Dean and Barroso, "The tail at scale" (2013).
#[derive(Debug)]
pub(crate) struct HedgeBudget(AtomicI64);

/// A token, in the tenths in which it is earned.
const TOKEN: i64 = 10;

/// The most tokens that can be saved.
const TOKENS_MAX: i64 = 100;

impl HedgeBudget {
    /// A budget with all tokens that can be saved.
    pub(crate) fn full() -> Self {
        Self(AtomicI64::new(TOKENS_MAX * TOKEN))
    }

    /// Earns the tokens of `shards` requested shards.
    pub(crate) fn earn(&self, shards: u32) {
        let add = |parts: i64| Some((parts + i64::from(shards)).min(TOKENS_MAX * TOKEN));
        // The closure always returns a value, so this cannot fail.
        let _ = self.0.fetch_update(Relaxed, Relaxed, add);
    }

    /// Spends the tokens for `shards` hedged shards; false if there are too few.
    pub(crate) fn spend(&self, shards: u32) -> bool {
        let take = |parts: i64| Some(parts - i64::from(shards) * TOKEN).filter(|rest| *rest >= 0);
        self.0.fetch_update(Relaxed, Relaxed, take).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
