//! What nodes say of many shards at once.

use events::ids::NodeId;
use shards::piece::{SMALL_BYTES_MAX, STRIPE_BYTES, UNIT_BYTES};
use shards::protocol::{INSPECT_SHARDS_MAX, ListedShard, Request, ScrubCommand, ShardReport, ShardState, Status};
use shards::{NodeError, StoredContent};
use testkit::Misbehavior;
use uuid::Uuid;

use super::support::{Fixture, content, node, until};

async fn list(fixture: &Fixture, node: &NodeId, max: usize) -> Result<Vec<ListedShard>, NodeError> {
    let (mut shards, mut after) = (Vec::new(), Some(Uuid::nil()));
    while let Some(behind) = after {
        let page = fixture.store.list(node, behind, max, false).await?;
        assert!(page.shards.len() <= max);
        shards.extend(page.shards);
        after = page.next;
    }
    Ok(shards)
}

fn shards_on(stored: &StoredContent, node: &NodeId) -> Vec<Uuid> {
    stored.placement.shards().filter(|(_, at)| *at == node).map(|(index, _)| stored.generation.shard(index)).collect()
}

#[tokio::test(start_paused = true)]
async fn each_node_lists_the_shards_that_were_placed_on_it() {
    let fixture = Fixture::new(6);
    let small = fixture.store(1, &content(SMALL_BYTES_MAX), None).await.unwrap();
    let large = fixture.store(2, &content(3 * STRIPE_BYTES), Some(UNIT_BYTES)).await.unwrap();
    until(|| fixture.all_shards(true).len() == 3 + 6).await;
    for number in 1..=6 {
        let node = node(number);
        let mut expected: Vec<_> = [&small, &large].into_iter().flat_map(|stored| shards_on(stored, &node)).collect();
        expected.sort_unstable();
        for max in 1..4 {
            let listed = list(&fixture, &node, max).await.unwrap();
            assert!(listed.iter().all(|listed| listed.state == ShardState::Intact));
            assert_eq!(listed.iter().map(|listed| listed.shard).collect::<Vec<_>>(), expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn named_shards_are_asked_for_in_few_requests() {
    let fixture = Fixture::new(6);
    let stored = fixture.store(1, &content(SMALL_BYTES_MAX), None).await.unwrap();
    let (index, on) = stored.placement.shards().next().unwrap();
    let missing = (2..).map(|i| (stored.bucket.clone(), Uuid::from_u128(i)));
    let mut asked: Vec<_> = missing.take(INSPECT_SHARDS_MAX + 5).collect();
    asked[3].1 = stored.generation.shard(index);
    let is_question = |request: &Request| matches!(request, Request::InspectMany { .. } | Request::Inspect { .. });
    for (misbehavior, questions) in [(Misbehavior::None, 2), (Misbehavior::Outdated, asked.len() + 2)] {
        fixture.nodes.set(on, misbehavior);
        let before = fixture.nodes.requests(on).iter().filter(|request| is_question(request)).count();
        let reports = fixture.store.inspect_many(on, &asked).await.unwrap();
        let is_there = |report: &&ShardReport| report.status == Status::Ok;
        assert_eq!(reports[3], ShardReport { status: Status::Ok, bytes: SMALL_BYTES_MAX as u64 });
        assert_eq!((reports.len(), reports.iter().filter(is_there).count()), (asked.len(), 1));
        let after = fixture.nodes.requests(on).iter().filter(|request| is_question(request)).count();
        assert_eq!(after - before, questions, "{misbehavior:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_cannot_say_says_nothing() {
    let fixture = Fixture::new(6);
    let stored = fixture.store(1, &content(SMALL_BYTES_MAX), None).await.unwrap();
    let asked = [(stored.bucket.clone(), stored.generation.shard(0))];
    fixture.nodes.set(&node(1), Misbehavior::Outdated);
    assert_eq!(list(&fixture, &node(1), 9).await, Err(NodeError::Refused(Status::Malformed)));
    assert_eq!(
        fixture.store.scrub(&node(1), ScrubCommand::Start).await,
        Err(NodeError::Refused(Status::Malformed)),
        "it has no scrub"
    );
    fixture.nodes.set(&node(1), Misbehavior::Gone);
    assert_eq!(list(&fixture, &node(1), 9).await, Err(NodeError::Gone));
    fixture.nodes.set(&node(1), Misbehavior::Hangs);
    assert_eq!(list(&fixture, &node(1), 9).await, Err(NodeError::TimedOut));
    assert_eq!(fixture.store.inspect_many(&node(1), &asked).await, Err(NodeError::TimedOut));
}
