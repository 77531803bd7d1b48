//! The merge of lists and index.

use std::collections::BTreeSet;

use inventory::{Found, Standing, Walk};
use jiff::SignedDuration;
use testkit::Misbehavior;

use crate::given::*;

#[tokio::test]
async fn every_shard_is_seen_once_and_what_nobody_names_is_told_from_it() {
    let world = World::new().await;
    let mut named = BTreeSet::new();
    for seed in 0..40 {
        let stored = world.put(seed, if seed % 2 == 0 { SMALL } else { LARGE }).await;
        named.extend(stored.shards().map(|shard| shard.uuid()));
    }
    let young = world.stage(100, SMALL).await;
    let mut walk = Walk::new(world.store.clone(), world.ledger.clone(), (1..=NODES).map(node), false);
    let (mut seen, mut strays, mut contents, mut listed) = (Vec::new(), BTreeSet::new(), 0, 0);
    while let Some(stretch) = walk.next().await.unwrap() {
        assert!(stretch.named.iter().all(|named| named.found == Found::Intact));
        seen.extend(stretch.named.iter().map(|named| named.shard.uuid()));
        assert!(stretch.strays.iter().all(|stray| stray.standing == Standing::Young));
        strays.extend(stretch.strays.iter().map(|stray| stray.listed.shard));
        contents += stretch.contents.len();
        listed += stretch.listed;
    }
    assert_eq!((seen.len(), seen.into_iter().collect::<BTreeSet<_>>()), (named.len(), named.clone()));
    assert_eq!(strays, young.shards().map(|shard| shard.uuid()).collect());
    assert_eq!((contents, listed), (40, (named.len() + strays.len()) as u64));
}

#[tokio::test]
async fn a_node_that_does_not_answer_says_nothing_and_nodes_that_are_not_asked_neither() {
    let world = World::new().await;
    let stored = world.put(1, LARGE).await;
    world.nodes.set(&node(3), Misbehavior::Gone);
    let asked = [1, 2, 3, 4].map(node);
    let mut walk = Walk::new(world.store.clone(), world.ledger.clone(), asked.clone(), false);
    let mut found = Vec::new();
    while let Some(stretch) = walk.next().await.unwrap() {
        found.extend(stretch.named.into_iter().map(|named| (named.shard.node, named.found)));
    }
    for (on, found) in found {
        let expected = match asked.iter().position(|node| *node == on) {
            None => Found::NotAsked,
            Some(2) => Found::Unanswered,
            Some(_) => Found::Intact,
        };
        assert_eq!(found, expected, "{on}");
    }
    assert_eq!(walk.silent().into_iter().collect::<Vec<_>>(), [node(3)]);
    assert_eq!(stored.shards().count(), 6);
}

#[tokio::test]
async fn what_is_below_the_horizon_is_dead() {
    let world = World::new().await;
    let abandoned = world.stage(1, SMALL).await;
    world.clock.pass(SignedDuration::from_hours(48));
    let before = world.clock.now() - SignedDuration::from_hours(24);
    let before = jiff::Timestamp::from_millisecond(before.as_millisecond()).unwrap();
    let moved = domain::MoveHorizon { region: testkit::ledgers::region(), before, upload_seconds: 86_400 };
    world.does(domain::Command::MoveHorizon(Box::new(moved))).await;
    let audit = world.audit(false).await;
    let dead: u64 = audit.nodes.values().map(|node| node.strays.dead).sum();
    let bytes: u64 = audit.nodes.values().map(|node| node.strays.dead_bytes).sum();
    assert_eq!((dead, bytes), (abandoned.shards().count() as u64, 3 * SMALL as u64));
    assert!(audit.is_clean());
}
