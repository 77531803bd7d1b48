//! Writes shards of one content anew, stripe by stripe.

use std::sync::Arc;

use domain::placement::Candidate;
use domain::row::PlacedShard;
use events::ids::{BucketName, DATA_SHARDS, Generation, NodeId, Sha256Digest};
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::codeword::Codeword;
use super::new_shard::{Held, NewShard, Stored};
use super::rebuilt::Rebuilt;
use crate::code::erasure::InvalidPieces;
use crate::code::geometry::{Geometry, Stripe};
use crate::code::piece::STRIPE_BYTES;
use crate::code::shard_set::ShardSet;
use crate::code::tagging::{NoSecret, Tagging};
use crate::meter;
use crate::node::client::NodeError;
use crate::node::transport::Transport;
use crate::read::ReadError;
use crate::read::fetch::{Session, StripePieces};
use crate::read::stream::fetched;
use crate::read::task::Task;
use crate::store::{Inner, ShardStore, StoredContent};
use crate::write::discard;

/// The most bytes that all rebuilds of a store together hold: pieces that were read, and new ones on their way.
pub const REBUILD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A shard to be written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// The index of the shard.
    pub index: u8,
    /// The node that is to hold it.
    pub node: NodeId,
    /// The name of the new shard. It must never have been used: two different pieces that are tagged under one name give
    /// the key of its tags away (ADR 16).
    pub generation: Generation,
    /// Whether the shard may be read where it lies: then it is copied if that works.
    pub is_readable: bool,
}

/// Decides when the next stripe is read and written.
pub trait Pace: Send + Sync {
    /// Held while a stripe is read and written.
    type Turn: Send + Sync + 'static;

    /// Waits until a stripe of which `bytes` bytes are to be written has its turn.
    fn turn(&self, bytes: u64) -> impl Future<Output = Self::Turn> + Send;
}

/// The reason why no shard was written anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebuildError {
    /// The content cannot be read, or there is no secret for its tags or those of the new shards.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The content has no tags, and nodes have altered shards of it whose checksums match: with them it does not have its
    /// SHA-256. Write them anew, too.
    #[error("shards {shards:?} of the content are not what was written, although their checksums match")]
    Altered {
        /// The shards.
        shards: Vec<u8>,
    },
    /// Each node refused its shard, or failed. Choose others.
    #[error("no node took its shard")]
    NotTaken {
        /// The shards, and what their nodes answered.
        failed: Vec<(PlacedShard, NodeError)>,
    },
}

impl From<NoSecret> for RebuildError {
    fn from(NoSecret(number): NoSecret) -> Self {
        Self::Read(ReadError::NoSecret(number))
    }
}

impl From<InvalidPieces> for RebuildError {
    fn from(_: InvalidPieces) -> Self {
        Self::Read(ReadError::Internal)
    }
}

impl<T: Transport> ShardStore<T> {
    /// Writes shards of a content anew, each under a name of its own, and returns those that are durable. At most a few
    /// stripes are in memory at a time.
    ///
    /// Pieces with tags prove themselves. A content with a shard without tags is read twice: nothing is written before all
    /// of it has its SHA-256, and nothing becomes durable unless it had it the second time, too.
    ///
    /// What was written is discarded if the future, or what it returns, is dropped.
    ///
    /// # Errors
    /// See [`RebuildError`]. Nothing is left of the new shards but what their nodes did not discard.
    pub async fn rebuild(
        &self,
        content: &StoredContent,
        rewrites: &[Rewrite],
        pace: &impl Pace,
    ) -> Result<Rebuilt<T>, RebuildError> {
        let source = Source::new(&self.inner, content, rewrites);
        if !source.is_proven {
            source.find_altered(pace).await?;
        }
        let rebuilt = source.rebuild(rewrites, pace).await;
        meter::rebuilt(if rebuilt.is_ok() { "ok" } else { "failed" });
        rebuilt
    }

    /// The nodes that may take shards now, but for those in `except`; `shards` of them are looked for.
    pub fn candidates(&self, except: &[NodeId], shards: usize) -> Vec<Candidate> {
        self.inner.candidates(except, shards)
    }

