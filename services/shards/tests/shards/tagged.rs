//! Nodes that make up what they store of tagged contents, with checksums that fit.

use std::ops::Range;

use bytes::Bytes;
use identity::{PIECE_SECRET_BYTES, PieceSecret, PieceSecrets};
use proptest::prelude::*;
use shards::piece::{Piece, STRIPE_BYTES, UNIT_BYTES};
use shards::{IncidentKind, ReadError, ShardStore, StoredContent, WriteError};
use testkit::{MemoryNodes, Misbehavior};
use tokio::sync::mpsc;

use super::support::{Fixture, SECRET, content, until};

/// Two stripes and a part of a third, which is cut into four units of 2,500 bytes.
const SIZE: usize = 2 * STRIPE_BYTES + 10_000;

/// Pieces of each of its shards.
const PIECES: u32 = 3;

/// A content whose shards are all on their nodes. An odd number, so it is tagged.
async fn stored(fixture: &Fixture, number: u128, content: &Bytes) -> StoredContent {
    let before = fixture.all_shards(true).len();
    let stored = fixture.store(number, content, Some(UNIT_BYTES)).await.unwrap();
    assert_eq!(stored.generation.secret(), Some(SECRET));
    until(|| fixture.all_shards(true).len() == before + 6).await;
    stored
}

fn piece(fixture: &Fixture, stored: &StoredContent, shard: u8, piece: u32) -> Piece {
    let node = stored.placement.node(shard).unwrap();
    fixture.nodes.piece(node, stored.generation.shard(shard), piece).unwrap()
}

/// Makes the node of a shard tell another piece, whose checksum fits.
fn forge(fixture: &Fixture, stored: &StoredContent, shard: u8, index: u32, other: &Piece) {
    let node = stored.placement.node(shard).unwrap();
    fixture.nodes.forge(node, stored.generation.shard(shard), index, |_| (other.tag, other.bytes.clone()));
}

/// The shards reported so far, each with its node.
fn told(fixture: &mut Fixture) -> Vec<(u8, String)> {
    let mut told = Vec::new();
    while let Ok(incident) = fixture.incidents.try_recv() {
        assert_eq!(incident.kind, IncidentKind::Damaged);
        told.push((incident.shard, incident.node.to_string()));
    }
    told
}

/// Reads the content whole and in ranges, and expects the right bytes and that this shard is reported by its node.
async fn is_read_around(fixture: &mut Fixture, stored: &StoredContent, content: &Bytes, shard: u8) {
    told(fixture);
    assert!(fixture.read_all(stored).await.unwrap() == *content);
    let node = stored.placement.node(shard).unwrap().to_string();
    assert_eq!(told(fixture), [(shard, node)]);
    for range in ranges() {
        let (from, to) = (usize::try_from(range.start).unwrap(), usize::try_from(range.end).unwrap());
        assert!(fixture.read(stored, range).await.unwrap() == content[from..to]);
    }
}

/// Some within a piece, some over the ends of pieces and stripes.
fn ranges() -> [Range<u64>; 5] {
    let (unit, stripe, size) = (UNIT_BYTES as u64, STRIPE_BYTES as u64, SIZE as u64);
    [0..1, unit + 5..unit + 9, 2 * unit - 1..2 * unit + 1, stripe - 1..stripe + unit + 1, size - 9_999..size]
}

