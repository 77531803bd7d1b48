//! Fetches one stripe, or a part of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use bytes::Bytes;
use domain::row::PlacedShard;
use events::ids::{Layout, SHARDS};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use crate::budget::BUDGET_WAIT_MAX;
use crate::code::{Survivor, rebuild};
use crate::geometry::{DATA_SHARDS, Part, Stripe};
use crate::hedge::{Class, hedge_after};
use crate::incident::{Incident, IncidentKind};
use crate::lane::{Lane, NodeError};
use crate::meter;
use crate::obtain::{Fault, Way};
use crate::plan::{Plan, Rank, Ranks, Step};
use crate::read::ReadError;
use crate::shard_set::ShardSet;
use crate::store::{Inner, StoredContent};
use crate::tagging::{Expected, NoSecret, Taggings};
use crate::task::Task;
use crate::transport::Transport;

/// How often one stripe is hedged, at most: once for each parity shard.
const HEDGES_MAX: usize = 2;

/// One read of one content: what its stripes share.
pub(crate) struct Session<T> {
    store: Arc<Inner<T>>,
    content: StoredContent,
    stored: ShardSet,
    class: Class,
    ways: Vec<Option<Arc<Way<T>>>>,
    /// Why the pieces of some shards, or of all, cannot be checked; there is no way to those.
    no_secret: Option<NoSecret>,
    /// Shards found missing or damaged in this read, a bit each; they have been reported.
    wanting: AtomicU8,
}

/// What came of asking for the pieces of some shards.
type Pieces = Vec<(u8, Result<Bytes, Fault>)>;

/// The pieces that are there, by shard.
type Stock = [Option<Bytes>; SHARDS];

impl<T: Transport> Session<T> {
    pub(crate) fn new(store: Arc<Inner<T>>, content: StoredContent) -> Self {
        let mut taggings = Taggings::new(&store.secrets);
        let (mut ways, mut stored, mut no_secret) = (vec![None; SHARDS], ShardSet::EMPTY, None);
        for PlacedShard { index, node, generation } in content.shards() {
            match taggings.of(generation) {
                Ok(tagging) => {
                    let lane = store.lanes.to(&node);
                    let way = Way::new(lane, &content.bucket, Expected::new(tagging, index, node));
                    ways[usize::from(index)] = Some(Arc::new(way));
                    stored = stored.with(index);
                }
                Err(missing) => no_secret = Some(missing),
            }
        }
        let class = match content.placement.layout {
            Layout::Small => Class::Small,
            Layout::Striped => Class::Piece,
        };
        Self { store, content, stored, class, ways, no_secret, wanting: AtomicU8::new(0) }
    }

    /// The same read, which asks for none of the shards `avoided`.
    pub(crate) fn without(mut self, avoided: ShardSet) -> Self {
        self.stored = self.stored.without(avoided);
        self
    }

    /// Asks for the only piece of a shard, and reports it as damaged if it is another one than `expected`.
    pub(crate) async fn compare(&self, shard: u8, expected: &Bytes) {
        let Some(way) = self.ways.get(usize::from(shard)).cloned().flatten() else { return };
        let stripe = Stripe { index: 0, unit: expected.len(), bytes: expected.len() };
        if way.obtain(&self.store.local, &self.store.membership, stripe).await.is_ok_and(|piece| piece != *expected) {
            self.note_fault(shard, &Fault::Damaged);
        }
    }

    /// The same read, with no files open.
    pub(crate) fn reopened(&self) -> Self {
        let again = Self::new(Arc::clone(&self.store), self.content.clone());
        again.wanting.store(self.wanting.load(Relaxed), Relaxed);
        again
    }

    /// Begins to fetch `part`. It is a task of its own: a reader that stops reading must not keep its requests from
    /// ending, as they hold a part of what all readers may have under way to a node.
    pub(crate) fn start(self: &Arc<Self>, part: Part) -> Task<Result<Vec<Bytes>, ReadError>> {
        let session = Arc::clone(self);
        Task::start(async move { session.fetch(part).await })
    }

