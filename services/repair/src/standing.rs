//! How the log stands to nodes: which of them are gone for good, as far as repair is concerned.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::placement::{Candidate, NODE_RESERVE_BYTES};
use domain::row::{Condition, Duty, NodeRow, Presence};
use events::ids::NodeId;
use jiff::Timestamp;
use tokio::time::Instant;

/// How a node stands to a shard that is placed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It holds the shard, as far as is known.
    Holds,
    /// It is offline, and may come back in time.
    Away,
    /// It holds the shard, and is being emptied.
    Leaves,
    /// It is gone, or gave up the folder in which the shard lay.
    Lost,
}

/// When each node that is offline was first seen to be, by the clock that never jumps.
#[derive(Debug, Default)]
pub(crate) struct Absences(BTreeMap<NodeId, (u64, Instant)>);

impl Absences {
    /// Takes in the rows of all nodes.
    fn see(&mut self, nodes: &BTreeMap<NodeId, NodeRow>, now: Instant) {
        let is_away = |row: &NodeRow| matches!(row.presence.is, Presence::Offline { .. });
        self.0.retain(|node, (since, _)| {
            nodes.get(node).is_some_and(|row| is_away(row) && row.presence.sequence == *since)
        });
        for (node, row) in nodes.iter().filter(|(_, row)| is_away(row)) {
            self.0.entry(node.clone()).or_insert((row.presence.sequence, now));
        }
    }
}

/// All nodes at one point of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nodes {
    rows: BTreeMap<NodeId, NodeRow>,
    /// Nodes that are offline for too long.
    gone: BTreeSet<NodeId>,
    /// Nodes that may take shards now.
    open: BTreeSet<NodeId>,
}

impl Nodes {
    /// `candidates` may take shards now. A node is gone once it is offline for `repair_after`, by the time of the event, or
    /// by the time since this process has seen it: so no clock that is wrong keeps anything from being repaired.
    pub(crate) fn new(
        rows: BTreeMap<NodeId, NodeRow>,
        candidates: &[Candidate],
        absences: &mut Absences,
        repair_after: Duration,
        (time, now): (Timestamp, Instant),
    ) -> Self {
        absences.see(&rows, now);
        let passed = |node: &NodeId, row: &NodeRow| {
            let by_event = time.duration_since(row.presence.time);
            let is_seen = |(_, since): &(u64, Instant)| now.saturating_duration_since(*since) >= repair_after;
            absences.0.get(node).is_some_and(|seen| {
                is_seen(seen) || Duration::try_from(by_event).is_ok_and(|passed| passed >= repair_after)
            })
        };
        let gone = rows.iter().filter(|(node, row)| passed(node, row)).map(|(node, _)| node.clone()).collect();
        let has_room = candidates.iter().filter(|candidate| candidate.free_bytes >= NODE_RESERVE_BYTES);
        // The log takes no shard for a node of which it knows nothing.
        let takes = |node: &NodeId| rows.get(node).is_some_and(NodeRow::takes_shards);
        let open = has_room.map(|candidate| candidate.node.clone()).filter(takes).collect();
        Self { rows, gone, open }
    }

    /// How a node stands to a shard that the event `placed` placed on it.
    pub(crate) fn standing(&self, node: &NodeId, placed: u64) -> Standing {
        // A store from before nodes joined: they are taken by their word.
        let Some(row) = self.rows.get(node) else { return Standing::Holds };
        let is_online = row.presence.is == Presence::Online;
        match row.duty.is {
            _ if row.gave_up(placed) || self.gone.contains(node) => Standing::Lost,
            _ if !is_online => Standing::Away,
            Duty::Drain => Standing::Leaves,
            Duty::Serve | Duty::Removed => Standing::Holds,
        }
    }

    /// The nodes that may take shards now.
    pub(crate) fn open(&self) -> &BTreeSet<NodeId> {
        &self.open
    }

    /// The nodes that hold shards and take new ones by the word of the log, which does not change with every slow reply.
    pub(crate) fn usable(&self) -> impl Iterator<Item = &NodeId> {
        let is_usable = |row: &NodeRow| {
            row.duty.is == Duty::Serve && row.presence.is == Presence::Online && row.condition.is == Condition::Healthy
        };
        self.rows.iter().filter(move |(_, row)| is_usable(row)).map(|(node, _)| node)
    }

    /// Whether a request to a node makes sense.
    pub(crate) fn is_asked(&self, node: &NodeId) -> bool {
        let is_here = |row: &NodeRow| row.presence.is == Presence::Online && row.duty.is != Duty::Removed;
        self.rows.get(node).is_none_or(is_here)
    }

    /// The nodes that have to be empty, because they are gone or are being emptied. What was placed on a folder that was
    /// given up is not among them.
    pub(crate) fn to_be_empty(&self) -> impl Iterator<Item = &NodeId> {
        let leaves = |(node, row): &(&NodeId, &NodeRow)| self.gone.contains(*node) || row.duty.is != Duty::Serve;
        self.rows.iter().filter(leaves).map(|(node, _)| node)
    }

    /// When the next node that is offline will be gone.
    pub(crate) fn next_gone(&self, absences: &Absences, repair_after: Duration) -> Option<Instant> {
        let waited_for = absences.0.iter().filter(|(node, _)| !self.gone.contains(*node));
        waited_for.map(|(_, (_, since))| *since + repair_after).min()
    }

