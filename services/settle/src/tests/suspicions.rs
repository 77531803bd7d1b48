//! A suspect shard stays suspect until a check has recorded its condition.

use std::time::Duration;

use events::content::Fault;
use futures_util::TryStreamExt;
use shards::{Incident, IncidentKind};
use testkit::Misbehavior;

use super::world::{Side, World, check, id, placed};
use crate::check::{Outcome, Suspicion};

const LENGTH: usize = 300 * 1024;

async fn read(side: &Side, stored: &shards::StoredContent) {
    let read: Result<Vec<_>, _> = side.store.read(stored.clone(), 0..stored.size).try_collect().await;
    assert_eq!(read.unwrap().concat().len() as u64, stored.size);
}

#[tokio::test(start_paused = true)]
async fn a_check_for_another_reason_finds_the_damage_that_a_read_has_found() {
    let world = World::new().await;
    let mut side = world.side();
    let (tasks, _due) = world.tasks(&side);
    let stored = world.put(&side, 1, LENGTH).await;
    let nodes = placed(&stored);
    // Two are damaged; a read finds them, and their incidents still wait.
    for shard in [2, 4] {
        world.nodes.flip(&nodes[shard].1, stored.generation.shard(nodes[shard].0), 0, 77);
    }
    read(&side, &stored).await;
    let found: Incident = side.incidents.try_recv().unwrap();
    assert_eq!((found.shard, found.kind), (2, IncidentKind::Damaged));
    let suspects = side.store.suspects(stored.generation);
    world.nodes.set(&nodes[5].1, Misbehavior::Gone);
    // The last shard was found missing by a write, say, or its node came back.
    assert_eq!(check(&tasks, &stored).await, Outcome::Unanswered([nodes[5].1.clone()].into()));
    let faults: Vec<u8> = world.faults(&stored).into_iter().map(|(shard, _)| shard).collect();
    assert_eq!(faults, suspects, "all that was suspected was looked at, and written down");
    assert_eq!(world.faults(&stored)[0], (2, Fault::Damaged));
    assert!(side.store.suspects(stored.generation).is_empty());
    assert!(!side.store.has_quorum(&stored, &faults).await);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_checked_stays_suspect() {
    let world = World::new().await;
    let side = world.side();
    let (tasks, _due) = world.tasks(&side);
    let stored = world.put(&side, 1, LENGTH).await;
    let nodes = placed(&stored);
    world.nodes.flip(&nodes[1].1, stored.generation.shard(1), 0, 5);
    read(&side, &stored).await;
    assert_eq!(side.store.suspects(stored.generation), [1]);
    world.nodes.set(&nodes[1].1, Misbehavior::Gone);
    check(&tasks, &stored).await;
    assert_eq!((side.store.suspects(stored.generation), world.faults(&stored)), (vec![1], vec![]));
    // Its own incident is what says so without the node.
    let suspicion = Suspicion { faults: [((1, stored.generation), Fault::Damaged)].into(), ..Suspicion::default() };
    tasks.check(id(&stored), &suspicion).await.unwrap();
    assert_eq!(side.store.suspects(stored.generation), [0; 0]);
    assert_eq!(world.faults(&stored), [(1, Fault::Damaged)]);
}

#[tokio::test(start_paused = true)]
async fn what_the_log_does_not_take_stays_pending_and_stops_no_epoch() {
    let world = World::new().await;
    let side = world.side();
    let store = side.store.clone();
    let late = world.put(&side, 1, LENGTH).await.placement.nodes[3].clone();
    world.nodes.set(&late, Misbehavior::Hangs);
    let stored = world.stage(&side, 2, LENGTH).await;
    world.commit(&stored).await;
    store.pending_writes().committed(id(&stored));
    let keeper = world.keeper(side, "settled");
    world.close_log(true);
    world
        .until("the missing shard", || !store.pending_writes().missing_shards(Duration::from_secs(5), 9).is_empty())
        .await;
    world.pass(Duration::from_secs(10)).await;
    let epoch = store.pending_writes().end_epoch();
    world.pass(Duration::from_secs(10)).await;
    assert!(store.pending_writes().end_epoch() > epoch + 5, "epochs go on");
    assert_eq!((store.pending_writes().count(), world.faults(&stored)), (1, vec![]));
    let before = world.last_sequence();
    world.close_log(false);
    world.until("the missing shard on the log", || store.pending_writes().count() == 0).await;
    let on_late: Vec<u8> =
        placed(&stored).into_iter().filter(|(_, node)| *node == late).map(|(shard, _)| shard).collect();
    assert_eq!(world.faults(&stored), [(on_late[0], Fault::Unwritten)]);
    // Contents from before this process are checked once the node answers.
    world.nodes.set(&late, Misbehavior::None);
    let figures = keeper.figures();
    world.until("the mark", || figures.borrow().settled_sequence > before).await;
    keeper.stop().await;
}
