//! Moves that even out the fills of nodes: they end, never go in circles, move little more than they have to, and make no
//! content less safe.

use std::collections::BTreeMap;

use domain::balance::{BEGIN, Band, Disk, Disks, END, Search};
use domain::placement::{Candidate, NODE_RESERVE_BYTES, place};
use domain::row::PlacedShard;
use events::ids::{Generation, NodeId};
use proptest::prelude::*;
use uuid::Uuid;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Passes after which a search counts as endless.
const PASSES_MAX: usize = 200;

fn node(number: usize) -> NodeId {
    format!("n{number}").parse().unwrap()
}

fn generation(number: u64) -> Generation {
    Generation::from_fresh(Uuid::from_u128(u128::from(number) << 3))
}

#[derive(Debug, Clone)]
struct Content {
    shards: Vec<PlacedShard>,
    shard_bytes: u64,
}

/// A disk with some capacity, in a zone.
#[derive(Debug, Clone)]
struct Plain {
    capacity: u64,
    zone: String,
    takes: bool,
}

/// Nodes, and the contents on them. Nodes may share a disk: then all report the same free bytes.
#[derive(Debug, Clone)]
struct Store {
    nodes: BTreeMap<NodeId, Plain>,
    contents: Vec<Content>,
    /// The bytes on each node.
    placed: BTreeMap<NodeId, u64>,
    is_shared: bool,
}

impl Store {
    fn new(capacities: &[u64], zones: usize, is_shared: bool) -> Self {
        let mut store = Self { nodes: BTreeMap::new(), contents: Vec::new(), placed: BTreeMap::new(), is_shared };
        for capacity in capacities {
            store.add(*capacity, zones);
        }
        store
    }

    fn add(&mut self, capacity: u64, zones: usize) {
        let number = self.nodes.len();
        let zone = format!("z{}", number % zones);
        self.nodes.insert(node(number), Plain { capacity, zone, takes: true });
    }

    fn placed(&self, node: &NodeId) -> u64 {
        self.placed.get(node).copied().unwrap_or_default()
    }

    fn disks(&self) -> Disks {
        let placed: BTreeMap<&NodeId, u64> = self.nodes.keys().map(|name| (name, self.placed(name))).collect();
        let capacity: u64 = self.nodes.values().map(|plain| plain.capacity).sum();
        let free = capacity.saturating_sub(placed.values().sum());
        let disk = |(name, plain): (&NodeId, &Plain)| {
            let placed_bytes = placed[name];
            let free_bytes = if self.is_shared { free } else { plain.capacity.saturating_sub(placed_bytes) };
            (name.clone(), Disk { zone: plain.zone.clone(), placed_bytes, free_bytes, takes: plain.takes })
        };
        self.nodes.iter().map(disk).collect()
    }

    /// Stores contents as uploads do.
    fn fill(&mut self, contents: u64, shards: usize, shard_bytes: u64) {
        for number in 0..contents {
            let name = generation(number + self.contents.len() as u64 * 1_000);
            let candidate = |(node, plain): (&NodeId, &Plain)| {
                let free_bytes = plain.capacity.saturating_sub(self.placed(node));
                Candidate { node: node.clone(), zone: plain.zone.clone(), free_bytes }
            };
            let candidates: Vec<Candidate> = self.nodes.iter().map(candidate).collect();
            let placed = place(&candidates, name, shards).unwrap();
            for node in &placed {
                *self.placed.entry(node.clone()).or_default() += shard_bytes;
            }
            let shard = |(index, node)| PlacedShard { index, node, generation: name };
            self.contents.push(Content { shards: (0..).zip(placed).map(shard).collect(), shard_bytes });
        }
    }

    /// How many shards of a content are in each zone, the most first.
    fn in_zones(&self, content: &Content) -> Vec<usize> {
        let mut counts = BTreeMap::<&str, usize>::new();
        for shard in &content.shards {
            *counts.entry(&self.nodes[&shard.node].zone).or_default() += 1;
        }
        let mut counts: Vec<usize> = counts.into_values().collect();
        counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
        counts
    }

