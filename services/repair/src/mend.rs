//! Writes the owed shards of one content.

use domain::View;
use domain::placement::{Candidate, NODE_RESERVE_BYTES};
use domain::row::PlacedShard;
use events::content::{ContentPlaced, PlaceCause, ShardPlace, ShardPlaced};
use events::ids::{BucketName, ContentId, Generation, NodeId};
use ledger::{Ledger, Sources, StateError};
use shards::{Pace, ReadError, RebuildError, Rebuilt, Rewrite, ShardStore, StoredContent, Transport};

use crate::backoff::Reason;
use crate::claims::{Claim, Claims};
use crate::owed::{Margin, Owed, OwedShard};
use crate::target::targets;

/// How often nodes are chosen for the shards of a content before it is left for a while: each time without those that did
/// not take one.
const ROUNDS_MAX: usize = 3;

/// What writes shards anew.
pub(crate) struct Mender<T: Transport> {
    pub(crate) store: ShardStore<T>,
    pub(crate) ledger: Ledger,
    pub(crate) sources: Sources,
    pub(crate) claims: Claims,
}

/// A content whose new shards are durable, and named by no event yet. They are discarded if this is dropped.
pub(crate) struct Mended<T: Transport> {
    pub(crate) bucket: BucketName,
    /// What is to be recorded.
    pub(crate) placed: ContentPlaced,
    pub(crate) rebuilt: Rebuilt<T>,
    /// Nobody else writes shards of it until they are placed.
    pub(crate) claim: Claim,
    /// The log's sequence up to which facts about nodes were known when the new ones were chosen.
    pub(crate) chosen_at: u64,
    pub(crate) margin: Margin,
    /// Bytes of each new shard.
    pub(crate) shard_bytes: u64,
    /// Whether these are all shards that the content is owed.
    pub(crate) is_whole: bool,
}

/// The reason why a content was not repaired, and which.
pub(crate) type NotMended = (ContentId, Reason);

impl<T: Transport> Mender<T> {
    /// Writes the owed shards of a content to nodes that have room.
    ///
    /// # Errors
    /// Why it is to be left for a while.
    pub(crate) async fn mend(&self, owed: Owed, pace: &impl Pace) -> Result<Mended<T>, NotMended> {
        let content = owed.content;
        let choose = |owed: &Owed, candidates: &[Candidate]| targets(owed, candidates).map_err(|_| Reason::NoRoom);
        self.try_mend(owed, choose, pace).await.map_err(|reason| (content, reason))
    }

    /// Writes the owed shards of a content to this node alone.
    ///
    /// # Errors
    /// Why it is to be left for a while.
    pub(crate) async fn mend_on(&self, node: &NodeId, owed: Owed, pace: &impl Pace) -> Result<Mended<T>, NotMended> {
        let content = owed.content;
        let choose = |owed: &Owed, candidates: &[Candidate]| {
            let has_room = |candidate: &Candidate| candidate.free_bytes >= NODE_RESERVE_BYTES;
            if !candidates.iter().any(|candidate| candidate.node == *node && has_room(candidate)) {
                return Err(Reason::NoRoom);
            }
            // Shards that were found to be altered are for repair to write.
            if owed.shards.iter().any(|owed| !owed.is_readable()) {
                return Err(Reason::Altered);
            }
            Ok(owed.shards.iter().map(|owed| (owed.clone(), node.clone())).collect())
        };
        self.try_mend(owed, choose, pace).await.map_err(|reason| (content, reason))
    }

    async fn try_mend(
        &self,
        mut owed: Owed,
        choose: impl Fn(&Owed, &[Candidate]) -> Result<Vec<(OwedShard, NodeId)>, Reason>,
        pace: &impl Pace,
    ) -> Result<Mended<T>, Reason> {
        let Some(claim) = self.claims.take(owed.content) else { return Err(Reason::Claimed) };
        if !self.lies_as_seen(&owed)? {
            return Err(Reason::Refused);
        }
        let stored = StoredContent::of_row(owed.content, owed.row.clone());
        let mut avoided: Vec<NodeId> = Vec::new();
        for _ in 0..ROUNDS_MAX {
            // Before the choice: a node that is given up later is noticed by whoever decides.
            let chosen_at = self.store.membership().known_at();
            let candidates = self.store.candidates(&avoided, stored.placement.nodes.len());
            let targets = choose(&owed, &candidates)?;
            if targets.is_empty() {
                // The node that was free for what only shares one is not any more.
                return Err(Reason::NoRoom);
            }
            let rewrites = self.rewrites(&targets)?;
            match self.store.rebuild(&stored, &rewrites, pace).await {
                Ok(rebuilt) => return Ok(mended(&owed, targets, (rebuilt, claim), chosen_at)),
                Err(RebuildError::Altered { shards }) => owed.add_altered(&shards),
                Err(RebuildError::NotTaken { failed }) => {
                    avoided.extend(failed.into_iter().map(|(shard, _)| shard.node));
                }
                Err(RebuildError::Read(error)) => return Err(reason(&owed, &error)),
            }
        }
        Err(Reason::NoRoom)
    }

