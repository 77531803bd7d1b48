//! Which nodes are to be gone through, and when: all of them at the beginning and from time to time, and each that comes
//! online.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use events::ids::NodeId;
use shards::Membership;
use tokio::time::Instant;

use crate::sweep::Pass;

/// How often all nodes are gone through within the longest time that an upload may take: twice a day within a week.
const ROUNDS: u32 = 14;

/// The longest time between two rounds.
const ROUND_INTERVAL_MAX: Duration = Duration::from_hours(12);

/// The shortest.
const ROUND_INTERVAL_MIN: Duration = Duration::from_secs(1);

/// How long a node that could not be gone through is left alone, unless it comes online again before.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// The passes that are due.
#[derive(Debug, Default)]
pub(crate) struct Passes {
    /// The pass that is under way.
    pub(crate) under_way: Option<Pass>,
    /// Since when each node that has one coming is due for it.
    due: BTreeMap<NodeId, Instant>,
    /// Who was online at the last look.
    online: BTreeSet<NodeId>,
    /// Nodes that were gone through to the end, and hold nothing suspicious.
    gone_through: BTreeSet<NodeId>,
    /// Nodes that could not be gone through the last time.
    given_up: BTreeSet<NodeId>,
    /// How often each node had come online at the last look.
    arrivals: BTreeMap<NodeId, u64>,
    next_round: Option<Instant>,
}

/// The time between two rounds.
fn round_interval(upload_time_max: Duration) -> Duration {
    (upload_time_max / ROUNDS).clamp(ROUND_INTERVAL_MIN, ROUND_INTERVAL_MAX)
}

impl Passes {
    /// Looks who is there.
    pub(crate) fn look(&mut self, membership: &Membership, upload_time_max: Duration, now: Instant) {
        let online: BTreeSet<NodeId> = membership
            .nodes()
            .into_iter()
            .filter(shards::NodeView::is_online)
            .map(|view| view.heartbeat.node)
            .collect();
        let arrivals = membership.arrivals();
        let is_new = |node: &NodeId| self.arrivals.get(node) != arrivals.get(node);
        let is_round = self.next_round.is_none_or(|at| at <= now);
        for node in online.iter().filter(|node| is_round || is_new(node)) {
            self.due.insert(node.clone(), now);
        }
        if is_round {
            self.next_round = Some(now + round_interval(upload_time_max));
        }
        // Whoever is away is gone through when it is back.
        self.due.retain(|node, _| online.contains(node));
        self.arrivals = arrivals;
        self.online = online;
    }

    /// All nodes are to be gone through now, after the one that is under way.
    pub(crate) fn round_now(&mut self) {
        self.next_round = None;
    }

    /// The node to go through now, if there is one.
    pub(crate) fn next(&self, now: Instant) -> Option<NodeId> {
        self.due
            .iter()
            .filter(|(_, since)| **since <= now)
            .min_by_key(|(_, since)| **since)
            .map(|(node, _)| node.clone())
    }

    /// A node is to be gone through after a while, if it is not due before.
    pub(crate) fn want_later(&mut self, node: NodeId) {
        self.due.entry(node).or_insert_with(|| Instant::now() + RETRY_PAUSE);
    }

    /// A pass through a node begins.
    pub(crate) fn begin(&mut self, pass: Pass) {
        self.due.remove(&pass.node);
        self.under_way = Some(pass);
    }

    /// A node was gone through, and holds nothing suspicious.
    pub(crate) fn end(&mut self, node: &NodeId) {
        self.under_way = None;
        self.given_up.remove(node);
        self.gone_through.insert(node.clone());
    }

    /// A node could not be gone through. Nobody waits for it.
    pub(crate) fn give_up(&mut self, node: NodeId) {
        self.under_way = None;
        self.given_up.insert(node.clone());
        self.due.insert(node, Instant::now() + RETRY_PAUSE);
    }

    /// The pass that is under way begins anew if its last page was not done with.
    pub(crate) fn resume(&mut self) {
        if let Some(pass) = self.under_way.take_if(|pass| pass.is_unfinished) {
            self.want(pass.node);
        }
    }

    /// A node is to be gone through once more.
    pub(crate) fn want(&mut self, node: NodeId) {
        self.due.insert(node, Instant::now());
    }

    /// Whether enough of what the nodes hold was seen to tell a wrong log: every node that is online was gone through, or
    /// could not be, and at least half of those of the log, `nodes`, were gone through.
    pub(crate) fn is_first_over(&self, nodes: &BTreeSet<NodeId>) -> bool {
        let gone_through = nodes.intersection(&self.gone_through).count();
        let is_looked_at = |node| self.gone_through.contains(node) || self.given_up.contains(node);
        gone_through > 0 && gone_through * 2 >= nodes.len() && self.online.iter().all(is_looked_at)
    }

