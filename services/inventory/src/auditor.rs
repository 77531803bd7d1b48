//! A walk through all shards that counts what it finds.

use std::collections::{BTreeMap, BTreeSet};

use domain::durability::survives_any_node;
use domain::row::{ContentRow, Duty, NodeRow, PlacedShard};
use domain::{NoteHealth, View};
use events::content::Fault;
use events::ids::{ContentId, Layout, NodeId};
use futures_util::{StreamExt, stream};
use ledger::{Ledger, Snapshot, Sources, StateError};
use shards::protocol::ShardState;
use shards::{ShardStore, Transport};
use tokio::time::Instant;
use uuid::Uuid;

use crate::WalkError;
use crate::audit::{Audit, EXAMPLES_MAX, ShortContent, ShortShard};
use crate::look::{Looked, Seen, findings, look};
use crate::walk::{Found, Named, Standing, Stray, Stretch, Walk};

/// Shards that moved and whose every bit is read at a time.
const VERIFIED_AT_ONCE_MAX: usize = 8;

/// How far an audit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Progress {
    /// Contents that were counted.
    pub contents: u64,
    /// Contents that there are, as far as was known when they were counted last.
    pub of: u64,
}

/// Counts all contents on the nodes.
pub struct Auditor<T: Transport> {
    store: ShardStore<T>,
    ledger: Ledger,
    sources: Sources,
    walk: Walk<T>,
    audit: Audit,
    nodes: BTreeMap<NodeId, NodeRow>,
    /// What was listed and waits for a second look.
    pending: Option<Pending>,
    begun: Instant,
}

/// A stretch that was listed.
struct Pending {
    progress: Progress,
    tallies: Vec<(ContentId, Tally)>,
    doubtful: Vec<ContentId>,
    /// Shards whose bits were read and are not right: a node need not remember what it found.
    bad: BTreeMap<Uuid, Fault>,
}

/// What is known of the shards of a content.
struct Tally {
    row: ContentRow,
    shards: Vec<(PlacedShard, Seen)>,
}

