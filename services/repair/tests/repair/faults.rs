//! Shards that are missing or damaged.

use std::time::{Duration, Instant};

use domain::{Command, Finding, NodeChange, NoteHealth, View};
use events::content::Fault;
use inventory::StrayCounts;
use worker::{Failpoint, Failpoints};

use crate::given::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_was_acknowledged_at_five_is_completed() {
    let mut world = World::new().await;
    let mut stored = Vec::new();
    for size in SIZES {
        stored.push(world.put(&size.to_string(), size).await);
    }
    for content in &stored {
        let shard = content.shards().last().unwrap();
        world.nodes.lose(&shard.node, shard.uuid());
        world.note(content, shard.index, Fault::Unwritten).await;
    }
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    world.assert_readable().await;
    assert_eq!(world.placed().await, stored.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_in_what_is_read_for_it_is_read_around_and_repaired_too() {
    let mut world = World::new().await;
    let mut damaged = Vec::new();
    for (name, size) in [("stripe", STRIPE), ("large", LARGE)] {
        let content = world.put(name, size).await;
        let shards: Vec<_> = content.shards().collect();
        world.nodes.lose(&shards[0].node, shards[0].uuid());
        world.nodes.flip(&shards[1].node, shards[1].uuid(), 0, 99);
        world.note_missing(&content, shards[0].index).await;
        damaged.push((content, shards[1].index));
    }
    // Its checksum is right, so no node can tell that it is not what was written.
    let altered = world.put("altered", LARGE).await;
    let shards: Vec<_> = altered.shards().collect();
    world.nodes.lose(&shards[0].node, shards[0].uuid());
    world.nodes.alter(&shards[1].node, shards[1].uuid(), 1);
    world.note_missing(&altered, shards[0].index).await;
    damaged.push((altered, shards[1].index));
    let running = world.run(Settings { scans: true, ..Settings::default() });
    // Nobody but repair reads anything.
    let is_anew = |(content, shard): &(shards::StoredContent, u8)| {
        world.stored(content).shard(*shard).unwrap().generation != content.generation
    };
    until("what was read around to be written anew", || damaged.iter().all(is_anew)).await;
    for (content, _) in &damaged {
        let store = &world.process.store;
        until("no shard to be suspect", || store.suspects(content.generation).is_empty()).await;
    }
    world.until_whole(&running).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_after_others_were_repaired_is_repaired_at_once() {
    let mut world = World::new().await;
    let mut contents = Vec::new();
    for name in ["one", "two", "three"] {
        contents.push(world.put(name, STRIPE).await);
    }
    let shard = |content: &shards::StoredContent| content.shards().next().unwrap();
    for content in &contents[..2] {
        world.nodes.lose(&shard(content).node, shard(content).uuid());
        world.note_missing(content, shard(content).index).await;
    }
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    let (last, begun) = (&contents[2], Instant::now());
    world.nodes.lose(&shard(last).node, shard(last).uuid());
    world.note_missing(last, shard(last).index).await;
    until("it to be written anew", || shard(&world.stored(last)).generation != last.generation).await;
    assert!(begun.elapsed() < Duration::from_secs(20), "nobody waited for the next round");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_log_refuses_is_discarded_and_what_it_takes_is_kept() {
    let mut world = World::new().await;
    let content = world.put("large", LARGE).await;
    let on = |number| content.shards().find(|shard| shard.node == node(number)).unwrap();
    let shards = [on(1), on(2)];
    for shard in &shards {
        world.nodes.lose(&shard.node, shard.uuid());
        world.note_missing(&content, shard.index).await;
    }
    let (failpoints, mut held) = Failpoints::holding(Failpoint::RepairWritten, 1);
    let running = world.run(Settings { failpoints, ..Settings::default() });
    held.reached().await;
    let written = world.nodes.shards(&node(2), true);
    assert_eq!(written.len(), 1, "it is the only node that has no shard");
    world.say(2, NodeChange::Drain).await;
    held.release();
    let is_placed = |index| world.stored(&content).shard(index).unwrap().generation != content.generation;
    until("the shard that is taken", || is_placed(shards[0].index)).await;
    until("the one that is not to be discarded", || world.nodes.shards(&node(2), true).is_empty()).await;
    assert!(
        world
            .nodes
            .shards(&node(1), true)
            .iter()
            .all(|shard| *shard == world.stored(&content).shard(shards[0].index).unwrap().uuid())
    );
    until("it to be placed elsewhere", || is_placed(shards[1].index)).await;
    world.until_whole(&running).await;
    world.assert_readable().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_finding_about_a_shard_that_moved_since_is_ignored() {
    let mut world = World::new().await;
    let content = world.put("moved", LARGE).await;
    let shard = content.shards().next().unwrap();
    world.nodes.lose(&shard.node, shard.uuid());
    world.note_missing(&content, shard.index).await;
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    assert_eq!(world.placed().await, 1);
    // Whoever looked before it moved says so late.
    world.note_missing(&content, shard.index).await;
    running.until_idle().await;
    assert_eq!(world.latest().debt().unwrap().contents, 0);
    assert_eq!(world.placed().await, 1);
    let moved = world.stored(&content);
    assert_ne!(moved.shard(shard.index).unwrap().generation, content.generation);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_shards_that_moved() {
    let mut world = World::new().await;
    let content = world.put("moved", LARGE).await;
    let shard = content.shards().next().unwrap();
    // It is there, and not as it was written.
    world.nodes.flip(&shard.node, shard.uuid(), 2, 3);
    world.note(&content, shard.index, Fault::Damaged).await;
    let running = world.run(Settings::default());
    world.until_whole(&running).await;
    until("the damaged shard to be discarded", || !world.nodes.shards(&shard.node, false).contains(&shard.uuid()))
        .await;
    let audit = world.audit().await;
    assert!(audit.nodes.values().all(|node| node.strays == StrayCounts::default()), "{audit:?}");
}

impl World {
    /// Has the log say that a shard of a content is missing, as it lay when the content was stored.
    pub(crate) async fn note_missing(&self, content: &shards::StoredContent, index: u8) {
        self.note(content, index, Fault::Missing).await;
    }

    pub(crate) async fn note(&self, content: &shards::StoredContent, index: u8, fault: Fault) {
        let shard = content.shard(index).unwrap();
        let finding = Finding { shard: index, node: shard.node, generation: shard.generation, fault: Some(fault) };
        let note = NoteHealth { content: id(content), findings: vec![finding] };
        self.does(Command::NoteHealth(Box::new(note))).await;
    }
}