    /// How long it is until a pass is due.
    pub(crate) fn rest(&self, now: Instant) -> Duration {
        let next = self.due.values().chain(&self.next_round).min();
        next.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use domain::row::Since;
    use events::ids::FolderId;
    use jiff::Timestamp;
    use testkit::MemoryNodes;
    use testkit::nodes::Misbehavior;
    use uuid::Uuid;

    use super::*;

    const WEEK: Duration = Duration::from_hours(7 * 24);

    fn node(number: usize) -> NodeId {
        MemoryNodes::name(number)
    }

    fn named(numbers: impl IntoIterator<Item = usize>) -> BTreeSet<NodeId> {
        numbers.into_iter().map(node).collect()
    }

    fn new_pass(node: NodeId) -> Pass {
        Pass::new(node, FolderId(Uuid::nil()), Since { is: 0, sequence: 1, time: Timestamp::UNIX_EPOCH })
    }

    /// Goes through the next node, at once.
    fn pass(passes: &mut Passes, now: Instant) -> Option<NodeId> {
        let node = passes.next(now)?;
        passes.begin(new_pass(node.clone()));
        passes.end(&node);
        Some(node)
    }

    #[test]
    fn nodes_are_gone_through_at_the_beginning_when_they_come_and_from_time_to_time() {
        let (nodes, begun, mut passes) = (MemoryNodes::new(3), Instant::now(), Passes::default());
        nodes.set(&node(3), Misbehavior::Gone);
        let membership = nodes.membership();
        passes.look(&membership, WEEK, begun);
        assert!(!passes.is_first_over(&named(1..=3)));
        assert_eq!([(); 3].map(|()| pass(&mut passes, begun)), [Some(node(1)), Some(node(2)), None]);
        assert!(passes.is_first_over(&named(1..=4)) && !passes.is_first_over(&named(1..=5)));
        nodes.set(&node(3), Misbehavior::None);
        nodes.announce(&membership);
        passes.look(&membership, WEEK, begun);
        assert!(!passes.is_first_over(&named(1..=3)), "it may hold what the log does not know");
        assert_eq!([(); 2].map(|()| pass(&mut passes, begun)), [Some(node(3)), None]);
        let later = begun + ROUND_INTERVAL_MAX;
        passes.look(&membership, WEEK, later - Duration::from_millis(1));
        assert_eq!(pass(&mut passes, later), None);
        passes.look(&membership, WEEK, later);
        assert_eq!([(); 4].map(|()| pass(&mut passes, later)), [Some(node(1)), Some(node(2)), Some(node(3)), None]);
    }

    #[test]
    fn nobody_waits_for_a_node_that_cannot_be_gone_through() {
        let (nodes, begun, mut passes) = (MemoryNodes::new(2), Instant::now(), Passes::default());
        passes.look(&nodes.membership(), WEEK, begun);
        passes.begin(new_pass(node(1)));
        passes.give_up(node(1));
        assert_eq!(pass(&mut passes, begun), Some(node(2)));
        assert!(passes.is_first_over(&named(1..=2)));
        assert_eq!(passes.next(begun), None);
        assert_eq!(passes.next(Instant::now() + RETRY_PAUSE), Some(node(1)));
    }

    #[test]
    fn nodes_that_are_away_or_say_nothing_tell_of_no_log_that_it_is_right() {
        let (nodes, begun, mut passes) = (MemoryNodes::new(2), Instant::now(), Passes::default());
        for number in 1..=2 {
            nodes.set(&node(number), Misbehavior::Gone);
        }
        let membership = nodes.membership();
        passes.look(&membership, WEEK, begun);
        assert!(!passes.is_first_over(&named([])) && !passes.is_first_over(&named(1..=2)));
        for number in 1..=2 {
            nodes.set(&node(number), Misbehavior::None);
        }
        nodes.announce(&membership);
        passes.look(&membership, WEEK, begun);
        passes.give_up(node(1));
        passes.give_up(node(2));
        assert!(!passes.is_first_over(&named(1..=2)));
    }

    #[test]
    fn a_pass_that_was_left_in_the_middle_of_a_page_begins_anew() {
        let (nodes, begun, mut passes) = (MemoryNodes::new(1), Instant::now(), Passes::default());
        passes.look(&nodes.membership(), WEEK, begun);
        passes.begin(new_pass(node(1)));
        passes.resume();
        assert!(passes.under_way.is_some());
        if let Some(pass) = &mut passes.under_way {
            pass.is_unfinished = true;
        }
        passes.resume();
        assert!(passes.under_way.is_none());
        assert_eq!(passes.next(Instant::now()), Some(node(1)));
    }
}
