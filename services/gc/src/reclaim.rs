//! Contents to which nothing has referred for long enough end.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::row::{ContentRow, Unreferenced};
use domain::{Outcome, RECLAIMED_MAX, ReclaimContents, View};
use events::content::ReclaimCause;
use events::ids::{BucketName, ContentId};
use futures_util::future::join_all;
use jiff::Timestamp;
use ledger::{CommitError, Snapshot, StateError};
use shards::Transport;
use tokio::time::Instant;
use worker::{Failpoint, Handle, Trouble, latest};

use crate::discard::Dead;
use crate::due::Due;
use crate::recount::blocking;
use crate::{Gc, meters};

/// Facts that are committed together, each of which ends contents of one bucket.
const FACTS_AT_ONCE: usize = 64;

/// Contents that are looked up for them.
pub(crate) const CONTENTS_AT_ONCE: usize = FACTS_AT_ONCE * RECLAIMED_MAX;

/// Contents that are not due yet, behind which nobody looks for others: the index is in the order of events, and the
/// times of these are nearly in that order, too.
const NOT_DUE_MAX: usize = 1_000;

/// Rows of the index that are read at once.
const PAGE_ROWS: usize = 1_000;

/// What came of a look at the contents without references.
pub(crate) struct Looked {
    /// More are due.
    pub(crate) is_more: bool,
    /// When the next one is due.
    pub(crate) next_due: Option<Timestamp>,
    /// How long the first has been due.
    pub(crate) lag: Duration,
}

/// A content that is due.
#[derive(Debug)]
struct DueContent {
    content: ContentId,
    row: ContentRow,
    unreferenced: Unreferenced,
}

/// What there is to do.
#[derive(Debug, Default)]
struct Found {
    due: Vec<DueContent>,
    next_due: Option<Timestamp>,
    /// All contents without references, also those that are not due.
    all: u64,
}

/// Contents that are due, `max` at most.
fn find(snapshot: &Snapshot, due: &Due, max: usize) -> Result<Found, StateError> {
    let mut found = Found { all: snapshot.count_unreferenced()?, ..Found::default() };
    let (mut after, mut not_due) = (None, 0);
    loop {
        let page = snapshot.list_unreferenced(after, u64::MAX, PAGE_ROWS)?;
        let is_last = page.len() < PAGE_ROWS;
        after = page.last().copied();
        for (_, content) in page {
            let Some(row) = snapshot.content(&content)? else { continue };
            let Some(unreferenced) = row.unreferenced else { continue };
            if due.is_due(unreferenced) {
                found.due.push(DueContent { content, row, unreferenced });
            } else {
                not_due += 1;
                found.next_due = [found.next_due, due.at(unreferenced)].into_iter().flatten().min();
            }
            if found.due.len() == max || not_due == NOT_DUE_MAX {
                return Ok(found);
            }
        }
        if is_last {
            return Ok(found);
        }
    }
}

/// The facts that end contents, `max` at most: each is about one bucket.
fn batches(due: Vec<DueContent>, max: usize) -> Vec<(BucketName, Vec<DueContent>)> {
    let mut buckets: BTreeMap<BucketName, Vec<DueContent>> = BTreeMap::new();
    for one in due {
        match buckets.get_mut(&one.row.bucket) {
            Some(of_bucket) => of_bucket.push(one),
            None => drop(buckets.insert(one.row.bucket.clone(), vec![one])),
        }
    }
    let mut batches = Vec::new();
    for (bucket, mut contents) in buckets {
        while !contents.is_empty() {
            let rest = contents.split_off(contents.len().min(RECLAIMED_MAX));
            batches.push((bucket.clone(), std::mem::replace(&mut contents, rest)));
        }
    }
    batches.truncate(max);
    batches
}

