//! Storage nodes in memory: they speak the protocol, check what they are sent, and fail on demand.
//!
//! # What they model
//! - Nodes that are gone, from the start or from some request on ([`Misbehavior::Gone`], [`MemoryNodes::set_after`]).
//! - Silence: requests that are never served ([`Misbehavior::Hangs`]), and requests that are served and never answered
//!   ([`Misbehavior::Mute`]), of which the asker cannot know which it is.
//! - Late answers ([`Misbehavior::Slow`]), in tokio's time, paused or not.
//! - Nodes that are full, busy or failed, for writes or for reads ([`Misbehavior::Refuses`],
//!   [`Misbehavior::RefusesReads`]).
//! - Nodes of an older version ([`Misbehavior::Outdated`]).
//! - Damage: bits that flip on the way ([`Misbehavior::Damages`]) or where they lie ([`MemoryNodes::flip`]), pieces in
//!   each other's place ([`MemoryNodes::swap`]), shards that are lost ([`MemoryNodes::lose`]).
//! - Nodes that mean harm and make checksums fit ([`MemoryNodes::alter`], [`MemoryNodes::forge`]).
//! - What a restart would leave: a shard that is not sealed is not durable ([`MemoryNodes::shards`]).
//!
//! # What they do not
//! A disk: that is [`MemoryDisk`](crate::MemoryDisk). Data folders, and which of them is a node's: all are taken for the
//! right one. The limits on requests under way. Heartbeats are sent when a test says so ([`MemoryNodes::announce`]).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use events::ids::{BucketName, NodeId};
use identity::PieceTag;
use shards::piece::{Form, PIECES_MAX, Piece, UNIT_BYTES};
use shards::protocol::{
    ListedShard, Record, Reply, Request, ScrubPass, ScrubPhase, ScrubStatus, ShardPage, ShardPageDraft, ShardReport,
    ShardState, Status,
};
use shards::telemetry::{Heartbeat, NodeState};
use shards::{Membership, Transport, TransportError};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

/// Nodes in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryNodes(Arc<Mutex<BTreeMap<NodeId, MemoryNode>>>);

/// How a node misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Misbehavior {
    /// Not at all.
    #[default]
    None,
    /// No process serves its subject.
    Gone,
    /// It takes requests and never answers.
    Hangs,
    /// Each request is served, and answered, only after this long.
    Slow(Duration),
    /// It does what it is asked and never answers.
    Mute,
    /// It answers every write, and nothing else, with this.
    Refuses(Status),
    /// It answers every read with this.
    RefusesReads(Status),
    /// It flips a bit of every piece it returns.
    Damages,
    /// It is from before there were requests about many shards.
    Outdated,
}

#[derive(Debug, Default)]
struct MemoryNode {
    shards: HashMap<Uuid, MemoryShard>,
    misbehavior: Misbehavior,
    /// After so many more requests the next misbehavior begins.
    turning: Option<(u64, Misbehavior)>,
    requests: Vec<Request>,
}

#[derive(Debug, Clone)]
struct MemoryShard {
    bucket: Option<BucketName>,
    pieces: BTreeMap<u32, Piece>,
    sealed: bool,
}

impl MemoryShard {
    fn bytes(&self) -> u64 {
        self.pieces.values().map(|piece| piece.bytes.len() as u64).sum()
    }

    fn is_intact(&self, shard: Uuid) -> bool {
        self.pieces.iter().all(|(index, piece)| piece.is_intact(shard, *index))
    }
}

impl MemoryNodes {
    /// `count` well-behaved nodes, `n1`, `n2` and so on, each in a zone of its own.
    pub fn new(count: usize) -> Self {
        let nodes = Self::default();
        (1..=count).for_each(|number| nodes.add(number));
        nodes
    }

    /// Adds node `number`, empty and well-behaved.
    pub fn add(&self, number: usize) {
        self.lock().insert(Self::name(number), MemoryNode::default());
    }

    /// The name of node `number`.
    ///
    /// # Panics
    /// Never: it is a valid name.
    #[expect(clippy::expect_used, reason = "the text is a name by its form")]
    pub fn name(number: usize) -> NodeId {
        format!("n{number}").parse().expect("a node's name")
    }

    /// A membership in which all these nodes, but those that are gone, are online now.
    pub fn membership(&self) -> Membership {
        let membership = Membership::new();
        self.announce(&membership);
        membership
    }

