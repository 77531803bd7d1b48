//! A second look at shards that a list did not show as they have to be.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::row::{ContentRow, NodeRow, PlacedShard};
use domain::{Finding, View};
use events::content::{Fault, ShardFault};
use events::ids::{BucketName, ContentId, NodeId};
use futures_util::future::join_all;
use jiff::Timestamp;
use ledger::Ledger;
use shards::protocol::{ShardReport, Status};
use shards::{ShardStore, Transport};
use tokio::time::sleep;
use uuid::Uuid;

use crate::WalkError;

/// How long a shard may be late: its content was acknowledged, and it is in flight. Requests to nodes have deadlines of
/// this order.
const LATE_TIME_MAX: Duration = Duration::from_secs(5);

/// The age, by its generation, from which no shard of a content is in flight any more, unless it was streamed for longer.
const YOUNG_TIME_MAX: Duration = Duration::from_mins(2);

/// What a node says of a shard that it was asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It has it, as long as it has to be, and knows of no damage.
    Intact,
    /// It does not have it, or not as it was written.
    Faulty(Fault),
    /// It did not answer.
    Unanswered,
}

/// A content, and what the nodes of its shards say.
#[derive(Debug, Clone)]
pub struct Looked {
    /// The content.
    pub content: ContentId,
    /// Its row, which names the shards.
    pub row: ContentRow,
    /// The faults that the log knows.
    pub known: Vec<ShardFault>,
    /// Every shard, and what its node says.
    pub shards: Vec<(PlacedShard, Seen)>,
}

/// Asks the nodes for every shard of some contents, as a new state of the log names them. A content that is gone by now is
/// left out. Where a shard is missing that may be late, its nodes are asked once more after some seconds.
///
/// # Errors
/// The state is not up to date, or cannot be read.
pub async fn look<T: Transport>(
    store: &ShardStore<T>,
    ledger: &Ledger,
    contents: &[ContentId],
    now: Timestamp,
) -> Result<Vec<Looked>, WalkError> {
    let (mut looked, mut late): (Vec<Looked>, Vec<Looked>) = (Vec::new(), Vec::new());
    for content in look_once(store, ledger, contents).await? {
        if may_be_late(&content, now) { late.push(content) } else { looked.push(content) }
    }
    if !late.is_empty() {
        sleep(LATE_TIME_MAX).await;
        let late: Vec<ContentId> = late.into_iter().map(|looked| looked.content).collect();
        looked.extend(look_once(store, ledger, &late).await?);
    }
    Ok(looked)
}

fn may_be_late(looked: &Looked, now: Timestamp) -> bool {
    let now = u64::try_from(now.as_millisecond()).unwrap_or_default();
    // What seems to begin later than now says nothing: a clock was wrong.
    let age = |shard: &PlacedShard| now.checked_sub(shard.generation.milliseconds());
    let is_young = |shard: &PlacedShard| age(shard).is_some_and(|age| u128::from(age) < YOUNG_TIME_MAX.as_millis());
    looked.shards.iter().any(|(shard, seen)| *seen == Seen::Faulty(Fault::Missing) && is_young(shard))
}

async fn look_once<T: Transport>(
    store: &ShardStore<T>,
    ledger: &Ledger,
    contents: &[ContentId],
) -> Result<Vec<Looked>, WalkError> {
    let snapshot = ledger.read().await?;
    let mut looked = Vec::with_capacity(contents.len());
    for content in contents {
        let Some(row) = snapshot.content(content)? else { continue };
        let known = snapshot.faults(content)?.faults;
        let shards = row.shards(content).map(|shard| (shard, Seen::Unanswered)).collect();
        looked.push(Looked { content: *content, row, known, shards });
    }
    drop(snapshot);
    let mut by_node: BTreeMap<NodeId, Vec<Asked<'_>>> = BTreeMap::new();
    for Looked { row, shards, .. } in &mut looked {
        let bytes = row.placement.layout.shard_bytes(row.size);
        for (shard, seen) in shards {
            let name = (row.bucket.clone(), shard.uuid());
            by_node.entry(shard.node.clone()).or_default().push(Asked { seen, bytes, name });
        }
    }
    join_all(by_node.into_iter().map(|(node, shards)| async move {
        let names: Vec<(BucketName, Uuid)> = shards.iter().map(|asked| asked.name.clone()).collect();
        match store.inspect_many(&node, &names).await {
            Ok(reports) => {
                for (asked, report) in shards.into_iter().zip(reports) {
                    *asked.seen = judge(report, asked.bytes);
                }
            }
            Err(error) => tracing::info!(%node, %error, "a node did not report the state of its shards"),
        }
    }))
    .await;
    Ok(looked)
}

/// A shard that a node is asked about.
struct Asked<'a> {
    /// Where the answer belongs.
    seen: &'a mut Seen,
    /// The bytes that it is to have.
    bytes: u64,
    /// The bucket and the name under which the node stores it.
    name: (BucketName, Uuid),
}