    /// Moves what is to move if nodes are more uneven than this. Returns how many bytes those were; panics if it does not
    /// end.
    fn balance(&mut self, than: Band) -> u64 {
        let (mut moved, mut search) = (0, Search::begin(&self.disks(), than));
        for _ in 0..PASSES_MAX {
            let Some(mut pass) = search else { return moved };
            for at in 0..self.contents.len() {
                moved += self.move_one(at, &mut pass);
            }
            search = pass.next(&self.disks());
        }
        panic!("it never ends: {:?}", self.disks().fills());
    }

    fn move_one(&mut self, at: usize, search: &mut Search) -> u64 {
        let (content, disks) = (self.contents[at].clone(), self.disks());
        let Some(chosen) = disks.best_move(&content.shards, content.shard_bytes, search) else { return 0 };
        let (zones, highest) = (self.in_zones(&content), disks.fills().highest);
        assert!(content.shards.iter().all(|shard| shard.node != chosen.to), "it holds one already");
        assert!(self.nodes[&chosen.to].takes);
        let shard = self.contents[at].shards.iter_mut().find(|shard| shard.index == chosen.index).unwrap();
        assert_eq!(shard.node, chosen.from);
        shard.node = chosen.to.clone();
        *self.placed.get_mut(&chosen.from).unwrap() -= content.shard_bytes;
        *self.placed.entry(chosen.to.clone()).or_default() += content.shard_bytes;
        search.has_moved();
        let after = self.in_zones(&self.contents[at]);
        assert!(after <= zones, "{after:?} shards in zones after {zones:?}");
        let now = self.disks();
        assert!(now.fills().highest <= highest + 1e-9, "the fullest node became fuller");
        if !self.is_shared {
            assert!(self.placed(&chosen.to) + NODE_RESERVE_BYTES <= self.nodes[&chosen.to].capacity);
        }
        content.shard_bytes
    }

    fn gap(&self) -> f64 {
        let fills = self.disks().fills();
        (fills.highest - fills.lowest) / fills.mean
    }

