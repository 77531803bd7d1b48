//! A log that is not the right one.

use domain::{ChangeNode, JoinNode, NodeChange};
use eventlog::Log;
use events::Fact;
use gc::StrayLimits;
use testkit::MemoryLog;
use testkit::nodes::Misbehavior;
use worker::State;

use crate::given::*;

const STRICT: StrayLimits = StrayLimits { shards: 3, thousandths: 100 };

/// Contents that are stored and named.
async fn with_contents() -> World {
    let world = World::new().await;
    for seed in 0..12 {
        world.put(&format!("k{seed}"), seed, LARGE).await;
    }
    world
}

/// Nodes that hold twelve contents of which the log says nothing any more, and one that is due in this log.
async fn with_a_backup() -> World {
    let world = World::new().await;
    world.put("due", 99, LARGE).await;
    world.delete("due").await;
    lose_contents(&world, 12).await;
    world
}

/// Stores contents, and has the log lose all that it says of them.
async fn lose_contents(world: &World, count: u8) {
    let backup = world.log.tail().await.unwrap().last_sequence;
    for seed in 0..count {
        world.put(&format!("k{seed}"), seed, LARGE).await;
    }
    world.log.lose_tail(backup);
}

async fn has_reclaimed(world: &World) -> bool {
    world.facts().await.iter().any(|fact| matches!(fact, Fact::ContentReclaimed(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_a_log_stays_for_ever() {
    let world = with_contents().await;
    let before = world.held();
    world.pass(UPLOAD_TIME_MAX);
    let empty = World::over(world.nodes.clone(), MemoryLog::new(), world.clock.clone()).await;
    empty.pass(UPLOAD_TIME_MAX * 3);
    empty.put("new", 77, LARGE).await;
    empty.delete("new").await;
    let gc = empty.run(Settings { stray_limits: STRICT, ..Settings::default() });
    until("the end of what this log knows", || empty.held() == before).await;
    gc.until_idle().await;
    assert_eq!(empty.held(), before);
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_lost_its_end_deletes_nothing_before_an_operator_says_so() {
    let world = with_a_backup().await;
    let before = world.held();
    let restored = World::over(world.nodes.clone(), world.log.clone(), world.clock.clone()).await;
    let settings = Settings { stray_limits: STRICT, ..Settings::default() };
    let gc = restored.run(settings);
    let why = gc.until_stopped().await;
    assert!(why.contains("the log says nothing of 12 of the 13 shards on node n"), "{why}");
    assert!(why.contains("planetstore gc confirm n"), "{why}");
    // What is due in this log may be in use in the right one.
    assert_eq!(restored.held(), before);
    for number in 1..=6 {
        let change = NodeChange::ConfirmStrays { shards: 12 };
        restored.does(ChangeNode { node: node(number), folder: folder_of(number), change }.into()).await;
    }
    until("the end of what is due", || restored.held().values().all(|held| held.len() == 12)).await;
    // Their uploads may still be under way, as far as this log knows.
    gc.until_idle().await;
    assert!(restored.held().values().all(|held| held.len() == 12));
    gc.kill().await;
    restored.pass(UPLOAD_TIME_MAX * 2);
    let gc = restored.run(Settings { stray_limits: STRICT, ..Settings::default() });
    restored.until_clean(&[]).await;
    gc.kill().await;
    // Fewer are lost than were confirmed; but they are not those.
    lose_contents(&restored, 10).await;
    let again = World::over(world.nodes.clone(), world.log.clone(), world.clock.clone()).await;
    let gc = again.run(Settings { stray_limits: STRICT, ..Settings::default() });
    let why = gc.until_stopped().await;
    assert!(why.contains("the log says nothing of 10 of the 10 shards on node n"), "{why}");
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_ends_before_nodes_have_said_what_they_hold() {
    for away in [Misbehavior::Gone, Misbehavior::Outdated] {
        let world = with_a_backup().await;
        let before = world.held();
        for number in 1..=6 {
            world.nodes.set(&node(number), away);
        }
        let restored = World::over(world.nodes.clone(), world.log.clone(), world.clock.clone()).await;
        let gc = restored.run(Settings { stray_limits: STRICT, ..Settings::default() });
        gc.until_idle().await;
        // Two nodes are not enough.
        for number in 1..=2 {
            world.nodes.set(&node(number), Misbehavior::None);
        }
        restored.nodes.announce(&restored.membership);
        gc.until_idle().await;
        assert!(!has_reclaimed(&restored).await, "{away:?}");
        for number in 1..=6 {
            world.nodes.set(&node(number), Misbehavior::None);
        }
        restored.nodes.announce(&restored.membership);
        // It looks again at those that said nothing after half a minute.
        gc.until_stopped().await;
        assert!(!has_reclaimed(&restored).await, "{away:?}");
        assert_eq!(restored.held(), before);
        gc.kill().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_keeps_nothing_from_being_done() {
    let world = with_a_backup().await;
    let restored = World::over(world.nodes.clone(), world.log.clone(), world.clock.clone()).await;
    let gc = restored.run(Settings { stray_limits: STRICT, ..Settings::default() });
    gc.until_stopped().await;
    restored.pass(UPLOAD_TIME_MAX);
    let before = restored.held();
    for number in 1..=6 {
        let (node, folder) = (node(number), folder_of(number));
        if number <= 3 {
            restored.does(ChangeNode { node, folder, change: NodeChange::Remove { forced: true } }.into()).await;
        } else {
            let (zone, replaces) = ("z".into(), Some(folder));
            restored.does(JoinNode { node, folder: folder_of(number + 10), zone, replaces }.into()).await;
        }
    }
    until("the end of the stop", || gc.report().state == State::Idle).await;
    until("the end of what is due", || restored.held().values().all(|held| held.len() == 12)).await;
    assert!(before.values().all(|held| held.len() == 13));
    gc.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disks_that_were_swapped_and_then_joined_lose_nothing() {
    let world = with_contents().await;
    world.pass(UPLOAD_TIME_MAX);
    // Each of the two holds what the log says is on the other one, and of a content that is gone.
    let ended = world.put("ended", 50, LARGE).await;
    world.delete("ended").await;
    let gc = world.run(Settings::default());
    until("its end", || !world.knows(&ended)).await;
    world.until_clean(&[]).await;
    gc.kill().await;
    let [one, other] = [node(1), node(2)];
    let held = world.held();
    for (from, to) in [(&one, &other), (&other, &one)] {
        for shard in &held[from] {
            let piece = world.nodes.piece(from, *shard, 0).unwrap();
            world.nodes.lose(from, *shard);
            world.give_back(to, *shard, piece.bytes).await;
        }
    }
    world.pass(UPLOAD_TIME_MAX * 3);
    for number in 1..=2 {
        let (node, folder, zone) = (node(number), folder_of(number + 10), format!("z{number}"));
        world.does(JoinNode { node, folder, zone, replaces: Some(folder_of(number)) }.into()).await;
    }
    let before = world.held();
    assert!(before[&one] == held[&other] && before[&other] == held[&one] && before[&one].len() == 12);
    let gc = world.run(Settings { stray_limits: STRICT, ..Settings::default() });
    gc.until_idle().await;
    assert_eq!(world.held(), before);
    gc.kill().await;
}
