//! Fetches one stripe, or a part of it, from the nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use bytes::Bytes;
use domain::row::PlacedShard;
use events::ids::{DATA_SHARDS, Layout, SHARDS};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep};

use crate::budget::BUDGET_WAIT_MAX;
use crate::code::erasure::{Survivor, rebuild};
use crate::code::geometry::{Part, Stripe};
use crate::code::shard_set::ShardSet;
use crate::code::tagging::{NoSecret, Taggings};
use crate::inspect::{Incident, IncidentKind};
use crate::meter;
use crate::node::client::{NodeClient, NodeError};
use crate::node::latency::Class;
use crate::node::transport::Transport;
use crate::read::content::ReadError;
use crate::read::expected::Expected;
use crate::read::hedge::hedge_after;
use crate::read::plan::{Plan, Rank, Ranks, Step};
use crate::read::shard_reader::{Fault, ShardReader};
use crate::read::task::Task;
use crate::store::{Inner, StoredContent};

/// The most hedges of one stripe: one for each parity shard.
const HEDGES_MAX: usize = 2;

/// One read of one content: the state that the fetches of its stripes share.
pub(crate) struct Session<T> {
    store: Arc<Inner<T>>,
    content: StoredContent,
    stored: ShardSet,
    class: Class,
    readers: Vec<Option<Arc<ShardReader<T>>>>,
    /// A secret that is missing to verify the pieces of some shards, which have no readers.
    no_secret: Option<NoSecret>,
    /// The shards that this read has reported as missing or damaged, one bit each.
    faulty: AtomicU8,
}

/// The results of requests for the pieces of some shards.
type PieceResults = Vec<(u8, Result<Bytes, Fault>)>;

/// The pieces of a stripe that have arrived, by shard.
pub(crate) type StripePieces = [Option<Bytes>; SHARDS];

impl<T: Transport> Session<T> {
    pub(crate) fn new(store: Arc<Inner<T>>, content: StoredContent) -> Self {
        let mut taggings = Taggings::new(&store.secrets);
        let (mut readers, mut stored, mut no_secret) = (vec![None; SHARDS], ShardSet::EMPTY, None);
        for PlacedShard { index, node, generation } in content.shards() {
            match taggings.of(generation) {
                Ok(tagging) => {
                    let client = store.clients.get(&node);
                    let reader = ShardReader::new(client, &content.bucket, Expected::new(tagging, index, node));
                    readers[usize::from(index)] = Some(Arc::new(reader));
                    stored = stored.with(index);
                }
                Err(missing) => no_secret = Some(missing),
            }
        }
        let class = match content.placement.layout {
            Layout::Small => Class::Small,
            Layout::Striped => Class::Piece,
        };
        Self { store, content, stored, class, readers, no_secret, faulty: AtomicU8::new(0) }
    }

    /// The same read without the shards `excluded`.
    pub(crate) fn without(mut self, excluded: ShardSet) -> Self {
        self.stored = self.stored.without(excluded);
        self
    }

    /// Reads the only piece of a shard, and reports the shard as damaged if the piece differs from `expected`.
    pub(crate) async fn compare(&self, shard: u8, expected: &Bytes) {
        let Some(reader) = self.readers.get(usize::from(shard)).cloned().flatten() else { return };
        let stripe = Stripe { index: 0, unit: expected.len(), bytes: expected.len() };
        if reader.obtain(&self.store.local, &self.store.membership, stripe).await.is_ok_and(|piece| piece != *expected)
        {
            self.report_fault(shard, &Fault::Damaged);
        }
    }

    /// The same read, without open files.
    pub(crate) fn reopened(&self) -> Self {
        let again = Self::new(Arc::clone(&self.store), self.content.clone());
        again.faulty.store(self.faulty.load(Relaxed), Relaxed);
        again
    }

    /// Starts to fetch `part` in a task of its own: a reader that stops polling must not stall its requests, because
    /// they occupy the window of their node.
    pub(crate) fn start(self: &Arc<Self>, part: Part) -> Task<Result<Vec<Bytes>, ReadError>> {
        let session = Arc::clone(self);
        Task::start(async move { session.fetch(part).await })
    }