impl<T: Transport> Gc<T> {
    /// Ends some of the contents that are due, and has their shards discarded.
    pub(crate) async fn reclaim(&mut self, handle: &Handle) -> Result<Looked, Trouble> {
        let (snapshot, due) = (latest(&self.ledger)?, self.seen.due(Instant::now(), self.now()));
        let found = blocking(move || find(&snapshot, &due, CONTENTS_AT_ONCE)).await??;
        let (next_due, count) = (found.next_due, found.due.len() as u64);
        handle.left(Some(found.all));
        meters::unreferenced(found.all);
        if count == 0 {
            meters::lag(Duration::ZERO);
            return Ok(Looked { is_more: false, next_due, lag: Duration::ZERO });
        }
        let lag = found.due.first().map_or(Duration::ZERO, |first| due.lag(first.unreferenced));
        meters::lag(lag);
        let batches = batches(found.due, FACTS_AT_ONCE);
        handle.spend(batches.iter().map(|(_, contents)| contents.len() as u64).sum()).await;
        handle.reached(Failpoint::GcFoundDue).await;
        // Until it is known what ended, and its shards are discarded, only a pass over the nodes would find them.
        self.is_unfinished = true;
        let commits = batches.into_iter().map(|(bucket, contents)| self.end(handle, bucket, contents));
        let (mut dead, mut trouble, mut ended, mut is_in_doubt) = (Dead::default(), None, 0, false);
        for outcome in join_all(commits).await {
            match outcome {
                Ok(contents) => {
                    ended += contents.len() as u64;
                    for DueContent { content, row, .. } in contents {
                        meters::reclaimed(row.size);
                        row.shards(&content).for_each(|shard| dead.add(&shard.node, &row.bucket, shard.uuid()));
                    }
                }
                Err(error) => {
                    is_in_doubt |= !error.is_definite();
                    trouble = Some(Trouble::from(error));
                }
            }
        }
        if ended > 0 {
            handle.reached(Failpoint::GcReclaimed).await;
            self.discard(handle, dead).await;
            handle.reached(Failpoint::GcDiscarded).await;
            handle.done(ended);
            handle.say(&format!("gave back the room of {ended} contents"));
        }
        self.is_unfinished = is_in_doubt;
        match trouble {
            Some(trouble) => Err(trouble),
            None => Ok(Looked { is_more: true, next_due, lag }),
        }
    }

    /// Ends contents of one bucket, but for those that something refers to by now. Returns those that ended.
    async fn end(
        &self,
        handle: &Handle,
        bucket: BucketName,
        contents: Vec<DueContent>,
    ) -> Result<Vec<DueContent>, CommitError> {
        let up_to = contents.iter().map(|due| due.unreferenced.sequence).max().unwrap_or_default();
        let ids = contents.iter().map(|due| due.content).collect();
        let reclaim = ReclaimContents { bucket, contents: ids, up_to, cause: ReclaimCause::Unreferenced };
        let committed = handle.commit(reclaim).await?;
        let Outcome::Reclaimed { contents: ended } = committed.outcome else {
            return Err(CommitError::Unknown);
        };
        Ok(contents.into_iter().filter(|due| ended.contains(&due.content)).collect())
    }
}

#[cfg(test)]
mod tests {
    use domain::row::BucketId;
    use events::ids::{Generation, Layout, Placement, Sha256Digest};
    use uuid::Uuid;

    use super::*;

    fn due(bucket: &str, n: u128) -> DueContent {
        let generation = Generation::from_fresh(Uuid::from_u128(8 * n));
        let unreferenced = Unreferenced { sequence: 1, since: Timestamp::UNIX_EPOCH };
        let row = ContentRow {
            size: 1,
            bucket: bucket.parse().unwrap(),
            bucket_id: BucketId(1),
            sequence: 1,
            placement: Placement { layout: Layout::Small, nodes: Vec::new() },
            moved: Vec::new(),
            references: 0,
            unreferenced: Some(unreferenced),
        };
        DueContent { content: ContentId { sha256: Sha256Digest([0; 32]), generation }, row, unreferenced }
    }

    #[test]
    fn a_fact_is_about_one_bucket_and_a_bounded_number_of_contents() {
        let of_one = (0..100).map(|n| due("one", n));
        let of_other = (0..3).map(|n| due("other", n));
        let batches = batches(of_other.chain(of_one).collect(), 3);
        let told: Vec<_> = batches.iter().map(|(bucket, contents)| (bucket.as_str(), contents.len())).collect();
        assert_eq!(told, [("one", RECLAIMED_MAX), ("one", RECLAIMED_MAX), ("one", 100 - 2 * RECLAIMED_MAX)]);
        let generations = batches.iter().flat_map(|(_, contents)| contents).map(|due| due.content.generation);
        assert_eq!(generations.collect::<std::collections::BTreeSet<_>>().len(), 100);
    }
}