    /// The same of a slice of one piece, of which no more than the slice is kept.
    pub(crate) fn start_slice(self: &Arc<Self>, part: Part) -> Task<Result<Vec<Bytes>, ReadError>> {
        let session = Arc::clone(self);
        Task::start(async move {
            let budget = session.store.slice_budget.take(part.stripe.unit, sleep(BUDGET_WAIT_MAX)).await;
            let _budget = budget.ok_or(ReadError::Busy)?;
            Ok(session.fetch(part).await?.iter().map(|chunk| Bytes::copy_from_slice(chunk)).collect())
        })
    }

    /// The bytes of `part`, in order.
    async fn fetch(&self, part: Part) -> Result<Vec<Bytes>, ReadError> {
        let wanted = part.pieces().map(|(shard, _)| shard).collect();
        let mut plan = Plan::new(self.content.placement.layout, self.stored, wanted);
        let (mut stock, mut answers, mut hedges) = (Stock::default(), FuturesUnordered::new(), 0);
        let begin = Instant::now();
        let patience = self.patience();
        let mut timer = std::pin::pin!(sleep(patience));
        loop {
            match plan.next(self.ranks()) {
                Step::Done => break,
                Step::Lost { have, need } => {
                    let no_secret = self.no_secret.map(|NoSecret(number)| ReadError::NoSecret(number));
                    return Err(no_secret.unwrap_or(ReadError::Lost { have, need }));
                }
                Step::Ask(shards) => {
                    self.store.hedges.earn(u32::try_from(shards.len()).unwrap_or(0));
                    answers.extend(self.ask(shards, part.stripe));
                    continue;
                }
                Step::Wait => {}
            }
            tokio::select! {
                biased;
                Some(pieces) = answers.next() => self.take_in(pieces, &mut plan, &mut stock),
                () = &mut timer, if hedges < HEDGES_MAX => {
                    hedges += 1;
                    answers.extend(self.ask(self.hedge(&mut plan, hedges), part.stripe));
                    timer.as_mut().reset(Instant::now() + patience);
                }
            }
        }
        self.note_late(plan.pending(), begin);
        self.assemble(&part, &stock)
    }