    /// Asks nodes to discard shards that no event names or will name. Shards stay on a node that does not get the request.
    pub async fn discard_shards(&self, bucket: &BucketName, shards: Vec<PlacedShard>) {
        discard::discard(&self.inner, bucket, shards).await;
    }
}

/// Where the pieces come from.
struct Source<'a, T> {
    store: &'a Arc<Inner<T>>,
    content: &'a StoredContent,
    geometry: Geometry,
    /// Shards that are not read: those that are written anew, and cannot be copied.
    lost: ShardSet,
    /// The pieces that are wanted of each stripe.
    wanted: ShardSet,
    /// Whether all pieces have tags.
    is_proven: bool,
}

/// The read of a stripe that is under way.
type Reading = Task<Result<StripePieces, ReadError>>;

impl<'a, T: Transport> Source<'a, T> {
    fn new(store: &'a Arc<Inner<T>>, content: &'a StoredContent, rewrites: &[Rewrite]) -> Self {
        let is_proven = content.shards().all(|shard| shard.generation.secret().is_some());
        let lost = rewrites.iter().filter(|rewrite| !rewrite.is_readable).map(|rewrite| rewrite.index).collect();
        let data = content.placement.layout.shards().iter().copied().filter(|shard| usize::from(*shard) < DATA_SHARDS);
        let wanted = if is_proven { rewrites.iter().map(|rewrite| rewrite.index).collect() } else { data.collect() };
        let geometry = Geometry::new(content.placement.layout, content.size);
        Self { store, content, geometry, lost, wanted, is_proven }
    }

    /// Reads without these shards.
    fn session(&self, without: ShardSet) -> Arc<Session<T>> {
        Arc::new(Session::new(Arc::clone(self.store), self.content.clone()).without(without))
    }

    fn stripes(&self) -> impl Iterator<Item = Stripe> {
        let geometry = self.geometry;
        (0..geometry.stripes()).map_while(move |index| geometry.stripe(index))
    }

    fn codeword(&self, found: StripePieces) -> Codeword {
        Codeword::new(self.content.placement.layout, found, self.is_proven)
    }

    /// Waits for the turn of a stripe and for memory, and begins to read it.
    async fn begin<P: Pace>(
        &self,
        session: &Arc<Session<T>>,
        stripe: Stripe,
        shards: usize,
        pace: &P,
    ) -> (Held, Reading) {
        // A stripe that is only read counts as one of which a shard is written.
        let turn = pace.turn((shards.max(1) * stripe.unit) as u64).await;
        // What is read, and each new piece twice: as it is, and in its message.
        let bytes = (DATA_SHARDS + 2 * shards) * stripe.unit;
        let memory = self.store.rebuild_budget.take(bytes, std::future::pending()).await;
        let held: Held = Arc::new((turn, memory));
        (held, session.start_pieces(stripe, self.wanted))
    }