    /// Starts to fetch a slice of one piece, and keeps only the slice in memory.
    pub(crate) fn start_slice(self: &Arc<Self>, part: Part) -> Task<Result<Vec<Bytes>, ReadError>> {
        let session = Arc::clone(self);
        Task::start(async move {
            let budget = session.store.slice_budget.take(part.stripe.unit, sleep(BUDGET_WAIT_MAX)).await;
            let _budget = budget.ok_or(ReadError::Busy)?;
            Ok(session.fetch(part).await?.iter().map(|chunk| Bytes::copy_from_slice(chunk)).collect())
        })
    }

    /// Starts to fetch the pieces of `wanted` in a stripe, or as many others as they can be decoded from.
    pub(crate) fn start_pieces(
        self: &Arc<Self>,
        stripe: Stripe,
        wanted: ShardSet,
    ) -> Task<Result<StripePieces, ReadError>> {
        let session = Arc::clone(self);
        Task::start(async move { session.collect(stripe, wanted).await })
    }

    /// The bytes of `part`, in order.
    async fn fetch(&self, part: Part) -> Result<Vec<Bytes>, ReadError> {
        let wanted = part.pieces().map(|(shard, _)| shard).collect();
        let found = self.collect(part.stripe, wanted).await?;
        self.assemble(&part, &found)
    }