    /// What of the nodes decides which contents are owed a shard.
    pub(crate) fn signature(&self) -> Signature {
        let row = |(node, row): (&NodeId, &NodeRow)| {
            let is_online = row.presence.is == Presence::Online;
            (node.clone(), row.replaced, is_online, row.duty.is)
        };
        Signature { rows: self.rows.iter().map(row).collect(), gone: self.gone.clone(), open: self.open.clone() }
    }
}

/// What of the nodes decides which contents are owed a shard.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Signature {
    rows: Vec<(NodeId, u64, bool, Duty)>,
    gone: BTreeSet<NodeId>,
    open: BTreeSet<NodeId>,
}

impl Signature {
    /// Whether the same shards are owed, but for where they may go to.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        self.rows == other.rows && self.gone == other.gone
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use domain::row::{Condition, Since};
    use events::ids::FolderId;
    use uuid::Uuid;

    use super::*;

    pub(crate) const AFTER: Duration = Duration::from_mins(10);

    pub(crate) fn name(number: u8) -> NodeId {
        format!("n{number}").parse().unwrap()
    }

    pub(crate) fn row() -> NodeRow {
        fn since<T>(is: T) -> Since<T> {
            Since { is, sequence: 1, time: Timestamp::UNIX_EPOCH }
        }
        NodeRow {
            folder: FolderId(Uuid::nil()),
            zone: "z".into(),
            joined: Timestamp::UNIX_EPOCH,
            sequence: 1,
            changed: 1,
            replaced: 0,
            presence: since(Presence::Online),
            duty: since(Duty::Serve),
            condition: since(Condition::Healthy),
            strays_confirmed: since(0),
            starts: 0,
            position: 0,
        }
    }

    pub(crate) fn offline(mut row: NodeRow, sequence: u64) -> NodeRow {
        row.presence.is = Presence::Offline { position: 0, starts: 1 };
        row.presence.sequence = sequence;
        row
    }

    pub(crate) fn candidate(node: &NodeId) -> Candidate {
        Candidate { node: node.clone(), zone: node.to_string(), free_bytes: 1 << 40 }
    }

    /// Nodes `n1` to `n6`, but for those that are given, at a moment at which those that are offline have been so for an
    /// hour. Those that are online are open.
    pub(crate) fn nodes(others: &[(u8, NodeRow)]) -> Nodes {
        let mut rows: BTreeMap<NodeId, NodeRow> = (1..=6).map(|number| (name(number), row())).collect();
        rows.extend(others.iter().map(|(number, row)| (name(*number), row.clone())));
        let online = rows.iter().filter(|(_, row)| row.presence.is == Presence::Online);
        let candidates: Vec<Candidate> = online.map(|(node, _)| candidate(node)).collect();
        let hour = Timestamp::from_second(3600).unwrap();
        Nodes::new(rows, &candidates, &mut Absences::default(), AFTER, (hour, Instant::now()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_is_gone_after_a_while_whatever_the_clock_says() {
        let rows: BTreeMap<_, _> = [(name(1), offline(row(), 7))].into();
        let mut absences = Absences::default();
        let early = Timestamp::from_second(-3600).unwrap();
        let mut standing = |time| {
            let nodes = Nodes::new(rows.clone(), &[], &mut absences, AFTER, (time, Instant::now()));
            (nodes.standing(&name(1), 5), nodes.next_gone(&absences, AFTER).is_some())
        };
        assert_eq!(standing(early), (Standing::Away, true));
        assert_eq!(standing(Timestamp::from_second(599).unwrap()), (Standing::Away, true));
        assert_eq!(standing(Timestamp::from_second(600).unwrap()), (Standing::Lost, false), "by the event");
        tokio::time::advance(AFTER).await;
        assert_eq!(standing(early), (Standing::Lost, false), "by this process");
    }

    #[tokio::test(start_paused = true)]
    async fn an_absence_begins_anew_with_each_event() {
        let mut absences = Absences::default();
        let early = Timestamp::from_second(-3600).unwrap();
        let mut standing = |row: NodeRow| {
            let nodes = Nodes::new([(name(1), row)].into(), &[], &mut absences, AFTER, (early, Instant::now()));
            nodes.standing(&name(1), 5)
        };
        assert_eq!(standing(offline(row(), 7)), Standing::Away);
        tokio::time::advance(AFTER).await;
        assert_eq!(standing(row()), Standing::Holds);
        assert_eq!(standing(offline(row(), 9)), Standing::Away);
    }

    #[tokio::test]
    async fn what_was_given_up_is_lost_at_once_and_what_drains_is_not() {
        let mut replaced = row();
        replaced.replaced = 20;
        let (mut removed, mut drains, mut away_and_drains) = (row(), row(), offline(row(), 3));
        removed.duty.is = Duty::Removed;
        drains.duty.is = Duty::Drain;
        away_and_drains.duty.is = Duty::Drain;
        away_and_drains.presence.time = Timestamp::from_second(3590).unwrap();
        let nodes = nodes(&[(1, replaced), (2, removed), (3, drains), (4, away_and_drains)]);
        let standing = |number, placed| nodes.standing(&name(number), placed);
        assert_eq!((standing(1, 19), standing(1, 20)), (Standing::Lost, Standing::Holds));
        assert_eq!(
            [2, 3, 4, 5, 9].map(|number| standing(number, 5)),
            [Standing::Lost, Standing::Leaves, Standing::Away, Standing::Holds, Standing::Holds]
        );
        let to_be_empty: Vec<_> = nodes.to_be_empty().cloned().collect();
        assert_eq!(to_be_empty, [name(2), name(3), name(4)]);
        assert_eq!(nodes.open().iter().cloned().collect::<Vec<_>>(), [name(1), name(5), name(6)]);
    }
}