    /// Whether the shards of a content lie where they did when it was looked at. It may have waited for its turn since, and
    /// whoever had taken it up meanwhile may have placed some.
    fn lies_as_seen(&self, owed: &Owed) -> Result<bool, Reason> {
        let row = self.ledger.latest().content(&owed.content).map_err(|error| unreadable(&error))?;
        Ok(row.is_some_and(|row| row.placement == owed.row.placement && row.moved == owed.row.moved))
    }

    /// The names under which shards are written. Each is fresh, and used for these bytes alone.
    fn rewrites(&self, targets: &[(OwedShard, NodeId)]) -> Result<Vec<Rewrite>, Reason> {
        let rewrite = |(owed, node): &(OwedShard, NodeId)| {
            let generation = self.generation()?;
            Ok(Rewrite { index: owed.shard.index, node: node.clone(), generation, is_readable: owed.is_readable() })
        };
        let rewrites: Result<_, StateError> = targets.iter().map(rewrite).collect();
        rewrites.map_err(|error| unreadable(&error))
    }

    /// A fresh generation, by the secret of the master key in use.
    fn generation(&self) -> Result<Generation, StateError> {
        let totals = self.ledger.latest().totals()?;
        let now = (self.sources.now)();
        let fresh =
            Generation::not_before((self.sources.fresh)(now), totals.horizon.saturating_add(totals.upload_time));
        // There are at most 256 master keys.
        let number = u16::try_from(totals.keys.master_number()).unwrap_or(Generation::SECRET_NUMBER_MAX);
        Ok(Generation::of_repair(fresh, number))
    }
}

impl Owed {
    /// Nodes have altered shards, which are not to be read.
    fn add_altered(&mut self, altered: &[u8]) {
        self.shards.retain(|owed| !altered.contains(&owed.shard.index));
        let shards = self.row.shards(&self.content).filter(|shard| altered.contains(&shard.index));
        self.shards.extend(shards.map(|shard| OwedShard { shard, cause: PlaceCause::Fault }));
    }
}

fn unreadable(error: &StateError) -> Reason {
    tracing::warn!(%error, "the state cannot be read");
    Reason::Other
}

fn reason(owed: &Owed, error: &ReadError) -> Reason {
    let reason = match error {
        ReadError::Lost { .. } => Reason::TooFewShards,
        ReadError::Altered => Reason::Altered,
        ReadError::NoSecret(_) => Reason::NoSecret,
        ReadError::Busy | ReadError::OutOfRange { .. } | ReadError::TooLarge | ReadError::Internal => Reason::Other,
    };
    let (bucket, generation) = (&owed.row.bucket, owed.content.generation);
    tracing::warn!(%bucket, %generation, %error, "the owed shards of a content cannot be written now");
    reason
}

/// What was made durable, as it is to be recorded.
fn mended<T: Transport>(
    owed: &Owed,
    targets: Vec<(OwedShard, NodeId)>,
    (rebuilt, claim): (Rebuilt<T>, Claim),
    chosen_at: u64,
) -> Mended<T> {
    let new: Vec<PlacedShard> = rebuilt.shards().cloned().collect();
    let placed = |(owed, _): (OwedShard, NodeId)| {
        let PlacedShard { index, node, generation } = owed.shard;
        let to = new.iter().find(|new| new.index == index)?;
        let (from, to) =
            (ShardPlace { node, generation }, ShardPlace { node: to.node.clone(), generation: to.generation });
        Some(ShardPlaced { shard: index, from, to, cause: owed.cause })
    };
    let shards: Vec<ShardPlaced> = targets.into_iter().filter_map(placed).collect();
    let is_whole = shards.len() == owed.shards.len();
    Mended {
        bucket: owed.row.bucket.clone(),
        placed: ContentPlaced { content: owed.content, shards },
        rebuilt,
        claim,
        chosen_at,
        margin: owed.margin,
        shard_bytes: owed.row.placement.layout.shard_bytes(owed.row.size),
        is_whole,
    }
}