impl<T: Transport> Auditor<T> {
    /// Begins an audit of all nodes that joined and were not removed. If it is deep, they read every bit of their shards.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn start(store: ShardStore<T>, ledger: Ledger, sources: Sources, deep: bool) -> Result<Self, StateError> {
        let nodes = nodes(&ledger.latest())?;
        let asked = nodes.iter().filter(|(_, row)| row.duty.is != Duty::Removed).map(|(node, _)| node.clone());
        let walk = Walk::new(store.clone(), ledger.clone(), asked, deep);
        Ok(Self { store, ledger, sources, walk, audit: Audit::new(deep), nodes, pending: None, begun: Instant::now() })
    }

    /// Goes on. Returns how far it is, and what is news to the log: whoever asked may commit that. `None` at the end.
    ///
    /// # Errors
    /// See [`WalkError`]. While the state is not up to date, it may be asked again; if it cannot be read, begin anew.
    pub async fn next(&mut self) -> Result<Option<(Progress, Vec<NoteHealth>)>, WalkError> {
        if self.pending.is_none() {
            let Some(stretch) = self.walk.next().await? else { return Ok(None) };
            self.pending = Some(self.begin(stretch)?);
        }
        let doubtful = self.pending.as_ref().map_or(&[][..], |pending| &pending.doubtful);
        let looked = look(&self.store, &self.ledger, doubtful, (self.sources.now)()).await?;
        let mut verified = Vec::with_capacity(looked.len());
        for mut looked in looked {
            for (shard, seen) in looked.shards.iter_mut().filter(|(_, seen)| *seen == Seen::Intact) {
                let bad = self.pending.as_ref().and_then(|pending| pending.bad.get(&shard.uuid()));
                *seen = bad.map_or(Seen::Intact, |fault| Seen::Faulty(*fault));
            }
            verified.push(self.verified(looked).await);
        }
        let Some(Pending { progress, tallies, .. }) = self.pending.take() else { return Ok(None) };
        let news = verified.iter().filter_map(|looked| self.news(looked)).collect();
        let doubtful = verified.into_iter().map(|Looked { content, row, shards, .. }| (content, Tally { row, shards }));
        tallies.into_iter().chain(doubtful).for_each(|(content, tally)| self.count(content, &tally));
        Ok(Some((progress, news)))
    }

    /// Takes in what the lists say of a stretch.
    fn begin(&mut self, stretch: Stretch) -> Result<Pending, StateError> {
        self.nodes = nodes(&stretch.snapshot)?;
        self.audit.sequence = stretch.snapshot.cursor()?.sequence;
        let progress = Progress { contents: stretch.contents_so_far, of: stretch.snapshot.totals()?.contents };
        stretch.strays.iter().for_each(|stray| self.count_stray(stray));
        let bad = if self.audit.deep { bad(&stretch.named) } else { BTreeMap::new() };
        let (tallies, doubtful) = tallies(stretch);
        Ok(Pending { progress, tallies, doubtful, bad })
    }

    /// What was counted. To be asked at the end.
    pub fn finish(mut self) -> Audit {
        let silent = self.walk.silent();
        for (node, row) in &self.nodes {
            if row.duty.is != Duty::Removed {
                self.audit.nodes.entry(node.clone()).or_default().answered = !silent.contains(node);
            }
        }
        self.audit.seconds = self.begun.elapsed().as_secs_f64();
        self.audit
    }

    /// What a second look says. In a deep audit the shards that were written anew are read here.
    async fn verified(&self, mut looked: Looked) -> Looked {
        let content = looked.content;
        let is_read = |shard: &PlacedShard, seen: Seen| {
            self.audit.deep && seen == Seen::Intact && shard.generation != content.generation
        };
        let verified = stream::iter(std::mem::take(&mut looked.shards)).map(|(shard, seen)| async move {
            let seen = if is_read(&shard, seen) { self.verify(&shard).await } else { seen };
            (shard, seen)
        });
        looked.shards = verified.buffered(VERIFIED_AT_ONCE_MAX).collect().await;
        looked
    }

    /// Has a node read every bit of a shard.
    async fn verify(&self, shard: &PlacedShard) -> Seen {
        let before = Uuid::from_u128(shard.uuid().as_u128() - 1);
        match self.store.list(&shard.node, before, 1, true).await {
            Err(_) => Seen::Unanswered,
            Ok(page) => {
                match page.shards.first().filter(|listed| listed.shard == shard.uuid()).map(|listed| listed.state) {
                    Some(ShardState::Intact) => Seen::Intact,
                    Some(ShardState::Damaged) => Seen::Faulty(Fault::Damaged),
                    Some(ShardState::Unreadable) => Seen::Faulty(Fault::Unreadable),
                    Some(ShardState::Staged) | None => Seen::Faulty(Fault::Missing),
                }
            }
        }
    }

    fn news(&self, looked: &Looked) -> Option<NoteHealth> {
        let findings = findings(looked, &self.nodes);
        (!findings.is_empty()).then_some(NoteHealth { content: looked.content, findings })
    }

    fn count(&mut self, content: ContentId, tally: &Tally) {
        let (row, mut lacks, mut healthy) = (&tally.row, Vec::new(), Vec::new());
        for (shard, seen) in &tally.shards {
            let counts = self.audit.nodes.entry(shard.node.clone()).or_default();
            let fault = match seen {
                Seen::Intact => {
                    counts.healthy += 1;
                    healthy.push(&shard.node);
                    continue;
                }
                // Nobody will ask a node that was given up.
                Seen::Unanswered if self.nodes.get(&shard.node).is_some_and(|node| node.duty.is == Duty::Removed) => {
                    Some(Fault::Missing)
                }
                Seen::Unanswered => None,
                Seen::Faulty(fault) => Some(*fault),
            };
            match fault {
                Some(Fault::Missing | Fault::Unwritten) => counts.missing += 1,
                Some(Fault::Damaged) => counts.damaged += 1,
                Some(Fault::Unreadable) => counts.unreadable += 1,
                None => counts.unanswered += 1,
            }
            lacks.push(ShortShard { shard: shard.index, node: shard.node.clone(), fault });
        }
        let layout = row.placement.layout;
        self.audit.count_content(layout, healthy.len());
        if healthy.len() < layout.read_quorum() {
            self.audit.unreadable += 1;
        } else if !survives_any_node(layout, healthy.iter().copied()) {
            self.audit.endangered += 1;
        }
        if lacks.is_empty() {
            let is_crowded = self.is_crowded(layout, &healthy);
            self.audit.crowded += u64::from(is_crowded);
            return;
        }
        self.audit.short += 1;
        if self.audit.examples.len() < EXAMPLES_MAX {
            let (bucket, size, healthy) = (row.bucket.clone(), row.size, healthy.len());
            self.audit.examples.push(ShortContent { bucket, content, size, healthy, lacks });
        }
    }

    /// Whether a node has two shards although another one could have one of them.
    fn is_crowded(&self, layout: Layout, healthy: &[&NodeId]) -> bool {
        let distinct: BTreeSet<&NodeId> = healthy.iter().copied().collect();
        if distinct.len() == layout.shards().len() {
            return false;
        }
        let silent = self.walk.silent();
        let could =
            |(node, row): (&NodeId, &NodeRow)| row.takes_shards() && !distinct.contains(node) && !silent.contains(node);
        self.nodes.iter().any(could)
    }

    fn count_stray(&mut self, stray: &Stray) {
        let counts = &mut self.audit.nodes.entry(stray.node.clone()).or_default().strays;
        match stray.standing {
            Standing::Dead => {
                counts.dead += 1;
                counts.dead_bytes += stray.listed.bytes;
            }
            Standing::Young => {
                counts.young += 1;
                counts.young_bytes += stray.listed.bytes;
            }
        }
    }
}

