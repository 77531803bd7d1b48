//! Nodes that are lost while a gateway serves, and a log that takes nothing.

use eventlog::Log;
use events::ids::NodeId;
use shards::IncidentKind;
use shards::protocol::Status;
use testkit::{MemoryNodes, Misbehavior};

use crate::store::*;

/// Stripes of [`LARGE`], each of which is asked for by itself.
const STRIPES: usize = 8;

/// An object that is streamed.
const LARGE: usize = STRIPES * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_lost_in_the_middle_of_a_put_costs_nothing() {
    for misbehavior in [Misbehavior::Gone, Misbehavior::Refuses(Status::Failed)] {
        let store = Store::new().await;
        store.nodes.set_after(&MemoryNodes::name(2), STRIPES as u64 / 2, misbehavior);
        put("/bucket/key", bytes(LARGE)).to(&store).await.is(200);
        assert!(get("/bucket/key").to(&store).await.is(200).body == bytes(LARGE), "{misbehavior:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_lost_in_the_middle_of_a_get_costs_nothing() {
    for misbehavior in [Misbehavior::Gone, Misbehavior::Hangs, Misbehavior::Damages] {
        for node in 1..=6 {
            let store = Store::new().await;
            put("/bucket/key", bytes(LARGE)).to(&store).await.is(200);
            store.nodes.set_after(&MemoryNodes::name(node), 2, misbehavior);
            let got = get("/bucket/key").to(&store).await.is(200);
            assert!(got.body == bytes(LARGE), "n{node} {misbehavior:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_shard_is_read_around_and_reported() {
    let mut store = Store::new().await;
    put("/bucket/key", bytes(LARGE)).to(&store).await.is(200);
    assert_eq!(store.shards().await, 6);
    let node_of = |index| {
        let holds = |node: &NodeId| store.nodes.shards(node, true)[0].as_u128() % 8 == index;
        (1..=6).map(MemoryNodes::name).find(holds).unwrap()
    };
    // The first shard has data, so it is asked for. The checksums of its pieces fit: only their tags say what happened.
    let (altered, gone) = (node_of(0), node_of(1));
    let shard = store.nodes.shards(&altered, true)[0];
    (0..STRIPES).for_each(|piece| store.nodes.alter(&altered, shard, u32::try_from(piece).unwrap()));
    store.nodes.set(&gone, Misbehavior::Gone);
    assert!(get("/bucket/key").to(&store).await.is(200).body == bytes(LARGE));
    let reported = soon(store.incidents.recv()).await.unwrap();
    assert_eq!((reported.node, reported.shard, reported.kind), (altered, 0, IncidentKind::Damaged));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_enough_nodes_nothing_is_taken_and_nothing_is_made_up() {
    let store = Store::new().await;
    put("/bucket/key", bytes(LARGE)).to(&store).await.is(200);
    for node in 1..=4 {
        store.nodes.set(&MemoryNodes::name(node), Misbehavior::Gone);
        store.membership.unreachable(&MemoryNodes::name(node));
    }
    get("/bucket/key").to(&store).await.refuses(503, "SlowDown");
    put("/bucket/other", bytes(LARGE)).to(&store).await.refuses(503, "SlowDown");
    (1..=4).for_each(|node| store.nodes.set(&MemoryNodes::name(node), Misbehavior::None));
    store.nodes.announce(&store.membership);
    assert!(get("/bucket/key").to(&store).await.is(200).body == bytes(LARGE));
    get("/bucket/other").to(&store).await.refuses(404, "NoSuchKey");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_answered_before_the_log_has_it() {
    let store = Store::new().await;
    let tail = soon(store.log.tail()).await.unwrap();
    let mut events = store.log.follow(tail.last_sequence + 1);
    let held = store.log.hold_next();
    let mut putting = std::pin::pin!(put("/bucket/key", "bytes").to(&store));
    let written = async {
        tokio::select! {
            early = &mut putting => panic!("{early:?}"),
            event = events.next() => assert!(event.unwrap().is_ok()),
        }
    };
    soon(written).await;
    get("/bucket/key").to(&store).await.refuses(404, "NoSuchKey");
    held.release();
    putting.await.is(200);
    assert_eq!(get("/bucket/key").to(&store).await.is(200).text(), "bytes");
}
