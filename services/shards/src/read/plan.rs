//! Decides which shards to request for one stripe. Pure: `fetch` sends the requests and reports the results.

use events::ids::{Layout, SHARDS};

use crate::code::shard_set::ShardSet;

/// How promising a request for a shard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    /// The node is online.
    Good,
    /// The node has been slow lately.
    Slow,
    /// The node seems gone, or the shard is missing or damaged. It is requested only if no other shard is left.
    Bad,
}

/// The rank of each shard, by index.
pub(crate) type Ranks = [Rank; SHARDS];

/// The next step of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The pieces that have arrived suffice.
    Done,
    /// The requested pieces will suffice if they arrive.
    Wait,
    /// Request these shards, then ask for the next step.
    Request(ShardSet),
    /// Too many shards failed.
    Lost {
        /// The number of shards that arrived.
        have: usize,
        /// The number of shards that are needed.
        need: usize,
    },
}

/// The state of one stripe's fetch.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    stored: ShardSet,
    wanted: ShardSet,
    need: usize,
    requested: ShardSet,
    have: ShardSet,
    failed: ShardSet,
}

impl Plan {
    /// A fetch of the data pieces `wanted`, of a content that has the shards `stored`.
    pub(crate) fn new(layout: Layout, stored: ShardSet, wanted: ShardSet) -> Self {
        let need = layout.read_quorum();
        let none = ShardSet::EMPTY;
        Self { stored, wanted, need, requested: none, have: none, failed: none }
    }

    /// Records that the piece of a shard arrived.
    pub(crate) fn arrived(&mut self, shard: u8) {
        self.have = self.have.with(shard);
    }

    /// Records that the piece of a shard cannot be read.
    pub(crate) fn failed(&mut self, shard: u8) {
        self.failed = self.failed.with(shard);
    }

    /// The requested shards without a result.
    pub(crate) fn pending(&self) -> ShardSet {
        self.requested.without(self.have).without(self.failed)
    }

    /// Decides the next step. The shards of [`Step::Request`] count as requested.
    ///
    /// The wanted data pieces alone are requested first if all of them are promising: they need no decoding, and may be
    /// fewer than a whole stripe. Otherwise any pieces that suffice to decode are requested, the best first.
    pub(crate) fn next(&mut self, ranks: Ranks) -> Step {
        if self.wanted.is_subset(self.have) || self.have.len() >= self.need {
            return Step::Done;
        }
        let expected = self.have.union(self.pending());
        if self.wanted.is_subset(expected) || expected.len() >= self.need {
            return Step::Wait;
        }
        let all_good = self.wanted.iter().all(|shard| ranks[usize::from(shard)] == Rank::Good);
        if self.requested.is_empty() && all_good && self.wanted.is_subset(self.stored) {
            return self.ask(self.wanted);
        }
        let more = self.best(self.need - expected.len(), Rank::Bad, ranks);
        match more {
            Some(more) => self.ask(more),
            None => Step::Lost { have: self.have.len(), need: self.need },
        }
    }

    /// The additional shards to request so that `late` of the pending ones are not needed; empty if that is impossible.
    /// They do not count as requested until [`Self::add`].
    pub(crate) fn hedge(&self, late: usize, ranks: Ranks) -> ShardSet {
        let expected = (self.have.len() + self.pending().len()).saturating_sub(late);
        let more = self.need.saturating_sub(expected);
        self.best(more, Rank::Slow, ranks).unwrap_or_default()
    }

    /// Counts `shards` as requested.
    pub(crate) fn add(&mut self, shards: ShardSet) {
        self.requested = self.requested.union(shards);
    }

    fn ask(&mut self, shards: ShardSet) -> Step {
        self.add(shards);
        Step::Request(shards)
    }