/// What the lists say of the contents of a stretch, and the contents of which they do not say enough: a shard seems
/// not to be there, or lies elsewhere in the order of all because it was written anew.
fn tallies(stretch: Stretch) -> (Vec<(ContentId, Tally)>, Vec<ContentId>) {
    let mut listed: BTreeMap<ContentId, Vec<Named>> = BTreeMap::new();
    for named in stretch.named {
        if named.shard.generation == named.content.generation {
            listed.entry(named.content).or_default().push(named);
        }
    }
    let (mut tallies, mut doubtful) = (Vec::new(), Vec::new());
    for (content, row) in stretch.contents {
        let named = listed.remove(&content).unwrap_or_default();
        let is_clear = |named: &Named| matches!(named.found, Found::Intact | Found::Unanswered);
        if row.moved.is_empty() && named.iter().all(is_clear) {
            let seen = |named: Named| {
                let seen = if named.found == Found::Intact { Seen::Intact } else { Seen::Unanswered };
                (named.shard, seen)
            };
            let shards = named.into_iter().map(seen).collect();
            tallies.push((content, Tally { row: ContentRow::clone(&row), shards }));
        } else {
            doubtful.push(content);
        }
    }
    (tallies, doubtful)
}

/// The shards whose bits are not right.
fn bad(named: &[Named]) -> BTreeMap<Uuid, Fault> {
    let fault = |named: &Named| match named.found {
        Found::Damaged => Some((named.shard.uuid(), Fault::Damaged)),
        Found::Unreadable => Some((named.shard.uuid(), Fault::Unreadable)),
        Found::Intact | Found::Missing | Found::Unanswered | Found::NotAsked => None,
    };
    named.iter().filter_map(fault).collect()
}

fn nodes(snapshot: &Snapshot) -> Result<BTreeMap<NodeId, NodeRow>, StateError> {
    Ok(snapshot.list_nodes()?.into_iter().collect())
}