    /// The pieces of `wanted` in a stripe, or as many others as they can be decoded from.
    async fn collect(&self, stripe: Stripe, wanted: ShardSet) -> Result<StripePieces, ReadError> {
        let mut plan = Plan::new(self.content.placement.layout, self.stored, wanted);
        let (mut found, mut answers, mut hedges) = (StripePieces::default(), FuturesUnordered::new(), 0);
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
                Step::Request(shards) => {
                    self.store.hedges.earn(u32::try_from(shards.len()).unwrap_or(0));
                    answers.extend(self.request(shards, stripe));
                    continue;
                }
                Step::Wait => {}
            }
            tokio::select! {
                biased;
                Some(pieces) = answers.next() => self.accept(pieces, &mut plan, &mut found),
                () = &mut timer, if hedges < HEDGES_MAX => {
                    hedges += 1;
                    answers.extend(self.request(self.hedge(&mut plan, hedges), stripe));
                    timer.as_mut().reset(Instant::now() + patience);
                }
            }
        }
        self.record_late(plan.pending(), begin);
        Ok(found)
    }

    /// Requests the pieces of `shards`: those whose files are open on this host in one job, the others one by one.
    fn request(&self, shards: ShardSet, stripe: Stripe) -> Vec<BoxFuture<'static, PieceResults>> {
        let readers = |shard: u8| self.readers.get(usize::from(shard)).cloned().flatten().map(|reader| (shard, reader));
        let (open, others): (Vec<_>, Vec<_>) = shards
            .iter()
            .filter_map(readers)
            .map(|(shard, reader)| (shard, reader.open_file(), reader))
            .partition(|(_, file, _)| file.is_some());
        let local: Vec<_> = open.into_iter().filter_map(|(shard, file, reader)| Some((shard, reader, file?))).collect();
        let class = self.class;
        let mut asked: Vec<BoxFuture<'static, PieceResults>> = Vec::with_capacity(others.len() + 1);
        if !local.is_empty() {
            let store = Arc::clone(&self.store);
            asked.push(async move { ShardReader::read_files(local, &store.local, stripe).await }.boxed());
        }
        for (shard, _, reader) in others {
            let store = Arc::clone(&self.store);
            asked.push(
                async move {
                    let begin = Instant::now();
                    let piece = reader.obtain(&store.local, &store.membership, stripe).await;
                    // A refusal, or a node that is gone, says nothing about the node's latency.
                    if matches!(piece, Ok(_) | Err(Fault::Node(NodeError::TimedOut))) {
                        reader.client().latency().observe(class, begin.elapsed(), Instant::now());
                    }
                    vec![(shard, piece)]
                }
                .boxed(),
            );
        }
        asked
    }

    /// The additional shards to request because `late` ones have not arrived, if the hedge budget allows it.
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

    fn accept(&self, pieces: PieceResults, plan: &mut Plan, found: &mut StripePieces) {
        for (shard, piece) in pieces {
            match piece {
                Ok(bytes) => {
                    found[usize::from(shard)] = Some(bytes);
                    plan.arrived(shard);
                }
                Err(fault) => {
                    plan.failed(shard);
                    self.report_fault(shard, &fault);
                }
            }
        }
    }

    /// Reports a missing or damaged shard once for each read.
    fn report_fault(&self, shard: u8, fault: &Fault) {
        let kind = match fault {
            Fault::Missing => IncidentKind::Missing,
            Fault::Damaged => IncidentKind::Damaged,
            Fault::Unreadable => IncidentKind::Unreadable,
            Fault::Node(error) => {
                tracing::debug!(generation = %self.content.generation, shard, %error, "a shard could not be read");
                return;
            }
        };
        let before = self.faulty.fetch_or(1 << shard, Relaxed);
        if let Some(placed) = self.content.shard(shard).filter(|_| before & (1 << shard) == 0) {
            let StoredContent { bucket, sha256, generation, placement, .. } = &self.content;
            let (bucket, sha256, generation) = (bucket.clone(), Some(*sha256), *generation);
            let (layout, PlacedShard { node, generation: shard_generation, .. }) = (placement.layout, placed);
            let incident = Incident { bucket, sha256, generation, layout, shard, shard_generation, node, kind };
            self.store.report(incident);
        }
    }

    /// Records the latency of shards that the read did not wait for.
    fn record_late(&self, late: ShardSet, begin: Instant) {
        let now = Instant::now();
        for client in late.iter().filter_map(|shard| self.client(shard)) {
            client.latency().observe_late(self.class, now.duration_since(begin), now);
        }
    }

    fn client(&self, shard: u8) -> Option<&NodeClient<T>> {
        self.readers.get(usize::from(shard))?.as_deref().map(ShardReader::client)
    }

    fn ranks(&self) -> Ranks {
        let (now, faulty) = (Instant::now(), self.faulty.load(Relaxed));
        [0_u8, 1, 2, 3, 4, 5].map(|shard| match self.client(shard) {
            Some(client) if client.is_reachable() && faulty & (1 << shard) == 0 => {
                if client.latency().is_slow(now) {
                    Rank::Slow
                } else {
                    Rank::Good
                }
            }
            _ => Rank::Bad,
        })
    }

    fn patience(&self) -> std::time::Duration {
        hedge_after(self.readers.iter().flatten().map(|reader| reader.client().latency().p95(self.class)).collect())
    }

    /// Assembles the part, decoding the data pieces that did not arrive.
    fn assemble(&self, part: &Part, found: &StripePieces) -> Result<Vec<Bytes>, ReadError> {
        let mut chunks = Vec::with_capacity(DATA_SHARDS);
        let mut decoded = false;
        for (shard, range) in part.pieces() {
            let piece = if let Some(piece) = &found[usize::from(shard)] {
                piece.clone()
            } else {
                decoded = true;
                let survivors = survivors(self.content.placement.layout, found).ok_or(ReadError::Internal)?;
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

/// Four pieces from which the others can be decoded. Pieces 1 to 3 of a small content are known to be zeros.
pub(crate) fn survivors(layout: Layout, found: &StripePieces) -> Option<[Survivor<'_>; DATA_SHARDS]> {
    let arrived = (0_u8..).zip(found).filter_map(|(shard, piece)| Some((shard, Some(&piece.as_ref()?[..]))));
    let is_zero = |shard: &u8| !layout.shards().contains(shard);
    let zeros = (0_u8..).take(DATA_SHARDS).filter(is_zero).map(|shard| (shard, None));
    let survivors: Vec<Survivor<'_>> = zeros.chain(arrived).take(DATA_SHARDS).collect();
    survivors.try_into().ok()
}
