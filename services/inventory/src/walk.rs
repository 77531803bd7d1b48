//! One merge of what all nodes list with the index of generations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::View;
use domain::row::{ContentRow, PlacedShard};
use events::ids::{BucketName, ContentId, Generation, NodeId};
use futures_util::future::join_all;
use ledger::{Ledger, ReadError, Snapshot, StateError};
use shards::protocol::{LIST_SHARDS_MAX, ListedShard, ShardState};
use shards::{ShardStore, Transport};
use tokio::time::sleep;
use uuid::Uuid;

use crate::page::NodePage;

/// The most listed shards in memory, of all nodes together.
const LISTED_SHARDS_MAX: usize = 64 * 1024;

/// The fewest shards in a page of one node, however many nodes there are: more than one generation has.
const PAGE_SHARDS_MIN: usize = 64;

/// The most shards in a page whose every bit the node reads first.
const VERIFIED_SHARDS_MAX: usize = 256;

/// The most generations in one stretch.
const GENERATIONS_MAX: usize = 1_024;

/// The pause after which a node that did not answer is asked again.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// The index bits of the id of a shard, of which its generation has none.
const INDEX_BITS: u128 = 0b111;

/// Why a walk cannot go on now. It goes on where it was when it is asked again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WalkError {
    /// The state is not up to date.
    #[error(transparent)]
    NotUpToDate(#[from] ReadError),
    /// The state cannot be read.
    #[error("the state cannot be read: {0}")]
    State(String),
}

impl From<StateError> for WalkError {
    fn from(error: StateError) -> Self {
        Self::State(error.to_string())
    }
}

/// A part of the order of all shards, compared.
pub struct Stretch {
    /// The state that the lists were compared with. It is newer than they are.
    pub snapshot: Arc<Snapshot>,
    /// The contents whose generations are in the stretch, with their rows.
    pub contents: Vec<(ContentId, Arc<ContentRow>)>,
    /// The shards that the log names here.
    pub named: Vec<Named>,
    /// The shards that nodes have here, and the log does not name there.
    pub strays: Vec<Stray>,
    /// How many shards the nodes listed.
    pub listed: u64,
    /// How many contents the walk has come to so far, those of this stretch among them.
    pub contents_so_far: u64,
}

/// A shard that the log names.
#[derive(Debug, Clone)]
pub struct Named {
    /// The content that it belongs to.
    pub content: ContentId,
    /// The row of the content.
    pub row: Arc<ContentRow>,
    /// The shard.
    pub shard: PlacedShard,
    /// What its node says of it.
    pub found: Found,
}

/// What a node says of a shard that the log names there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It has it, as long as it has to be.
    Intact,
    /// It has it, and not as it was written.
    Damaged,
    /// Its disk does not return it.
    Unreadable,
    /// It does not have it.
    Missing,
    /// The node did not answer.
    Unanswered,
    /// The node was not asked.
    NotAsked,
}

/// A shard that a node has, and that the log does not name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The node.
    pub node: NodeId,
    /// What it listed.
    pub listed: ListedShard,
    /// Whether the log can ever name it.
    pub standing: Standing,
}

/// How the log stands to a shard that it does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// No event will name it: its generation is in use elsewhere, has ended, or is below the horizon.
    Dead,
    /// An upload may be under way that names it in the end.
    Young,
}

/// A merge of what nodes list with the index of generations, stretch by stretch. It holds one page of each node.
pub struct Walk<T: Transport> {
    store: ShardStore<T>,
    ledger: Ledger,
    pages: BTreeMap<NodeId, NodePage>,
    /// The last shard that was compared; all with its generation were.
    after: Uuid,
    verify: bool,
    contents: u64,
}

impl<T: Transport> Walk<T> {
    /// A walk through the shards of `nodes`. With `verify` the nodes read every bit of them.
    pub fn new(store: ShardStore<T>, ledger: Ledger, nodes: impl IntoIterator<Item = NodeId>, verify: bool) -> Self {
        let after = Uuid::nil();
        let pages = nodes.into_iter().map(|node| (node.clone(), NodePage::new(node, after))).collect();
        Self { store, ledger, pages, after, verify, contents: 0 }
    }

    /// The nodes that did not answer, and are asked no more.
    pub fn silent(&self) -> BTreeSet<NodeId> {
        self.pages.values().filter(|page| !page.is_asked()).map(|page| page.node.clone()).collect()
    }

    /// The next stretch; `None` behind the last one. The future may be dropped: what it listed is listed again.
    ///
    /// # Errors
    /// See [`WalkError`].
    pub async fn next(&mut self) -> Result<Option<Stretch>, WalkError> {
        if self.after == Uuid::max() {
            return Ok(None);
        }
        let listed_until = self.list().await;
        let snapshot = self.ledger.read().await?;
        match self.compare(snapshot, listed_until) {
            Ok((stretch, until)) => {
                self.after = until;
                self.contents = stretch.contents_so_far;
                Ok(Some(stretch))
            }
            Err(error) => {
                // What was compared was taken out.
                let after = self.after;
                self.pages.values_mut().for_each(|page| page.restart(after));
                Err(error.into())
            }
        }
    }

