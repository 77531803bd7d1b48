//! A pass over what one node holds, page by page: what nobody needs is discarded.
//!
//! Each page is compared with a state that was read from the log after the node had answered: whatever was committed by
//! then is known, and what is known to be dead then is so for ever. So a pass may end anywhere, and begin again.

use std::collections::BTreeMap;

use domain::View;
use domain::row::{Duty, Since};
use events::ids::{BucketName, FolderId, NodeId};
use events::lease::Lease;
use ledger::{ReadOnly, Snapshot, StateError, Tables};
use shards::Transport;
use shards::protocol::{LIST_SHARDS_MAX, ListedShard, ShardPage, ShardState};
use tokio::time::Instant;
use uuid::Uuid;
use worker::{Failpoint, Handle, Trouble, latest};

use crate::discard::Dead;
use crate::recount::blocking;
use crate::stopped::{Stopped, Strays};
use crate::verdict::{Verdict, parts, verdict};
use crate::{Gc, StrayLimits, meters};

/// Strays of one pass that are remembered until all that the node holds was counted; the next pass finds the others.
const STRAYS_REMEMBERED_MAX: usize = 65_536;

/// Shards of repair that are remembered from one pass over a node to the next; others go with the horizon.
const OF_REPAIR_REMEMBERED_MAX: usize = 10_000;

/// A bucket that a request about records names: they are in no bucket's folder.
const NO_BUCKET: &str = "records";

/// A pass over what a node holds.
#[derive(Debug)]
pub(crate) struct Pass {
    pub(crate) node: NodeId,
    folder: FolderId,
    /// How many shards an operator had confirmed when it began.
    confirmed: Since<u64>,
    /// A page was counted, and what it called for is not done yet.
    pub(crate) is_unfinished: bool,
    /// The last shard that was looked at.
    after: Uuid,
    counts: Counts,
    strays: Vec<(Option<BucketName>, Uuid)>,
    /// Shards of repair that no event named, for the passes to come.
    of_repair: OfRepair,
}

/// Shards of repair on one node that no event named, with the term of its lease at which they were there first.
pub(crate) type OfRepair = BTreeMap<Uuid, u64>;

/// Shards that a pass came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All of them.
    pub(crate) held: u64,
    /// Of which the log says nothing. Those that are older than the joining of the node do not count.
    pub(crate) unnamed: u64,
    /// Of these: which were there when an operator confirmed shards of the node.
    pub(crate) earlier: u64,
    /// Of all these: whose upload may be under way.
    pub(crate) young: u64,
    /// Which are older than the joining of the node.
    pub(crate) foreign: u64,
    /// Which the log says nobody needs.
    pub(crate) dead: u64,
}

impl Pass {
    pub(crate) fn new(node: NodeId, folder: FolderId, confirmed: Since<u64>) -> Self {
        Self {
            node,
            folder,
            confirmed,
            is_unfinished: false,
            after: Uuid::nil(),
            counts: Counts::default(),
            strays: Vec::new(),
            of_repair: OfRepair::new(),
        }
    }

    /// Whether a shard of repair that no event names in a state of this term is dead: it was there in an earlier term, and
    /// whoever wrote it can commit nothing any more.
    fn is_dead(&mut self, before: Option<&OfRepair>, shard: Uuid, epoch: u64) -> bool {
        let first = before.and_then(|before| before.get(&shard)).copied().unwrap_or(epoch);
        if first >= epoch && self.of_repair.len() < OF_REPAIR_REMEMBERED_MAX {
            self.of_repair.insert(shard, first);
        }
        first < epoch
    }
}

impl Counts {
    /// Whether so many are unnamed that the log looks like a wrong one. An operator who confirmed some spoke of those that
    /// were there.
    fn exceed(&self, limits: StrayLimits, confirmed: u64) -> bool {
        let Self { held, unnamed, earlier, .. } = *self;
        let (unconfirmed, share) = (unnamed - earlier.min(confirmed), u128::from(unnamed) * 1_000);
        unconfirmed > limits.shards && share > u128::from(held) * u128::from(limits.thousandths)
    }
}

/// What the log says of a page.
#[derive(Debug, Default)]
struct Judged {
    counts: Counts,
    dead: Vec<(Option<BucketName>, Uuid, BucketName)>,
    strays: Vec<(Option<BucketName>, Uuid)>,
    of_repair: Vec<(Option<BucketName>, Uuid)>,
    /// The term of the lease of repair.
    repair_epoch: u64,
}