    /// Sends the heartbeat of every node that is not gone.
    pub fn announce(&self, membership: &Membership) {
        let here = |node: &&MemoryNode| node.misbehavior != Misbehavior::Gone;
        for name in self.lock().iter().filter(|(_, node)| here(node)).map(|(name, _)| name) {
            membership.observe(heartbeat(name), Instant::now());
        }
    }

    /// Makes a node misbehave from now on.
    pub fn set(&self, node: &NodeId, misbehavior: Misbehavior) {
        self.with(node, |node| node.misbehavior = misbehavior);
    }

    /// Makes a node misbehave after `requests` more requests.
    pub fn set_after(&self, node: &NodeId, requests: u64, misbehavior: Misbehavior) {
        self.with(node, |node| node.turning = Some((requests, misbehavior)));
    }

    /// The shards a node holds; with `durable`, only those that would survive a restart.
    pub fn shards(&self, node: &NodeId, durable: bool) -> Vec<Uuid> {
        let shards = |node: &mut MemoryNode| {
            let held = node.shards.iter().filter(|(_, shard)| shard.sealed || !durable);
            held.map(|(uuid, _)| *uuid).collect()
        };
        self.with(node, shards).unwrap_or_default()
    }

    /// The requests a node got so far, misbehaving or not.
    pub fn requests(&self, node: &NodeId) -> Vec<Request> {
        self.with(node, |node| node.requests.clone()).unwrap_or_default()
    }

    /// Loses a shard.
    pub fn lose(&self, node: &NodeId, shard: Uuid) {
        self.with(node, |node| node.shards.remove(&shard));
    }

    /// Flips one bit of one stored piece. Its number counts from the piece's begin and wraps at its end.
    pub fn flip(&self, node: &NodeId, shard: Uuid, piece: u32, bit: usize) {
        self.with(node, |node| {
            let piece = node.shards.get_mut(&shard).and_then(|shard| shard.pieces.get_mut(&piece));
            if let Some(piece) = piece {
                piece.bytes = flipped(&piece.bytes, bit);
            }
        });
    }

    /// Alters one stored piece and computes its checksum anew, as a node can that means harm.
    pub fn alter(&self, node: &NodeId, shard: Uuid, piece: u32) {
        self.forge(node, shard, piece, |piece| (piece.tag, flipped(&piece.bytes, 0)));
    }

    /// Puts a tag and bytes in the place of one stored piece, with the checksum that they need.
    pub fn forge(
        &self,
        node: &NodeId,
        shard: Uuid,
        piece: u32,
        make: impl FnOnce(&Piece) -> (Option<PieceTag>, Bytes),
    ) {
        self.with(node, |node| {
            let piece = node.shards.get_mut(&shard).and_then(|shard| shard.pieces.get_mut(&piece));
            if let Some(piece) = piece {
                let (tag, bytes) = make(piece);
                *piece = Piece::with_tag(shard, piece.index, tag, bytes);
            }
        });
    }

    /// A stored piece.
    pub fn piece(&self, node: &NodeId, shard: Uuid, piece: u32) -> Option<Piece> {
        self.with(node, |node| node.shards.get(&shard)?.pieces.get(&piece).cloned()).flatten()
    }

    /// Swaps two pieces of a shard, headers and all.
    pub fn swap(&self, node: &NodeId, shard: Uuid, one: u32, other: u32) {
        self.with(node, |node| {
            if let Some(MemoryShard { pieces, .. }) = node.shards.get_mut(&shard)
                && let (Some(a), Some(b)) = (pieces.remove(&one), pieces.remove(&other))
            {
                pieces.extend([(one, Piece { index: one, ..b }), (other, Piece { index: other, ..a })]);
            }
        });
    }

