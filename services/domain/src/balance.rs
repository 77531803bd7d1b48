//! Chooses which shards move from fuller nodes to emptier ones.
//!
//! The fill of a node is the part of what it could hold that is placed on it: placed bytes over placed and free bytes. On
//! disks of their own, equal fills leave each node room in proportion to its size. Nodes that share one disk report the same
//! free bytes, so equal fills mean equal bytes there. Placed bytes are those of the log, which change with the very event that
//! moves a shard; what a node reports of itself is a second old.
//!
//! A move takes a shard from one node to an emptier one, and only if the first is still at least as full as the other
//! afterwards. So the sum of placed² / capacity over all nodes falls with every move: whatever the order of the moves, no shard
//! ever moves in a circle, the highest fill never rises, and the search ends.

use std::collections::{BTreeMap, BTreeSet};

use events::ids::NodeId;

use crate::placement::NODE_RESERVE_BYTES;
use crate::row::PlacedShard;

/// How uneven nodes are before anything moves ...
pub const BEGIN: Band = Band { gap: 0.2, bytes: 4 * 1024 * 1024 };

/// ... and what may be left of that in the end. Between both, a store that is in use may drift without a move.
pub const END: Band = Band { gap: 0.1, bytes: 1024 * 1024 };

/// A pass moves shards whose move is worth this part of the best one, so that the most useful ones come first.
const USEFUL_PART: f64 = 0.5;

/// How uneven two nodes are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The difference of their fills, as a part of the mean fill of all nodes.
    pub gap: f64,
    /// Bytes that would have to move until their fills are equal.
    pub bytes: u64,
}

/// A node that holds shards and can be read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Nodes of one zone may fail together.
    pub zone: String,
    /// Bytes of the shards that the log places on it.
    pub placed_bytes: u64,
    /// Bytes that it can still store.
    pub free_bytes: u64,
    /// Whether it may take shards.
    pub takes: bool,
}

impl Disk {
    fn capacity(&self) -> f64 {
        float(self.placed_bytes.saturating_add(self.free_bytes).max(1))
    }

    fn fill(&self) -> f64 {
        float(self.placed_bytes) / self.capacity()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a fill that is off by a part in 2^53 compares as well")]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

/// The fills of nodes, as parts of one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Fills {
    /// The lowest.
    pub lowest: f64,
    /// All placed bytes over all bytes.
    pub mean: f64,
    /// The highest.
    pub highest: f64,
}

/// A shard that is to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The index of the shard in its content.
    pub index: u8,
    /// The node that holds it.
    pub from: NodeId,
    /// The node that is to hold it.
    pub to: NodeId,
}

/// All nodes that can be read from, each with its share of the bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Disks {
    disks: BTreeMap<NodeId, Disk>,
    mean: f64,
}

impl FromIterator<(NodeId, Disk)> for Disks {
    fn from_iter<I: IntoIterator<Item = (NodeId, Disk)>>(disks: I) -> Self {
        let mut all = Self { disks: disks.into_iter().collect(), mean: 0.0 };
        all.mean = all.mean();
        all
    }
}

impl Disks {
    fn mean(&self) -> f64 {
        let placed: f64 = self.disks.values().map(|disk| float(disk.placed_bytes)).sum();
        let capacity: f64 = self.disks.values().map(Disk::capacity).sum();
        placed / capacity.max(1.0)
    }

    /// The fills of the nodes.
    pub fn fills(&self) -> Fills {
        let fills = || self.disks.values().map(Disk::fill);
        let lowest = fills().fold(f64::INFINITY, f64::min).min(self.mean);
        Fills { lowest, mean: self.mean, highest: fills().fold(0.0, f64::max) }
    }

