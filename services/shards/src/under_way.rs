use std::collections::HashMap;
use std::sync::Arc;

use events::ids::Generation;
use tokio::sync::watch;

/// Which contents have shards under way to nodes: some of a content's may be when it is acked already. As many as
/// the budgets of the writers allow. Clones share one state.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnderWay(Arc<watch::Sender<HashMap<Generation, usize>>>);

/// Some shards of a content are under way as long as this lives.
#[derive(Debug)]
pub(crate) struct Departure {
    under_way: UnderWay,
    generation: Generation,
}

impl UnderWay {
    pub(crate) fn depart(&self, generation: Generation) -> Departure {
        self.0.send_modify(|departures| *departures.entry(generation).or_default() += 1);
        Departure { under_way: self.clone(), generation }
    }

    /// Waits until no shard of the content is under way any more; the deadlines of the requests bound that.
    pub(crate) async fn wait_until_none(&self, generation: Generation) {
        // An error would mean that the sender is gone, and it is `self`.
        let _ = self.0.subscribe().wait_for(|departures| !departures.contains_key(&generation)).await;
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.under_way.0.send_modify(|departures| {
            let left = departures.remove(&self.generation).unwrap_or(0).saturating_sub(1);
            if left > 0 {
                departures.insert(self.generation, left);
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
    fn each_departure_counts_for_its_content() {
        let (under_way, one) = (UnderWay::default(), Generation::from_fresh(Uuid::from_u128(8)));
        let is_none = || under_way.wait_until_none(one).now_or_never().is_some();
        let other = under_way.depart(Generation::from_fresh(Uuid::from_u128(16)));
        assert!(is_none());
        let (first, second) = (under_way.depart(one), under_way.depart(one));
        drop(first);
        assert!(!is_none());
        drop(second);
        assert!(is_none());
        drop(other);
        assert!(under_way.0.borrow().is_empty());
    }
}