    /// Begins to ask for the pieces of `shards`: those whose files are open here in one job, the rest each for
    /// itself.
    fn ask(&self, shards: ShardSet, stripe: Stripe) -> Vec<BoxFuture<'static, Pieces>> {
        let ways = |shard: u8| self.ways.get(usize::from(shard)).cloned().flatten().map(|way| (shard, way));
        let (open, others): (Vec<_>, Vec<_>) = shards
            .iter()
            .filter_map(ways)
            .map(|(shard, way)| (shard, way.open_file(), way))
            .partition(|(_, file, _)| file.is_some());
        let local: Vec<_> = open.into_iter().filter_map(|(shard, file, way)| Some((shard, way, file?))).collect();
        let class = self.class;
        let mut asked: Vec<BoxFuture<'static, Pieces>> = Vec::with_capacity(others.len() + 1);
        if !local.is_empty() {
            let store = Arc::clone(&self.store);
            asked.push(async move { Way::read_files(local, &store.local, stripe).await }.boxed());
        }
        for (shard, _, way) in others {
            let store = Arc::clone(&self.store);
            asked.push(
                async move {
                    let begin = Instant::now();
                    let piece = way.obtain(&store.local, &store.membership, stripe).await;
                    // How quickly a node refuses, or turns out to be gone, says nothing about its pace.
                    if matches!(piece, Ok(_) | Err(Fault::Node(NodeError::TimedOut))) {
                        way.lane().delays().observe(class, begin.elapsed(), Instant::now());
                    }
                    vec![(shard, piece)]
                }
                .boxed(),
            );
        }
        asked
    }

    /// The shards to ask for in addition because some are late, if the budget allows it.
    fn hedge(&self, plan: &mut Plan, late: usize) -> ShardSet {
        let more = plan.hedge(late, self.ranks());
        let count = u32::try_from(more.len()).unwrap_or(0);
        if count == 0 {
            return ShardSet::EMPTY;
        }
        if !self.store.hedges.spend(count) {
            meter::hedge_denied();
            return ShardSet::EMPTY;
        }
        meter::hedged(count);
        plan.add(more);
        more
    }

    fn take_in(&self, pieces: Pieces, plan: &mut Plan, stock: &mut Stock) {
        for (shard, piece) in pieces {
            match piece {
                Ok(bytes) => {
                    stock[usize::from(shard)] = Some(bytes);
                    plan.arrived(shard);
                }
                Err(fault) => {
                    plan.failed(shard);
                    self.note_fault(shard, &fault);
                }
            }
        }
    }

    /// Reports a shard found missing or damaged, once for each read.
    fn note_fault(&self, shard: u8, fault: &Fault) {
        let kind = match fault {
            Fault::Missing => IncidentKind::Missing,
            Fault::Damaged => IncidentKind::Damaged,
            Fault::Unreadable => IncidentKind::Unreadable,
            Fault::Node(error) => {
                tracing::debug!(generation = %self.content.generation, shard, %error, "a shard could not be read");
                return;
            }
        };
        let before = self.wanting.fetch_or(1 << shard, Relaxed);
        if let Some(node) = self.content.placement.node(shard).filter(|_| before & (1 << shard) == 0) {
            let StoredContent { bucket, sha256, generation, placement, .. } = &self.content;
            let (bucket, sha256, generation) = (bucket.clone(), Some(*sha256), *generation);
            let layout = placement.layout;
            self.store.report(Incident { bucket, sha256, generation, layout, shard, node: node.clone(), kind });
        }
    }

    /// Takes in that these were not waited for: their nodes are at least as slow as that.
    fn note_late(&self, late: ShardSet, begin: Instant) {
        let now = Instant::now();
        for lane in late.iter().filter_map(|shard| self.lane(shard)) {
            lane.delays().observe_late(self.class, now.duration_since(begin), now);
        }
    }

    fn lane(&self, shard: u8) -> Option<&Lane<T>> {
        self.ways.get(usize::from(shard))?.as_deref().map(Way::lane)
    }

    fn ranks(&self) -> Ranks {
        let (now, wanting) = (Instant::now(), self.wanting.load(Relaxed));
        [0_u8, 1, 2, 3, 4, 5].map(|shard| match self.lane(shard) {
            Some(lane) if lane.is_reachable() && wanting & (1 << shard) == 0 => {
                if lane.delays().is_spared(now) {
                    Rank::Slow
                } else {
                    Rank::Good
                }
            }
            _ => Rank::Bad,
        })
    }

    fn patience(&self) -> std::time::Duration {
        hedge_after(self.ways.iter().flatten().map(|way| way.lane().delays().p95(self.class)).collect())
    }

    /// Puts the part together, rebuilding the pieces that did not come.
    fn assemble(&self, part: &Part, stock: &Stock) -> Result<Vec<Bytes>, ReadError> {
        let mut chunks = Vec::with_capacity(DATA_SHARDS);
        let mut decoded = false;
        for (shard, range) in part.pieces() {
            let piece = if let Some(piece) = &stock[usize::from(shard)] {
                piece.clone()
            } else {
                decoded = true;
                let survivors = survivors(self.content.placement.layout, stock).ok_or(ReadError::Internal)?;
                Bytes::from(rebuild(&survivors, shard).map_err(|_| ReadError::Internal)?)
            };
            chunks.push(piece.slice(range));
        }
        if decoded {
            meter::decoded();
        }
        Ok(chunks)
    }
}

/// Four pieces to rebuild others from. Of a small content, pieces 1 to 3 are known to be zeros.
fn survivors(layout: Layout, stock: &Stock) -> Option<[Survivor<'_>; DATA_SHARDS]> {
    let there = (0_u8..).zip(stock).filter_map(|(shard, piece)| Some((shard, Some(&piece.as_ref()?[..]))));
    let survivors: Vec<Survivor<'_>> = match layout {
        Layout::Small => [(1, None), (2, None), (3, None)].into_iter().chain(there).take(DATA_SHARDS).collect(),
        Layout::Striped => there.take(DATA_SHARDS).collect(),
    };
    survivors.try_into().ok()
}