    /// Bytes above the mean fill, on all nodes together: so many have to move until all fills are equal.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is positive and no more than is stored"
    )]
    pub fn surplus_bytes(&self) -> u64 {
        let above = |disk: &Disk| (float(disk.placed_bytes) - self.mean * disk.capacity()).max(0.0);
        self.disks.values().map(above).sum::<f64>() as u64
    }

    /// The widest gap between a node and one that may take shards, and whether two such nodes are more uneven than this.
    fn widest(&self, than: Band) -> (f64, bool) {
        let pairs = self.disks.values().flat_map(|from| {
            let takers = self.disks.values().filter(|to| to.takes);
            takers.map(move |to| (from, to))
        });
        pairs.fold((0.0, false), |(widest, is_uneven), (from, to)| {
            (widest.max(self.gap(from, to)), is_uneven || self.exceeds(from, to, than))
        })
    }

    fn gap(&self, from: &Disk, to: &Disk) -> f64 {
        if self.mean > 0.0 { (from.fill() - to.fill()) / self.mean } else { 0.0 }
    }

    fn exceeds(&self, from: &Disk, to: &Disk, band: Band) -> bool {
        self.gap(from, to) > band.gap && evening_bytes(from, to) >= float(band.bytes)
    }

    /// Whether a shard of this many bytes would be better off on the other node, as far as their fills tell.
    fn is_useful(&self, from: &Disk, to: &Disk, bytes: u64, search: &Search) -> bool {
        let band = Band { gap: search.gap, ..END };
        let is_across_mean = from.fill() > self.mean && to.fill() < self.mean;
        let has_room = to.takes && to.free_bytes >= NODE_RESERVE_BYTES.saturating_add(bytes);
        has_room
            && (is_across_mean || !search.is_across_mean)
            && self.exceeds(from, to, band)
            && float(bytes) <= evening_bytes(from, to)
    }

    /// The most useful move of a shard of a content, if one is useful enough. `shards` are all shards of the content, and
    /// `bytes` those of each. Nothing moves of a content with a shard on a node that is not among these, or with two on one
    /// node: that is for repair to look at.
    pub fn best_move(&self, shards: &[PlacedShard], bytes: u64, search: &Search) -> Option<Move> {
        let on: BTreeMap<&NodeId, &Disk> =
            shards.iter().map(|shard| self.disks.get_key_value(&shard.node)).collect::<Option<_>>()?;
        if on.len() < shards.len() {
            return None;
        }
        let in_zone = |zone: &str| on.values().filter(|disk| disk.zone == zone).count();
        let mut best: Option<(f64, Move)> = None;
        for shard in shards {
            let from = on.get(&shard.node)?;
            for (node, to) in self.disks.iter().filter(|(node, _)| !on.contains_key(node)) {
                // From one zone to another only if that one has fewer shards of the content: then none has more than before.
                let is_safe = from.zone == to.zone || in_zone(&to.zone) < in_zone(&from.zone);
                let gap = self.gap(from, to);
                let is_better = best.as_ref().is_none_or(|(best, _)| gap > *best);
                if is_safe && is_better && self.is_useful(from, to, bytes, search) {
                    best = Some((gap, Move { index: shard.index, from: shard.node.clone(), to: node.clone() }));
                }
            }
        }
        best.map(|(_, chosen)| chosen)
    }

    /// Takes in that a shard of this many bytes moves.
    pub fn moved(&mut self, chosen: &Move, bytes: u64) {
        if let Some(from) = self.disks.get_mut(&chosen.from) {
            from.placed_bytes = from.placed_bytes.saturating_sub(bytes);
            from.free_bytes = from.free_bytes.saturating_add(bytes);
        }
        if let Some(to) = self.disks.get_mut(&chosen.to) {
            to.placed_bytes = to.placed_bytes.saturating_add(bytes);
            to.free_bytes = to.free_bytes.saturating_sub(bytes);
        }
    }

    /// The names of the nodes.
    pub fn names(&self) -> BTreeSet<NodeId> {
        self.disks.keys().cloned().collect()
    }
}

/// Bytes that would have to move until the fills of both are equal; negative if the first is the emptier one.
fn evening_bytes(from: &Disk, to: &Disk) -> f64 {
    (from.fill() - to.fill()) / (from.capacity().recip() + to.capacity().recip())
}

/// What is looked for in the contents, from pass to pass: at first the most useful moves, in the end all that are useful at
/// all. Losing it does no harm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// The gap that a move has to be worth.
    gap: f64,
    /// Whether only moves from a node above the mean fill to one below it count. None of these is ever taken back.
    is_across_mean: bool,
    has_moved: bool,
}

impl Search {
    /// A search, if nodes are more uneven than this.
    pub fn begin(disks: &Disks, than: Band) -> Option<Self> {
        let (widest, is_uneven) = disks.widest(than);
        let gap = (widest * USEFUL_PART).max(END.gap);
        is_uneven.then_some(Self { gap, is_across_mean: true, has_moved: false })
    }

    /// A shard moved, or is about to.
    pub fn has_moved(&mut self) {
        self.has_moved = true;
    }

    /// All contents were looked at: what is looked for next, if anything.
    pub fn next(self, disks: &Disks) -> Option<Self> {
        let (widest, is_uneven) = disks.widest(END);
        let next = Self { has_moved: false, ..self };
        match () {
            () if !is_uneven => None,
            () if self.has_moved => Some(Self { gap: self.gap.min(widest * USEFUL_PART).max(END.gap), ..next }),
            () if self.gap > END.gap => Some(Self { gap: (self.gap * USEFUL_PART).max(END.gap), ..next }),
            () if self.is_across_mean => Some(Self { is_across_mean: false, ..next }),
            () => None,
        }
    }
}
