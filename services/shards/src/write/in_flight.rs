//! Contents with shards in flight.

use std::collections::HashMap;
use std::sync::Arc;

use events::ids::Generation;
use tokio::sync::watch;

/// The contents with shards in flight to nodes, also after their acknowledgement. The memory budgets of writes bound
/// their number. Clones share one state.
#[derive(Debug, Clone, Default)]
pub(crate) struct InFlight(Arc<watch::Sender<HashMap<Generation, usize>>>);

/// Marks shards of a content as in flight until it is dropped.
#[derive(Debug)]
pub(crate) struct InFlightGuard {
    in_flight: InFlight,
    generation: Generation,
}

impl InFlight {
    /// Marks shards of the content as in flight.
    pub(crate) fn begin(&self, generation: Generation) -> InFlightGuard {
        self.0.send_modify(|counts| *counts.entry(generation).or_default() += 1);
        InFlightGuard { in_flight: self.clone(), generation }
    }

    /// Waits until no shard of the content is in flight; the deadlines of the requests bound the wait.
    pub(crate) async fn wait_until_none(&self, generation: Generation) {
        // This cannot fail: the sender is `self`.
        let _ = self.0.subscribe().wait_for(|counts| !counts.contains_key(&generation)).await;
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.in_flight.0.send_modify(|counts| {
            let left = counts.remove(&self.generation).unwrap_or(0).saturating_sub(1);
            if left > 0 {
                counts.insert(self.generation, left);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_guard_counts_for_its_content() {
        let (in_flight, one) = (InFlight::default(), Generation::from_fresh(Uuid::from_u128(8)));
        let is_none = || in_flight.wait_until_none(one).now_or_never().is_some();
        let other = in_flight.begin(Generation::from_fresh(Uuid::from_u128(16)));
        assert!(is_none());
        let (first, second) = (in_flight.begin(one), in_flight.begin(one));
        drop(first);
        assert!(!is_none());
        drop(second);
        assert!(is_none());
        drop(other);
        assert!(in_flight.0.borrow().is_empty());
    }
}
