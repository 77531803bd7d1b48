//! Has new shards placed by few facts, and discards what they replaced.

use std::collections::BTreeMap;

use domain::row::{PlacedShard, Presence};
use domain::{Command, Outcome, PlaceShards, View};
use events::content::{ContentPlaced, PlaceCause, ShardPlace};
use events::ids::{BucketName, ContentId, Generation, NodeId};
use futures_util::future::join_all;
use ledger::CommitError;
use shards::Transport;
use worker::{Failpoint, Handle, Trouble};

use crate::claims::Claim;
use crate::mend::{Mended, Mender};
use crate::owed::Margin;
use crate::standing::Nodes;

/// The most shards that one command has placed. Each changes at most five rows, and a fact changes at most
/// [`domain::FACT_CHANGES_MAX`].
const SHARDS_MAX: usize = 48;

/// A content whose new shards were decided on.
pub(crate) struct Repaired {
    pub(crate) content: ContentId,
    pub(crate) margin: Margin,
    /// Why the shards were written that are placed now.
    pub(crate) causes: Vec<PlaceCause>,
    /// Bytes of those.
    pub(crate) bytes: u64,
    /// What the content is owed still.
    pub(crate) rest: Rest,
}

/// What a content is owed after some shards of it were placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    Nothing,
    /// Shards for which no node was found.
    Unplaced,
    /// Shards that the log did not take.
    Refused,
}

/// What became of a batch.
#[derive(Default)]
pub(crate) struct Committed {
    pub(crate) repaired: Vec<Repaired>,
    /// What went wrong, if anything did.
    pub(crate) trouble: Option<Trouble>,
}

/// Contents of one bucket that one command places.
struct Group {
    bucket: BucketName,
    chosen_at: u64,
    contents: Vec<ContentPlaced>,
    /// What else is known of them, in the same order.
    about: Vec<About>,
    /// Nobody else writes shards of them meanwhile.
    claims: Vec<Claim>,
}

/// What is known of a content beside its new shards.
#[derive(Debug, Clone, Copy)]
struct About {
    margin: Margin,
    shard_bytes: u64,
    is_whole: bool,
}

impl About {
    /// What became of the content, if the log refused these of its shards.
    fn repaired(self, placed: &ContentPlaced, refused: &[Generation]) -> Repaired {
        let taken = placed.shards.iter().filter(|placed| !refused.contains(&placed.to.generation));
        let causes: Vec<PlaceCause> = taken.map(|placed| placed.cause).collect();
        let rest = match () {
            () if causes.len() < placed.shards.len() => Rest::Refused,
            () if self.is_whole => Rest::Nothing,
            () => Rest::Unplaced,
        };
        let bytes = causes.len() as u64 * self.shard_bytes;
        Repaired { content: placed.content, margin: self.margin, causes, bytes, rest }
    }
}

impl<T: Transport> Mender<T> {
    /// Has the new shards of these contents read from here on.
    pub(crate) async fn commit(&self, mended: Vec<Mended<T>>, nodes: &Nodes, handle: &Handle) -> Committed {
        let groups = groups(mended);
        let outcomes = join_all(groups.into_iter().map(|group| self.commit_group(group, nodes, handle))).await;
        let mut committed = Committed::default();
        for Committed { repaired, trouble } in outcomes {
            committed.repaired.extend(repaired);
            committed.trouble = committed.trouble.or(trouble);
        }
        committed
    }

    async fn commit_group(&self, group: Group, nodes: &Nodes, handle: &Handle) -> Committed {
        let Group { bucket, chosen_at, contents, about, claims } = group;
        handle.reached(Failpoint::RepairWritten).await;
        let gone = self.gone(&contents);
        let wanted: Vec<ContentPlaced> = contents.iter().filter_map(|content| without(content, &gone)).collect();
        let mut refused = Vec::new();
        if !wanted.is_empty() {
            let placed = PlaceShards { bucket: bucket.clone(), contents: wanted.clone(), chosen_at };
            let outcome = handle.commit(Command::PlaceShards(Box::new(placed))).await;
            refused = match outcome.map(|committed| (committed.outcome, committed.sequence)) {
                Ok((Outcome::Placed { refused }, sequence)) => {
                    self.until_seen(sequence).await;
                    refused
                }
                Ok(_) => {
                    let trouble = Some(Trouble::Failed("the ledger gave an unexpected answer".into()));
                    return Committed { trouble, ..Committed::default() };
                }
                Err(error) => {
                    self.undo(&bucket, &wanted, &error).await;
                    return Committed { trouble: Some(error.into()), ..Committed::default() };
                }
            };
        }
        drop(claims);
        handle.reached(Failpoint::RepairPlaced).await;
        // The new one if it was refused, else the old one. Who is gone is not asked: what it has is swept as a stray.
        let shards = wanted.iter().flat_map(|content| &content.shards);
        let unneeded = shards.map(|placed| {
            let place = if refused.contains(&placed.to.generation) { &placed.to } else { &placed.from };
            shard(placed.shard, place)
        });
        let asked = unneeded.filter(|shard| nodes.is_asked(&shard.node)).collect();
        self.store.discard_shards(&bucket, asked).await;
        handle.reached(Failpoint::RepairDiscarded).await;
        refused.extend(gone);
        if !refused.is_empty() {
            tracing::info!(%bucket, shards = refused.len(), "new shards were not taken, and are discarded");
        }
        let repaired = contents.iter().zip(about).map(|(placed, about)| about.repaired(placed, &refused)).collect();
        Committed { repaired, trouble: None }
    }

