//! What an audit counts, and what it does not ask.

use domain::{Command, Finding, NodeChange, NoteHealth};
use events::content::Fault;
use testkit::Misbehavior;

use crate::given::*;

#[tokio::test]
async fn a_store_in_order_is_clean() {
    let world = World::new().await;
    for seed in 0..10 {
        world.put(seed, if seed % 2 == 0 { SMALL } else { LARGE }).await;
    }
    for deep in [false, true] {
        let audit = world.audit(deep).await;
        assert!(audit.is_clean() && audit.deep == deep, "{audit:?}");
        assert_eq!((audit.contents, audit.of_six[6], audit.of_three[3], audit.owed()), (10, 5, 5, 0));
        assert!(audit.nodes.values().all(|node| node.answered), "{audit:?}");
        let healthy: u64 = audit.nodes.values().map(|node| node.healthy).sum();
        assert_eq!(healthy, 5 * 6 + 5 * 3);
    }
}

#[tokio::test]
async fn it_counts_what_is_there_whatever_the_log_believes() {
    let world = World::new().await;
    let (gone, believed) = (world.put(1, LARGE).await, world.put(2, LARGE).await);
    let shard = gone.shards().nth(2).unwrap();
    world.nodes.lose(&shard.node, shard.uuid());
    // The log believes a shard to be missing that is there.
    let other = believed.shards().next().unwrap();
    let finding = Finding { shard: 0, node: other.node, generation: other.generation, fault: Some(Fault::Missing) };
    world.does(Command::NoteHealth(Box::new(NoteHealth { content: id(&believed), findings: vec![finding] }))).await;
    let audit = world.audit(false).await;
    assert_eq!((audit.of_six[6], audit.of_six[5], audit.short, audit.owed()), (1, 1, 1, 1));
    assert_eq!(audit.examples[0].content, id(&gone));
    assert_eq!(audit.examples[0].lacks[0].fault, Some(Fault::Missing));
    assert_eq!(audit.nodes[&shard.node].missing, 1);
    assert!(!audit.is_clean());
}

#[tokio::test]
async fn bits_are_read_only_if_it_is_deep() {
    let world = World::new().await;
    let content = world.put(1, LARGE).await;
    let shard = content.shards().nth(4).unwrap();
    world.nodes.flip(&shard.node, shard.uuid(), 0, 5);
    assert!(world.audit(false).await.is_clean());
    let mut auditor = world.auditor(true);
    let mut news = Vec::new();
    while let Some((_, found)) = auditor.next().await.unwrap() {
        news.extend(found);
    }
    let audit = auditor.finish();
    assert_eq!((audit.short, audit.nodes[&shard.node].damaged), (1, 1));
    assert_eq!(news.len(), 1);
    assert_eq!((news[0].content, news[0].findings[0].fault), (id(&content), Some(Fault::Damaged)));
}

#[tokio::test]
async fn a_node_that_does_not_answer_makes_it_unclean_and_is_no_news() {
    let world = World::new().await;
    world.put(1, LARGE).await;
    world.nodes.set(&node(2), Misbehavior::Gone);
    let mut auditor = world.auditor(false);
    while let Some((_, news)) = auditor.next().await.unwrap() {
        assert!(news.is_empty(), "{news:?}");
    }
    let audit = auditor.finish();
    assert_eq!((audit.of_six[5], audit.nodes[&node(2)].unanswered), (1, 1));
    assert!(!audit.nodes[&node(2)].answered && !audit.is_clean());
}

#[tokio::test]
async fn it_asks_nodes_that_are_not_heard() {
    let world = World::new().await;
    world.put(1, LARGE).await;
    for number in 1..=NODES {
        world.say(number, NodeChange::Offline { position: 0, starts: 1 }).await;
        world.store.membership().unreachable(&node(number));
    }
    assert!(world.audit(false).await.is_clean());
}

#[tokio::test]
async fn two_shards_on_a_node_are_crowded_while_another_one_is_free() {
    let world = World::new().await;
    world.nodes.set(&node(6), Misbehavior::Gone);
    world.store.membership().unreachable(&node(6));
    let content = world.put(1, LARGE).await;
    assert!(content.shards().all(|shard| shard.node != node(6)));
    let audit = world.audit(false).await;
    assert_eq!((audit.crowded, audit.short), (0, 0), "nobody could take it");
    world.nodes.set(&node(6), Misbehavior::None);
    let audit = world.audit(false).await;
    assert_eq!((audit.crowded, audit.short, audit.is_clean()), (1, 0, false));
}