    fn with<R>(&self, node: &NodeId, act: impl FnOnce(&mut MemoryNode) -> R) -> Option<R> {
        self.lock().get_mut(node).map(act)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, MemoryNode>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A piece such as the shard's id says: if its pieces are tagged with some tag, which nodes cannot tell from a right
/// one.
pub fn piece(shard: Uuid, index: u32, bytes: Bytes) -> Piece {
    let tag = match Form::of(shard) {
        Form::Plain => None,
        Form::Tagged => Some(std::array::from_fn(|at| shard.as_bytes()[at].wrapping_add(index.to_le_bytes()[at % 4]))),
    };
    Piece::with_tag(shard, index, tag, bytes)
}

/// The heartbeat of a node in memory: a disk of 1 TiB, half of it free.
pub fn heartbeat(node: &NodeId) -> Heartbeat {
    const DISK_BYTES: u64 = 1 << 40;
    Heartbeat {
        node: node.clone(),
        zone: format!("zone-of-{node}"),
        boot_id: Uuid::nil(),
        free_bytes: DISK_BYTES / 2,
        total_bytes: DISK_BYTES,
        stored_bytes: 0,
        shards: 0,
        state: NodeState::Up,
        incarnation: Uuid::nil(),
        folder: None,
        trouble: None,
        disk: None,
        age: None,
        call: None,
    }
}

impl Transport for MemoryNodes {
    async fn request(&self, node: &NodeId, payload: Bytes) -> Result<Bytes, TransportError> {
        let request = Request::decode(payload);
        let misbehavior = self.with(node, |node| node.begin(request.as_ref().ok())).unwrap_or(Misbehavior::Gone);
        match misbehavior {
            Misbehavior::Gone => return Err(TransportError::NoResponders),
            Misbehavior::Hangs => std::future::pending().await,
            Misbehavior::Slow(delay) => sleep(delay).await,
            Misbehavior::None
            | Misbehavior::Mute
            | Misbehavior::Refuses(_)
            | Misbehavior::RefusesReads(_)
            | Misbehavior::Damages
            | Misbehavior::Outdated => {
                tokio::task::yield_now().await;
            }
        }
        let Ok(request) = request else { return Ok(Reply::Status(Status::Malformed).encode()) };
        let reply = self.with(node, |node| node.answer(request, misbehavior));
        if misbehavior == Misbehavior::Mute {
            return std::future::pending().await;
        }
        Ok(reply.ok_or(TransportError::NoResponders)?.encode())
    }
}

impl MemoryNode {
    fn begin(&mut self, request: Option<&Request>) -> Misbehavior {
        self.requests.extend(request.cloned());
        match self.turning {
            Some((0, next)) => {
                self.misbehavior = next;
                self.turning = None;
            }
            Some((left, next)) => self.turning = Some((left - 1, next)),
            None => {}
        }
        self.misbehavior
    }

    fn answer(&mut self, request: Request, misbehavior: Misbehavior) -> Reply {
        let is_write = matches!(request, Request::Put { .. } | Request::Piece { .. } | Request::Seal { .. });
        match (misbehavior, is_write) {
            (Misbehavior::Refuses(status), true) | (Misbehavior::RefusesReads(status), false) => Reply::Status(status),
            (Misbehavior::Damages, false) => damaged(self.serve(request)),
            (Misbehavior::Outdated, _) if is_recent(&request) => Reply::Status(Status::Malformed),
            _ => self.serve(request),
        }
    }

    fn serve(&mut self, request: Request) -> Reply {
        match request {
            Request::Put { records } => {
                let put = |record: Record| self.keep(record.shard, None, record.piece, true);
                Reply::Statuses(records.into_iter().map(put).collect())
            }
            Request::Piece { shard, bucket, piece } => Reply::Status(self.keep(shard, Some(bucket), piece, false)),
            Request::Seal { shard, bucket, pieces, bytes } => Reply::Status(self.seal(shard, &bucket, pieces, bytes)),
            Request::Discard { shards, .. } => {
                self.shards.retain(|held, _| !shards.contains(held));
                Reply::Statuses(vec![Status::Ok; shards.len()])
            }
            Request::Read { shard, first, count, .. } => {
                let pieces = self.shards.get(&shard).map(|shard| &shard.pieces);
                let read =
                    pieces.into_iter().flat_map(|pieces| pieces.range(first..first.saturating_add(count.into())));
                let read: Vec<Piece> = read.map(|(_, piece)| piece.clone()).collect();
                if read.is_empty() { Reply::Status(Status::NotFound) } else { Reply::Pieces(read) }
            }
            Request::Inspect { shard, verify, .. } => match self.shards.get(&shard).filter(|shard| shard.sealed) {
                None => Reply::Status(Status::NotFound),
                Some(found) if verify && !found.is_intact(shard) => Reply::Status(Status::Damaged),
                Some(found) => Reply::Found {
                    pieces: u32::try_from(found.pieces.len()).unwrap_or(PIECES_MAX),
                    bytes: found.bytes(),
                },
            },
            Request::List { after, max, verify } => Reply::Shards(self.list(after, max, verify)),
            Request::Scrub { .. } => Reply::Scrub(self.scrub_status()),
            Request::InspectMany { shards } => {
                Reply::Reports(shards.iter().map(|(_, shard)| self.report(*shard)).collect())
            }
        }
    }

    fn list(&self, after: Uuid, max: u16, verify: bool) -> ShardPage {
        let mut held: Vec<(&Uuid, &MemoryShard)> = self.shards.iter().filter(|(shard, _)| **shard > after).collect();
        held.sort_unstable_by_key(|(shard, _)| **shard);
        let mut draft = ShardPageDraft::default();
        for (shard, memory) in &held {
            let state = match memory.sealed {
                false => ShardState::Staged,
                true if verify && !memory.is_intact(**shard) => ShardState::Damaged,
                true => ShardState::Intact,
            };
            let listed = ListedShard { shard: **shard, bucket: memory.bucket.clone(), bytes: memory.bytes(), state };
            if draft.len() >= usize::from(max) || draft.push(listed).is_err() {
                let next = draft.last();
                return draft.finish(next);
            }
        }
        draft.finish(None)
    }

    /// It has looked at everything at the very moment.
    fn scrub_status(&self) -> ScrubStatus {
        let sealed = self.shards.iter().filter(|(_, shard)| shard.sealed);
        let (mut shards, mut bytes, mut damaged) = (0, 0, 0);
        for (uuid, shard) in sealed {
            shards += 1;
            bytes += shard.bytes();
            damaged += u64::from(!shard.is_intact(*uuid));
        }
        let last = Some(ScrubPass { shards, bytes, damaged, ..ScrubPass::default() });
        let (phase, pass, cursor, bytes_per_second) = (ScrubPhase::Waiting, None, Uuid::nil(), 0);
        ScrubStatus { phase, pass, last, cursor, bytes_per_second, shards, bytes, damaged }
    }

    fn report(&self, shard: Uuid) -> ShardReport {
        match self.shards.get(&shard).filter(|shard| shard.sealed) {
            None => ShardReport { status: Status::NotFound, bytes: 0 },
            Some(found) => ShardReport { status: Status::Ok, bytes: found.bytes() },
        }
    }

    fn keep(&mut self, shard: Uuid, bucket: Option<BucketName>, piece: Piece, sealed: bool) -> Status {
        if !piece.is_intact(shard, piece.index) {
            return Status::Damaged;
        }
        if piece.index > 0 && !self.shards.contains_key(&shard) {
            return Status::NotFound;
        }
        let kept = self.shards.entry(shard);
        let kept = kept.or_insert_with(|| MemoryShard { bucket, pieces: BTreeMap::new(), sealed });
        kept.pieces.insert(piece.index, piece);
        Status::Ok
    }

    fn seal(&mut self, shard: Uuid, bucket: &BucketName, pieces: u32, bytes: u64) -> Status {
        let Some(kept) = self.shards.get_mut(&shard).filter(|kept| kept.bucket.as_ref() == Some(bucket)) else {
            return Status::NotFound;
        };
        let whole = kept.pieces.keys().copied().eq(0..pieces);
        let lengths: u64 = kept.pieces.values().map(|piece| piece.bytes.len() as u64).sum();
        let full = kept.pieces.values().rev().skip(1).all(|piece| piece.bytes.len() == UNIT_BYTES);
        match (whole, full && lengths == bytes) {
            (false, _) => Status::NotFound,
            (true, false) => Status::Damaged,
            (true, true) => {
                kept.sealed = true;
                Status::Ok
            }
        }
    }
}

/// Whether it is a request that nodes did not know from the beginning.
fn is_recent(request: &Request) -> bool {
    matches!(request, Request::List { .. } | Request::InspectMany { .. } | Request::Scrub { .. })
}

fn flipped(bytes: &[u8], bit: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes.into()
}

fn damaged(reply: Reply) -> Reply {
    match reply {
        Reply::Pieces(pieces) => {
            let damage = |piece: Piece| Piece { bytes: flipped(&piece.bytes, 77), ..piece };
            Reply::Pieces(pieces.into_iter().map(damage).collect())
        }
        other => other,
    }
}