    /// Compares what was listed with the index, up to where both are known. Returns up to where that is.
    fn compare(&mut self, snapshot: Arc<Snapshot>, listed_until: Uuid) -> Result<(Stretch, Uuid), StateError> {
        let after = (!self.after.is_nil()).then(|| Generation::from_fresh(self.after));
        let mut names = snapshot.list_generations(after, GENERATIONS_MAX)?;
        let mut until = listed_until;
        if let Some(last) = names.last().filter(|_| names.len() == GENERATIONS_MAX) {
            until = until.min(last.generation.shard(u8::MAX));
        }
        names.retain(|name| name.generation.as_uuid() <= until);
        let (contents, named, strays) = (Vec::new(), Vec::new(), Vec::new());
        let mut stretch = Stretch { snapshot, contents, named, strays, listed: 0, contents_so_far: self.contents };
        for name in names {
            self.look_for(&mut stretch, name);
        }
        self.take_strays(&mut stretch, until)?;
        stretch.contents_so_far += stretch.contents.len() as u64;
        Ok((stretch, until))
    }

    /// Asks the nodes for their next pages until all of them, but for those that do not answer, have listed their shards
    /// up to the same generation. Returns its last shard.
    async fn list(&mut self) -> Uuid {
        let max = (LISTED_SHARDS_MAX / self.pages.len().max(1)).clamp(PAGE_SHARDS_MIN, LIST_SHARDS_MAX);
        let max = if self.verify { max.min(VERIFIED_SHARDS_MAX) } else { max };
        let after = self.after;
        loop {
            let is_behind = |page: &&mut NodePage| page.is_asked() && whole(page.until()) <= after;
            let (store, verify) = (&self.store, self.verify);
            let asked = self.pages.values_mut().filter(is_behind).map(|page| async move {
                let answer = store.list(&page.node, page.until(), max, verify).await;
                let failed = answer.is_err();
                match answer {
                    Ok(listed) => page.add(listed),
                    Err(error) => {
                        tracing::info!(node = %page.node, %error, "a node did not list its shards");
                        page.fail();
                    }
                }
                failed
            });
            let failed = join_all(asked).await;
            if failed.is_empty() {
                break;
            }
            if failed.contains(&true) {
                sleep(RETRY_PAUSE).await;
            }
        }
        let known = self.pages.values().filter(|page| page.is_asked());
        // Where no node answers, the index alone says how far to go.
        known.map(|page| whole(page.until())).min().unwrap_or(Uuid::max())
    }

    /// Looks for the shards of one generation on their nodes.
    fn look_for(&mut self, stretch: &mut Stretch, name: ledger::Named) {
        let ledger::Named { generation, content, row } = name;
        let row = Arc::new(row);
        for shard in row.shards(&content).filter(|shard| shard.generation == generation) {
            let found = match self.pages.get_mut(&shard.node) {
                None => Found::NotAsked,
                Some(page) if !page.is_asked() => Found::Unanswered,
                Some(page) => page.take(shard.uuid()).map_or(Found::Missing, |listed| {
                    stretch.listed += 1;
                    judge(&listed, &row)
                }),
            };
            stretch.named.push(Named { content, row: Arc::clone(&row), shard, found });
        }
        if generation == content.generation {
            stretch.contents.push((content, row));
        }
    }

    /// What was listed up to here and was not named.
    fn take_strays(&mut self, stretch: &mut Stretch, until: Uuid) -> Result<(), StateError> {
        let horizon = stretch.snapshot.totals()?.horizon;
        for page in self.pages.values_mut() {
            for listed in page.take_until(until) {
                stretch.listed += 1;
                let generation = Generation::from_fresh(listed.shard);
                let is_dead = generation.milliseconds() < horizon
                    || stretch.snapshot.generation(generation)?.is_some()
                    || stretch.snapshot.ended(generation)?.is_some();
                let standing = if is_dead { Standing::Dead } else { Standing::Young };
                stretch.strays.push(Stray { node: page.node.clone(), listed, standing });
            }
        }
        Ok(())
    }
}

/// What a listed shard is worth to a content.
fn judge(listed: &ListedShard, row: &ContentRow) -> Found {
    let is_here = |bucket: &BucketName| *bucket == row.bucket;
    match listed.state {
        // A file in another folder answers to nobody who asks for the content.
        _ if !listed.bucket.as_ref().is_none_or(is_here) => Found::Missing,
        ShardState::Intact if listed.bytes == row.placement.layout.shard_bytes(row.size) => Found::Intact,
        ShardState::Intact | ShardState::Damaged => Found::Damaged,
        ShardState::Unreadable => Found::Unreadable,
        ShardState::Staged => Found::Missing,
    }
}

/// The last shard of the last generation of which all shards are up to this one.
fn whole(until: Uuid) -> Uuid {
    let until = until.as_u128();
    let is_last = until & INDEX_BITS == INDEX_BITS;
    Uuid::from_u128(if is_last { until } else { (until & !INDEX_BITS).saturating_sub(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_ends_with_a_generation() {
        let end = |until: u128| whole(Uuid::from_u128(until)).as_u128();
        assert_eq!([0, 6, 7, 8, 14, 15].map(end), [0, 0, 7, 7, 7, 15]);
        assert_eq!(whole(Uuid::max()), Uuid::max());
    }
}