/// Compares a page with a state. `None` if another folder has joined under the node's name since.
fn judge(
    snapshot: &Snapshot,
    node: &NodeId,
    folder: FolderId,
    confirmed: Since<u64>,
    listed: Vec<ListedShard>,
) -> Result<Option<Judged>, StateError> {
    let Some(row) = snapshot.node(node)?.filter(|row| row.folder == folder) else { return Ok(None) };
    let repair_epoch = snapshot.lease(Lease::Repair)?.map_or(0, |row| row.epoch);
    let confirmed = u64::try_from(confirmed.time.as_millisecond()).unwrap_or_default();
    let (mut judged, tables): (_, &Tables<ReadOnly>) = (Judged { repair_epoch, ..Judged::default() }, snapshot);
    // The node drops by itself what is not sealed.
    for ListedShard { shard, bucket, .. } in listed.into_iter().filter(|listed| listed.state != ShardState::Staged) {
        let counts = &mut judged.counts;
        let unnamed = counts.unnamed;
        counts.held += 1;
        match verdict(tables, (node, &row), shard)? {
            Verdict::Placed => {}
            Verdict::Dead { bucket: of_content } => {
                counts.dead += 1;
                judged.dead.push((bucket, shard, of_content));
            }
            Verdict::Stray => {
                counts.unnamed += 1;
                judged.strays.push((bucket, shard));
            }
            Verdict::OfRepair => {
                counts.unnamed += 1;
                judged.of_repair.push((bucket, shard));
            }
            Verdict::Young => {
                counts.unnamed += 1;
                counts.young += 1;
            }
            Verdict::Foreign => counts.foreign += 1,
        }
        let is_earlier = parts(shard).0.milliseconds() <= confirmed;
        counts.earlier += if is_earlier { counts.unnamed - unnamed } else { 0 };
    }
    Ok(Some(judged))
}

impl<T: Transport> Gc<T> {
    /// Goes on with a pass over a node, or begins the next one. Returns whether there was one.
    pub(crate) async fn sweep(&mut self, handle: &Handle) -> Result<bool, Trouble> {
        let now = Instant::now();
        self.passes.look(self.store.membership(), self.options.upload_time_max, now);
        self.passes.resume();
        if self.passes.under_way.is_none() {
            let Some(node) = self.passes.next(now) else { return Ok(false) };
            let row = latest(&self.ledger)?.node(&node)?;
            let Some(row) = row.filter(|row| row.duty.is != Duty::Removed) else {
                // It has not joined, so nobody knows what of it is older than the log; or it was given up with all it has.
                self.passes.give_up(node);
                return Ok(true);
            };
            self.passes.begin(Pass::new(node, row.folder, row.strays_confirmed));
        }
        let Some(Pass { node, folder, confirmed, after, .. }) = &self.passes.under_way else { return Ok(false) };
        let (node, folder, confirmed, after) = (node.clone(), *folder, *confirmed, *after);
        let page = match self.store.list(&node, after, LIST_SHARDS_MAX, false).await {
            Ok(page) => page,
            Err(error) => {
                tracing::info!(%node, %error, "the node does not list its shards; none of them counts as missing");
                self.passes.give_up(node);
                return Ok(true);
            }
        };
        let ShardPage { shards, next } = page;
        handle.alive();
        let snapshot = self.ledger.read().await?;
        let name = node.clone();
        let Some(judged) = blocking(move || judge(&snapshot, &name, folder, confirmed, shards)).await?? else {
            self.passes.give_up(node);
            return Ok(true);
        };
        let dead = self.take_in(&node, judged, next);
        handle.reached(Failpoint::GcListed).await;
        if !dead.is_empty() {
            handle.spend(dead.len()).await;
            self.discard(handle, dead).await;
        }
        if next.is_none() {
            self.finish(handle, &node).await?;
        } else if let Some(pass) = &mut self.passes.under_way {
            pass.is_unfinished = false;
        }
        Ok(true)
    }