    /// Reads the whole content until it has its SHA-256.
    ///
    /// # Errors
    /// [`RebuildError::Altered`] with the shards without which it has it, or [`ReadError::Altered`] if it never has.
    async fn find_altered(&self, pace: &impl Pace) -> Result<(), RebuildError> {
        let stored: ShardSet = self.content.shards().map(|shard| shard.index).collect();
        let left = stored.without(self.lost);
        if self.is_right(self.lost, pace).await? {
            return Ok(());
        }
        meter::altered();
        let quorum = self.content.placement.layout.read_quorum();
        for altered in exclusions(left).filter(|altered| left.without(*altered).len() >= quorum) {
            match self.is_right(self.lost.union(altered), pace).await {
                Ok(true) => return Err(RebuildError::Altered { shards: altered.iter().collect() }),
                // The remaining shards may not suffice; others may.
                Ok(false) | Err(RebuildError::Read(ReadError::Lost { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ReadError::Altered.into())
    }

    /// Whether the content has its SHA-256 as it is read without these shards.
    async fn is_right(&self, without: ShardSet, pace: &impl Pace) -> Result<bool, RebuildError> {
        let (session, mut hash) = (self.session(without), Sha256::new());
        for stripe in self.stripes() {
            let (_held, reading) = self.begin(&session, stripe, 0, pace).await;
            let codeword = self.codeword(fetched(reading).await?);
            codeword.data(stripe)?.iter().for_each(|piece| hash.update(piece));
        }
        Ok(self.matches(hash))
    }

    fn matches(&self, hash: Sha256) -> bool {
        Sha256Digest(hash.finalize().into()) == self.content.sha256
    }

    async fn rebuild(&self, rewrites: &[Rewrite], pace: &impl Pace) -> Result<Rebuilt<T>, RebuildError> {
        let mut rebuilt = self.start(rewrites)?;
        let (session, mut hash) = (self.session(self.lost), Sha256::new());
        let last = self.geometry.stripes().saturating_sub(1);
        for stripe in self.stripes() {
            let (held, reading) = self.begin(&session, stripe, rebuilt.uploads().len(), pace).await;
            let codeword = self.codeword(fetched(reading).await?);
            if !self.is_proven {
                codeword.data(stripe)?.iter().for_each(|piece| hash.update(piece));
            }
            // A shard of one piece is durable once it is sent.
            if u64::from(stripe.index) == last && !self.is_proven && !self.matches(std::mem::take(&mut hash)) {
                return Err(ReadError::Altered.into());
            }
            send(&mut rebuilt, &codeword, stripe, &held).await?;
            if rebuilt.is_empty() {
                return Err(RebuildError::NotTaken { failed: rebuilt.take_failed() });
            }
        }
        self.seal(&mut rebuilt).await;
        if rebuilt.is_empty() { Err(RebuildError::NotTaken { failed: rebuilt.take_failed() }) } else { Ok(rebuilt) }
    }

    /// Begins the uploads of all new shards. Nothing is sent yet.
    fn start(&self, rewrites: &[Rewrite]) -> Result<Rebuilt<T>, NoSecret> {
        let bucket = &self.content.bucket;
        let stored = if self.content.size <= STRIPE_BYTES as u64 { Stored::Record } else { Stored::File };
        let mut rebuilt = Rebuilt::new(Arc::clone(self.store), bucket.clone());
        for Rewrite { index, node, generation, .. } in rewrites {
            let tagging = Tagging::of(*generation, &self.store.secrets)?;
            let placed = PlacedShard { index: *index, node: node.clone(), generation: *generation };
            rebuilt.push(NewShard::start(self.store.clients.get(node), bucket, placed, tagging, stored));
        }
        Ok(rebuilt)
    }

    /// Makes the new shards durable.
    async fn seal(&self, rebuilt: &mut Rebuilt<T>) {
        let pieces = u32::try_from(self.geometry.stripes()).unwrap_or(u32::MAX);
        let bytes = self.content.placement.layout.shard_bytes(self.content.size);
        let sealed = join_all(rebuilt.uploads().iter_mut().map(|shard| shard.seal(pieces, bytes))).await;
        let failed = sealed.into_iter().enumerate().filter_map(|(at, sealed)| Some((at, sealed.err()?))).collect();
        rebuilt.fail(failed);
    }
}

/// Sends the pieces of a stripe. Shards whose nodes do not take them are given up.
async fn send<T: Transport>(
    rebuilt: &mut Rebuilt<T>,
    codeword: &Codeword,
    stripe: Stripe,
    held: &Held,
) -> Result<(), InvalidPieces> {
    let mut failed = Vec::new();
    for (at, shard) in rebuilt.uploads().iter_mut().enumerate() {
        let piece = codeword.piece(shard.placed.index)?;
        if !shard.send(stripe.index, piece, held).await {
            failed.push((at, shard.failure().await));
        }
    }
    rebuilt.fail(failed);
    Ok(())
}

/// The sets of one or two shards to read a content without, in the order in which they are tried.
fn exclusions(left: ShardSet) -> impl Iterator<Item = ShardSet> {
    let ones = left.iter().map(|one| ShardSet::EMPTY.with(one));
    let twos = left.iter().flat_map(move |one| {
        left.iter().skip_while(move |two| *two <= one).map(move |two| ShardSet::EMPTY.with(one).with(two))
    });
    ones.chain(twos)
}