/// What a report says of a shard that is to have so many bytes.
fn judge(report: ShardReport, bytes: u64) -> Seen {
    match report.status {
        Status::Ok if report.bytes == bytes => Seen::Intact,
        Status::Ok | Status::Damaged => Seen::Faulty(Fault::Damaged),
        Status::NotFound => Seen::Faulty(Fault::Missing),
        Status::Unreadable => Seen::Faulty(Fault::Unreadable),
        // It says nothing about the shard.
        _ => Seen::Unanswered,
    }
}

/// What is news to the log. A shard that its node has is not known to be right unless it was only missing before. What lay
/// on folders that were given up is gone by what the log says of the nodes, without a word on each shard.
pub fn findings(looked: &Looked, nodes: &BTreeMap<NodeId, NodeRow>) -> Vec<Finding> {
    let finding = |(shard, seen): &(PlacedShard, Seen)| {
        let placed = looked.row.placed_by(shard.index);
        if nodes.get(&shard.node).is_some_and(|node| node.gave_up(placed)) {
            return None;
        }
        let was = looked.known.iter().find(|fault| fault.shard == shard.index).map(|fault| fault.fault);
        let is = match (seen, was) {
            (Seen::Unanswered, _)
            | (Seen::Intact, Some(Fault::Damaged | Fault::Unreadable))
            // A node cannot tell whether it lost the shard or never had it.
            | (Seen::Faulty(Fault::Missing), Some(Fault::Unwritten)) => was,
            (Seen::Intact, _) => None,
            (Seen::Faulty(fault), _) => Some(*fault),
        };
        let PlacedShard { index, node, generation } = shard.clone();
        (is != was).then_some(Finding { shard: index, node, generation, fault: is })
    };
    looked.shards.iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use events::ids::{Generation, Layout, Placement, Sha256Digest};

    use super::*;

    fn looked(seen: Seen, was: Option<Fault>) -> Looked {
        let node: NodeId = "n1".parse().unwrap();
        let generation = Generation::from_fresh(Uuid::from_u128(8));
        let row = ContentRow {
            size: 1,
            bucket: "bucket".parse().unwrap(),
            bucket_id: domain::row::BucketId(1),
            placement: Placement { layout: Layout::Small, nodes: vec![node.clone()] },
            moved: Vec::new(),
            references: 1,
            unreferenced: None,
            sequence: 1,
        };
        Looked {
            content: ContentId { sha256: Sha256Digest([0; 32]), generation },
            row,
            known: was.map(|fault| ShardFault { shard: 0, node: node.clone(), fault }).into_iter().collect(),
            shards: vec![(PlacedShard { index: 0, node, generation }, seen)],
        }
    }

    #[test]
    fn only_news_are_findings() {
        let nodes = BTreeMap::new();
        let found = |seen, was| findings(&looked(seen, was), &nodes).first().map(|finding| finding.fault);
        let (missing, damaged) = (Seen::Faulty(Fault::Missing), Seen::Faulty(Fault::Damaged));
        assert_eq!(found(Seen::Intact, None), None);
        assert_eq!(found(missing, None), Some(Some(Fault::Missing)));
        assert_eq!(found(damaged, Some(Fault::Missing)), Some(Some(Fault::Damaged)));
        assert_eq!(found(missing, Some(Fault::Missing)), None);
        assert_eq!(found(missing, Some(Fault::Unwritten)), None, "it was never there");
        assert_eq!(found(Seen::Intact, Some(Fault::Unwritten)), Some(None), "it came after all");
        assert_eq!(found(Seen::Intact, Some(Fault::Damaged)), None, "its bits were not read");
        assert_eq!(found(Seen::Unanswered, None), None);
        assert_eq!(found(Seen::Unanswered, Some(Fault::Missing)), None);
    }

    #[test]
    fn only_what_began_a_moment_ago_may_be_late() {
        let mut looked = looked(Seen::Faulty(Fault::Missing), None);
        let mut may_be_late = |milliseconds: u128| {
            looked.shards[0].0.generation = Generation::from_fresh(Uuid::from_u128(milliseconds << 80));
            may_be_late(&looked, Timestamp::from_second(1_000).unwrap())
        };
        assert_eq!([999_000, 881_000, 880_000, 1_001_000].map(&mut may_be_late), [true, true, false, false]);
    }

    #[test]
    fn a_report_counts_by_its_length_too() {
        let report = |status, bytes| judge(ShardReport { status, bytes }, 7);
        assert_eq!(report(Status::Ok, 7), Seen::Intact);
        assert_eq!(report(Status::Ok, 6), Seen::Faulty(Fault::Damaged));
        assert_eq!(report(Status::NotFound, 0), Seen::Faulty(Fault::Missing));
        assert_eq!(report(Status::Busy, 0), Seen::Unanswered);
    }
}