#[tokio::test(start_paused = true)]
async fn what_a_node_alters_is_read_around_and_reported() {
    for shard in 0..4 {
        for index in 0..PIECES {
            let (mut fixture, content) = (Fixture::new(6), content(SIZE));
            let stored = stored(&fixture, 1, &content).await;
            fixture.nodes.alter(stored.placement.node(shard).unwrap(), stored.generation.shard(shard), index);
            is_read_around(&mut fixture, &stored, &content, shard).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_piece_of_another_place_shard_generation_or_form_is_none() {
    let (fixture, content) = (Fixture::new(6), content(SIZE));
    let (ours, older) = (stored(&fixture, 3, &content).await, stored(&fixture, 1, &content).await);
    let right = piece(&fixture, &ours, 1, 0);
    let of_older = piece(&fixture, &older, 1, 0);
    assert!(of_older.bytes == right.bytes && of_older.tag != right.tag, "the same bytes under another key");
    for other in [
        piece(&fixture, &ours, 1, 1),
        piece(&fixture, &ours, 2, 0),
        piece(&fixture, &ours, 4, 0),
        of_older,
        Piece { tag: Some([0; 16]), ..right.clone() },
        Piece { tag: None, ..right.clone() },
        Piece { tag: None, ..piece(&fixture, &ours, 2, 0) },
    ] {
        let mut fixture = Fixture::new(6);
        let ours = stored(&fixture, 3, &content).await;
        forge(&fixture, &ours, 1, 0, &other);
        is_read_around(&mut fixture, &ours, &content, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_tail_that_is_cut_off_is_noticed() {
    for cut in [1, 2_499] {
        let (mut fixture, content) = (Fixture::new(6), content(SIZE));
        let stored = stored(&fixture, 1, &content).await;
        let last = piece(&fixture, &stored, 0, PIECES - 1);
        let shorter = Piece { bytes: last.bytes.slice(..2_500 - cut), ..last };
        forge(&fixture, &stored, 0, PIECES - 1, &shorter);
        is_read_around(&mut fixture, &stored, &content, 0).await;
    }
}

#[tokio::test(start_paused = true)]
async fn parity_that_a_node_makes_up_is_not_decoded_from() {
    let (mut fixture, content) = (Fixture::new(6), content(SIZE));
    let stored = stored(&fixture, 1, &content).await;
    fixture.nodes.set(stored.placement.node(2).unwrap(), Misbehavior::Gone);
    fixture.nodes.alter(stored.placement.node(4).unwrap(), stored.generation.shard(4), 1);
    assert!(fixture.read_all(&stored).await.unwrap() == content);
    assert_eq!(told(&mut fixture), [(4, stored.placement.node(4).unwrap().to_string())]);
    // With a third that is not to be had nothing is left to decode from, and nothing is returned.
    fixture.nodes.alter(stored.placement.node(5).unwrap(), stored.generation.shard(5), 1);
    let read = fixture.read_all(&stored).await;
    assert_eq!(read, Err(ReadError::Lost { have: 3, need: 4 }));
}

#[tokio::test(start_paused = true)]
async fn a_content_of_one_stripe_is_tagged_too() {
    for size in [1, 4_096, 40_000, STRIPE_BYTES] {
        let (mut fixture, content) = (Fixture::new(6), content(size));
        let stored = fixture.store(1, &content, None).await.unwrap();
        until(|| fixture.all_shards(true).len() == stored.placement.nodes.len()).await;
        fixture.nodes.alter(stored.placement.node(0).unwrap(), stored.generation.shard(0), 0);
        assert!(fixture.read_all(&stored).await.unwrap() == content, "{size}");
        assert_eq!(told(&mut fixture), [(0, stored.placement.node(0).unwrap().to_string())]);
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_secret_nothing_is_read_and_nothing_written() {
    let (fixture, content) = (Fixture::new(6), content(SIZE));
    let stored = stored(&fixture, 1, &content).await;
    for secrets in [PieceSecrets::default(), secrets_of_another_number()] {
        let (incidents, mut told) = mpsc::channel(9);
        let (nodes, membership) = (fixture.nodes.clone(), fixture.membership.clone());
        let store: ShardStore<MemoryNodes> = ShardStore::new(nodes, membership, None, secrets, incidents);
        let other = Fixture { store, ..Fixture::new(6) };
        assert_eq!(other.read_all(&stored).await, Err(ReadError::NoSecret(SECRET)));
        assert_eq!(
            other.store.read_whole(&StoredContent { size: 100, ..stored.clone() }).await,
            Err(ReadError::NoSecret(SECRET))
        );
        assert!(told.try_recv().is_err(), "it says nothing about the nodes");
        for chunk in [None, Some(UNIT_BYTES)] {
            let small = content.slice(..if chunk.is_none() { 100 } else { SIZE });
            assert!(matches!(other.store(5, &small, chunk).await, Err(WriteError::Internal(_))));
        }
    }
}

fn secrets_of_another_number() -> PieceSecrets {
    PieceSecrets::from_iter([(SECRET + 1, PieceSecret::new(&[5; PIECE_SECRET_BYTES]))])
}

#[tokio::test(start_paused = true)]
async fn what_was_stored_before_there_were_tags_is_read() {
    let fixture = Fixture::new(6);
    for size in [1, 40_000, STRIPE_BYTES, SIZE] {
        let content = content(size);
        let stored = fixture.store(size as u128 * 2, &content, Some(UNIT_BYTES)).await.unwrap();
        assert_eq!(stored.generation.secret(), None);
        assert!(fixture.read_all(&stored).await.unwrap() == content);
    }
}

/// What a node that means harm does to one of its pieces.
#[derive(Debug, Clone)]
enum Harm {
    Flip(usize),
    Tag(Option<[u8; 16]>),
    Cut(usize),
    From(u8, u32),
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (0..UNIT_BYTES * 8).prop_map(Harm::Flip),
        any::<Option<[u8; 16]>>().prop_map(Harm::Tag),
        (1..UNIT_BYTES).prop_map(Harm::Cut),
        (0..6_u8, 0..PIECES).prop_map(|(shard, piece)| Harm::From(shard, piece)),
    ]
}

fn harmed(piece: &Piece, harm: &Harm, from: impl Fn(u8, u32) -> Piece) -> Piece {
    match harm {
        Harm::Flip(bit) => {
            let mut bytes = piece.bytes.to_vec();
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            Piece { bytes: bytes.into(), ..piece.clone() }
        }
        Harm::Tag(tag) => Piece { tag: *tag, ..piece.clone() },
        Harm::Cut(length) => Piece { bytes: piece.bytes.slice(..*length.min(&piece.bytes.len())), ..piece.clone() },
        Harm::From(shard, index) => from(*shard, *index),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_two_nodes_may_do_what_they_like(
        (one, other) in (0..6_u8, 0..6_u8),
        harms in prop::collection::vec((any::<bool>(), 0..PIECES, harm()), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (fixture, content) = (Fixture::new(6), content(SIZE));
            let stored = stored(&fixture, 1, &content).await;
            for (is_one, index, harm) in &harms {
                let shard = if *is_one { one } else { other };
                let there = |shard, index| piece(&fixture, &stored, shard, index);
                let other = harmed(&there(shard, *index), harm, there);
                let node = stored.placement.node(shard).unwrap();
                fixture.nodes.forge(node, stored.generation.shard(shard), *index, |_| (other.tag, other.bytes.clone()));
            }
            assert!(fixture.read_all(&stored).await.unwrap() == content);
        });
    }
}