    /// The `count` best shards that are not requested yet, none of them worse than `worst`.
    fn best(&self, count: usize, worst: Rank, ranks: Ranks) -> Option<ShardSet> {
        let rank = |shard: &u8| ranks[usize::from(*shard)];
        let mut left: Vec<u8> =
            self.stored.without(self.requested).iter().filter(|shard| rank(shard) <= worst).collect();
        left.sort_by_key(|shard| (rank(shard), *shard));
        (left.len() >= count).then(|| left.into_iter().take(count).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: Ranks = [Rank::Good; SHARDS];

    fn set(shards: &[u8]) -> ShardSet {
        shards.iter().copied().collect()
    }

    fn striped(wanted: &[u8]) -> Plan {
        Plan::new(Layout::Striped, set(&[0, 1, 2, 3, 4, 5]), set(wanted))
    }

    fn small() -> Plan {
        Plan::new(Layout::Small, set(&[0, 4, 5]), set(&[0]))
    }

    #[test]
    fn a_whole_stripe_asks_the_data_and_then_a_parity_for_each_that_fails() {
        let mut plan = striped(&[0, 1, 2, 3]);
        assert_eq!(plan.next(GOOD), Step::Request(set(&[0, 1, 2, 3])));
        plan.arrived(0);
        assert_eq!(plan.next(GOOD), Step::Wait);
        plan.failed(2);
        assert_eq!(plan.next(GOOD), Step::Request(set(&[4])));
        plan.failed(4);
        assert_eq!(plan.next(GOOD), Step::Request(set(&[5])));
        plan.failed(1);
        assert_eq!(plan.next(GOOD), Step::Lost { have: 1, need: 4 });
    }

    #[test]
    fn a_part_of_a_stripe_asks_only_the_pieces_it_touches() {
        let mut plan = striped(&[2]);
        assert_eq!(plan.next(GOOD), Step::Request(set(&[2])));
        assert_eq!(plan.hedge(1, GOOD), set(&[0, 1, 3, 4]));
        plan.failed(2);
        assert_eq!(plan.next(GOOD), Step::Request(set(&[0, 1, 3, 4])));
        for shard in [0, 1, 3, 4] {
            plan.arrived(shard);
        }
        assert_eq!(plan.next(GOOD), Step::Done);
    }

    #[test]
    fn gone_and_slow_nodes_are_gone_around_at_once_and_requested_last() {
        let mut ranks = GOOD;
        ranks[1] = Rank::Bad;
        ranks[3] = Rank::Slow;
        let mut plan = striped(&[0, 1, 2, 3]);
        assert_eq!(plan.next(ranks), Step::Request(set(&[0, 2, 4, 5])));
        plan.failed(0);
        assert_eq!(plan.next(ranks), Step::Request(set(&[3])));
        plan.failed(5);
        assert_eq!(plan.next(ranks), Step::Request(set(&[1])));
    }

    #[test]
    fn a_small_content_is_one_request_and_each_other_shard_a_replacement() {
        let mut plan = small();
        assert_eq!(plan.next(GOOD), Step::Request(set(&[0])));
        assert_eq!(plan.hedge(1, GOOD), set(&[4]));
        plan.failed(0);
        assert_eq!(plan.next(GOOD), Step::Request(set(&[4])));
        plan.failed(4);
        assert_eq!(plan.next(GOOD), Step::Request(set(&[5])));
        plan.failed(5);
        assert_eq!(plan.next(GOOD), Step::Lost { have: 0, need: 1 });
    }

    #[test]
    fn a_second_hedge_adds_to_the_first() {
        let mut plan = striped(&[0, 1, 2, 3]);
        plan.next(GOOD);
        plan.arrived(0);
        plan.arrived(1);
        let first = plan.hedge(1, GOOD);
        assert_eq!(first, set(&[4]));
        plan.add(first);
        assert_eq!(plan.hedge(1, GOOD), ShardSet::EMPTY);
        assert_eq!(plan.hedge(2, GOOD), set(&[5]));
        assert_eq!(plan.pending(), set(&[2, 3, 4]));
    }

    proptest! {
        #[test]
        fn it_ends_and_loses_only_what_is_lost(
            ranks in prop::array::uniform6(prop::sample::select(vec![Rank::Good, Rank::Slow, Rank::Bad])),
            alive in 0_u8..64, wanted in 1_u8..16, is_small: bool,
        ) {
            let alive: ShardSet = (0..6).filter(|shard| alive & (1 << shard) != 0).collect();
            let mut plan = if is_small { small() } else { striped(&(0..4).filter(|shard| wanted & (1 << shard) != 0).collect::<Vec<_>>()) };
            let mut steps = 0;
            let last = loop {
                steps += 1;
                prop_assert!(steps < 20);
                match plan.next(ranks) {
                    Step::Request(shards) => prop_assert!(!shards.is_empty() && shards.is_subset(plan.stored)),
                    Step::Wait => {
                        let shard = plan.pending().iter().next().unwrap();
                        if alive.contains(shard) { plan.arrived(shard) } else { plan.failed(shard) }
                    }
                    end => break end,
                }
            };
            let left = plan.stored.without(plan.stored.without(alive)).len();
            match last {
                Step::Done => prop_assert!(plan.wanted.is_subset(plan.have) || plan.have.len() >= plan.need),
                Step::Lost { need, .. } => prop_assert!(left < need),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}