    /// Whether nodes of one size are as even as shards of this many bytes let them be.
    fn is_even(&self, shard_bytes: u64) -> bool {
        let placed = || self.nodes.keys().map(|node| self.placed(node));
        let difference = placed().max().unwrap() - placed().min().unwrap();
        self.gap() <= END.gap + 1e-9 || difference <= 2 * shard_bytes
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn nodes_that_join_are_filled_as_the_others_are_and_then_nothing_moves(
        joining in 1_usize..7, shards in prop::sample::select(vec![3_usize, 6]), is_shared: bool, number in 60_u64..200
    ) {
        let mut store = Store::new(&[100 * GIB; 6], 16, is_shared);
        store.fill(number, shards, 16 * MIB);
        (0..joining).for_each(|_| store.add(100 * GIB, 16));
        let necessary = store.disks().surplus_bytes();
        let moved = store.balance(BEGIN);
        prop_assert!(store.is_even(16 * MIB), "{:?}", store.placed);
        prop_assert!(moved > 0);
        // Every move goes from above the mean to below it. What shares a disk has another mean afterwards.
        prop_assert!(moved <= necessary + necessary / 5, "{moved} bytes for {necessary}");
        prop_assert_eq!(store.balance(END), 0, "a process that starts moves nothing");
    }

    #[test]
    fn disks_of_any_sizes_in_any_zones_come_to_rest(
        sizes in prop::collection::vec(2_u64..60, 6..12), joining in prop::collection::vec(2_u64..60, 0..4),
        zones in 1_usize..7, number in 1_u64..150, shard_bytes in 1_u64..40, is_shared: bool,
        closed in prop::collection::vec(any::<bool>(), 16)
    ) {
        let sizes: Vec<u64> = sizes.iter().map(|size| size * GIB).collect();
        let mut store = Store::new(&sizes, zones, is_shared);
        store.fill(number, 6, shard_bytes * MIB);
        store.fill(number / 2, 3, shard_bytes * MIB);
        for size in joining {
            store.add(size * GIB, zones);
        }
        for (plain, closed) in store.nodes.values_mut().zip(closed) {
            plain.takes = !closed;
        }
        let before = store.gap();
        // Each move is checked by itself.
        store.balance(BEGIN);
        prop_assert!(store.gap() <= before + 1e-9);
        store.balance(END);
        prop_assert_eq!(store.balance(END), 0, "what could not move cannot move now");
    }
}

#[test]
fn the_fullest_node_gives_first_and_the_emptiest_takes() {
    let disk = |placed_bytes, free_bytes| Disk { zone: "z".into(), placed_bytes, free_bytes, takes: true };
    let names = |numbers: &[usize]| -> Vec<PlacedShard> {
        let shard =
            |(index, number): (u8, &usize)| PlacedShard { index, node: node(*number), generation: generation(1) };
        (0..).zip(numbers).map(shard).collect()
    };
    let disks: Disks = [
        (node(1), disk(60 * GIB, 40 * GIB)),
        (node(2), disk(80 * GIB, 20 * GIB)),
        (node(3), disk(50 * GIB, 50 * GIB)),
        (node(4), disk(10 * GIB, 90 * GIB)),
        (node(5), disk(20 * GIB, 80 * GIB)),
    ]
    .into_iter()
    .collect();
    let search = Search::begin(&disks, BEGIN).unwrap();
    let of = |numbers: &[usize]| {
        let chosen = disks.best_move(&names(numbers), MIB, &search);
        chosen.map(|chosen| (chosen.index, chosen.from.to_string(), chosen.to.to_string()))
    };
    assert_eq!(of(&[1, 2, 3]), Some((1, "n2".into(), "n4".into())));
    assert_eq!(of(&[2, 4, 1]), Some((0, "n2".into(), "n5".into())), "the emptiest has one already");
    assert_eq!(of(&[1, 3, 4]), Some((0, "n1".into(), "n5".into())));
    assert_eq!(of(&[3, 4, 5]), None, "others are worth more");
    assert_eq!(of(&[2, 2, 1]), None, "two on one node are for repair");
    assert_eq!(of(&[2, 9, 1]), None, "of one that is away nothing is known");
}

#[test]
fn a_zone_takes_no_more_of_a_content_than_another_one_gives() {
    let disk = |zone: &str, placed_bytes| Disk { zone: zone.into(), placed_bytes, free_bytes: 100 * GIB, takes: true };
    let disks: Disks = [
        (node(1), disk("a", 50 * GIB)),
        (node(2), disk("a", 50 * GIB)),
        (node(3), disk("b", 60 * GIB)),
        (node(4), disk("a", 0)),
    ]
    .into_iter()
    .collect();
    let search = Search::begin(&disks, BEGIN).unwrap();
    let shard = |(index, number): (u8, usize)| PlacedShard { index, node: node(number), generation: generation(1) };
    let shards: Vec<PlacedShard> = (0..).zip([1, 2, 3]).map(shard).collect();
    let chosen = disks.best_move(&shards, MIB, &search).unwrap();
    assert_eq!((chosen.from, chosen.to), (node(1), node(4)), "n3 is fuller, but then all three were in one zone");
}

#[test]
fn little_is_left_as_it_is() {
    let disks = |placed: [u64; 3], free_bytes| -> Disks {
        let disk = |placed_bytes| Disk { zone: "z".into(), placed_bytes, free_bytes, takes: true };
        (1..).zip(placed).map(|(number, placed)| (node(number), disk(placed))).collect()
    };
    let begins = |placed, band| Search::begin(&disks(placed, 100 * GIB), band).is_some();
    assert!(!begins([GIB, GIB, GIB], END));
    assert!(!begins([1_000 * MIB, 1_000 * MIB, 850 * MIB], BEGIN), "within a fifth of the mean");
    assert!(begins([1_000 * MIB, 1_000 * MIB, 850 * MIB], END));
    assert!(begins([1_000 * MIB, 1_000 * MIB, 700 * MIB], BEGIN));
    assert!(!begins([MIB, MIB, 0], END), "too few bytes");
    assert!(!begins([0, 0, 0], END));
    let full = Search::begin(&disks([GIB, GIB, 0], 0), END);
    assert!(full.is_none(), "an empty node without room is as full as it can be");
}