    /// Takes in what was said of a page. Returns what is dead by the word of the log.
    fn take_in(&mut self, node: &NodeId, judged: Judged, next: Option<Uuid>) -> Dead {
        let mut dead = Dead::default();
        for (bucket, shard, of_content) in judged.dead {
            dead.add(node, &bucket.unwrap_or(of_content), shard);
        }
        let Some(pass) = &mut self.passes.under_way else { return dead };
        // If this step is dropped from here on, the pass begins anew: it would not know of what it found on this page.
        pass.is_unfinished = true;
        let Counts { held, unnamed, earlier, young, foreign, dead: named_dead } = judged.counts;
        pass.counts.held += held;
        pass.counts.unnamed += unnamed;
        pass.counts.earlier += earlier;
        pass.counts.young += young;
        pass.counts.foreign += foreign;
        pass.counts.dead += named_dead;
        let (before, epoch, mut strays) = (self.of_repair.get(node), judged.repair_epoch, judged.strays);
        strays.extend(judged.of_repair.into_iter().filter(|(_, shard)| pass.is_dead(before, *shard, epoch)));
        let room = STRAYS_REMEMBERED_MAX - pass.strays.len();
        pass.strays.extend(strays.into_iter().take(room));
        if let Some(next) = next {
            pass.after = next;
        }
        dead
    }

    /// All that a node holds was looked at: discards the strays, unless there are suspiciously many.
    async fn finish(&mut self, handle: &Handle, node: &NodeId) -> Result<(), Trouble> {
        let Some(pass) = &mut self.passes.under_way else { return Ok(()) };
        let (folder, counts, confirmed) = (pass.folder, pass.counts, pass.confirmed);
        let (strays, of_repair) = (std::mem::take(&mut pass.strays), std::mem::take(&mut pass.of_repair));
        self.of_repair.insert(node.clone(), of_repair);
        meters::swept(node, counts);
        if counts.exceed(self.options.stray_limits, confirmed.is) {
            self.passes.under_way = None;
            let (node, unnamed, held, confirmed) = (node.clone(), counts.unnamed, counts.held, confirmed.sequence);
            return Err(self.stop(Stopped::Strays(Strays { node, folder, unnamed, held, confirmed })));
        }
        handle.reached(Failpoint::GcCounted).await;
        let (count, is_more) = (strays.len() as u64, strays.len() == STRAYS_REMEMBERED_MAX);
        let mut dead = Dead::default();
        for (bucket, shard) in strays {
            // It is a valid name; and a record answers to any.
            let Some(bucket) = bucket.or_else(|| NO_BUCKET.parse().ok()) else { continue };
            dead.add(node, &bucket, shard);
        }
        if !dead.is_empty() {
            handle.spend(count).await;
            self.discard(handle, dead).await;
            handle.reached(Failpoint::GcSwept).await;
        }
        self.passes.end(node);
        handle.done(count + counts.dead);
        if count + counts.dead > 0 {
            let count = count + counts.dead;
            handle.say(&format!("discarded {count} shards that nobody needs on node {node}"));
        }
        if is_more {
            self.passes.want_later(node.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_looks_wrong_if_it_knows_nothing_of_many_shards_and_of_a_large_share() {
        let limits = StrayLimits { shards: 1_000, thousandths: 100 };
        for (held, unnamed, earlier, confirmed, exceeds) in [
            (2_000, 1_000, 0, 0, false),
            (2_000, 1_001, 1_001, 0, true),
            (100_000, 10_000, 0, 0, false),
            (100_000, 10_001, 0, 0, true),
            (2_000, 2_000, 2_000, 2_000, false),
            (4_000, 3_000, 2_000, 2_000, false),
            (4_000, 3_001, 3_001, 2_000, true),
            // What came after the word of the operator is not what was confirmed.
            (2_000, 2_000, 999, 2_000, true),
            (0, 0, 0, 5, false),
        ] {
            let counts = Counts { held, unnamed, earlier, ..Counts::default() };
            assert_eq!(counts.exceed(limits, confirmed), exceeds, "{unnamed} of {held}, {confirmed} confirmed");
        }
    }

    #[test]
    fn a_shard_of_repair_is_dead_once_its_lease_has_another_owner() {
        let (shard, mut before) = (Uuid::from_u128(8), None);
        for (epoch, is_dead) in [(3, false), (3, false), (4, true), (4, false), (5, true)] {
            let confirmed = Since { is: 0, sequence: 1, time: jiff::Timestamp::UNIX_EPOCH };
            let mut pass = Pass::new("n1".parse().unwrap(), FolderId(Uuid::nil()), confirmed);
            assert_eq!(pass.is_dead(before.as_ref(), shard, epoch), is_dead, "in term {epoch}");
            before = Some(pass.of_repair);
        }
    }
}