    /// The new shards that moved for even fills alone, to nodes that are not there any more. The log may not know that yet,
    /// and the shards that they would replace lie well.
    fn gone(&self, contents: &[ContentPlaced]) -> Vec<Generation> {
        let snapshot = self.ledger.latest();
        let is_there = |node: &NodeId| match snapshot.node(node) {
            Ok(row) => {
                let is_online = row.is_some_and(|row| row.presence.is == Presence::Online);
                is_online && self.store.membership().is_reachable(node)
            }
            Err(error) => {
                tracing::warn!(%node, %error, "the state of a node cannot be read, so nothing moves to it");
                false
            }
        };
        let moved = contents.iter().flat_map(|content| &content.shards);
        let gone = moved.filter(|placed| placed.cause == PlaceCause::Balance && !is_there(&placed.to.node));
        gone.map(|placed| placed.to.generation).collect()
    }

    /// Waits until the state of this process has that event, which another process may have written for it: whoever takes
    /// up one of the contents next chooses by it.
    async fn until_seen(&self, sequence: u64) {
        let mut progress = self.ledger.progress();
        let is_seen =
            progress.wait_for(|progress| progress.cursor.sequence >= sequence || progress.failed.is_some()).await;
        if is_seen.is_err() {
            tracing::debug!("the ledger has stopped, and nobody chooses by its state any more");
        }
    }

    /// Discards the new shards if it is certain that no event names them.
    async fn undo(&self, bucket: &BucketName, contents: &[ContentPlaced], error: &CommitError) {
        if error.is_definite() {
            let new = contents.iter().flat_map(|content| &content.shards);
            let new = new.map(|placed| shard(placed.shard, &placed.to)).collect();
            self.store.discard_shards(bucket, new).await;
        }
    }
}

/// A content without these new shards, if there are others of it.
fn without(content: &ContentPlaced, gone: &[Generation]) -> Option<ContentPlaced> {
    let mut content = content.clone();
    content.shards.retain(|placed| !gone.contains(&placed.to.generation));
    (!content.shards.is_empty()).then_some(content)
}

fn shard(index: u8, place: &ShardPlace) -> PlacedShard {
    PlacedShard { index, node: place.node.clone(), generation: place.generation }
}

/// The commands that place these contents. From here on it may stay unknown whether an event names the new shards, so they
/// are kept.
fn groups<T: Transport>(mended: Vec<Mended<T>>) -> Vec<Group> {
    let mut groups: BTreeMap<BucketName, Vec<Group>> = BTreeMap::new();
    for mended in mended {
        let Mended { bucket, placed, rebuilt, claim, chosen_at, margin, shard_bytes, is_whole } = mended;
        let _kept = rebuilt.keep();
        let of_bucket = groups.entry(bucket.clone()).or_default();
        let fits = |group: &&mut Group| {
            let shards: usize = group.contents.iter().map(|content| content.shards.len()).sum();
            shards + placed.shards.len() <= SHARDS_MAX
        };
        let about = About { margin, shard_bytes, is_whole };
        if let Some(group) = of_bucket.last_mut().filter(fits) {
            group.chosen_at = group.chosen_at.min(chosen_at);
            group.contents.push(placed);
            group.about.push(about);
            group.claims.push(claim);
        } else {
            let (contents, about, claims) = (vec![placed], vec![about], vec![claim]);
            of_bucket.push(Group { bucket, chosen_at, contents, about, claims });
        }
    }
    groups.into_values().flatten().collect()
}
