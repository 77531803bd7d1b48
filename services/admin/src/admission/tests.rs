//! A store from before nodes joined. One of its disks is not mounted when it is upgraded.

use domain::Command;
use events::ids::ObjectKey;
use testkit::commands::{bucket, content, create_bucket, origin, put_object, staged};
use testkit::ledgers::open;
use testkit::{MemoryLog, nodes};
use tokio::time::Instant;

use super::*;

/// A ledger with an object whose shards are on `n1`, `n2` and `n3`.
async fn ledger(folder: &std::path::Path) -> Ledger {
    let ledger = open(&MemoryLog::new(), &folder.join("projection"), true).await;
    ledger.commit(create_bucket(bucket()), origin()).await.unwrap();
    let key = ObjectKey::from_bytes(*b"key").unwrap();
    let object = put_object(bucket(), key, 10, staged(content(1, 1)));
    ledger.commit(Command::PutObject(Box::new(object)), origin()).await.unwrap();
    ledger
}

fn heartbeat(node: &str, folder: u128, shards: u64) -> Heartbeat {
    let heartbeat = nodes::heartbeat(&node.parse().unwrap());
    Heartbeat { shards, incarnation: Uuid::from_u128(folder), folder: Some(Uuid::from_u128(folder)), ..heartbeat }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_in_the_place_of_a_full_one_from_before_takes_nothing_and_is_asked_for_nothing() {
    let (folder, membership) = (tempfile::tempdir().unwrap(), Membership::guarded());
    let ledger = ledger(folder.path()).await;
    // No message is sent here.
    let nobody = async_nats::ConnectOptions::new().retry_on_initial_connect().connect("127.0.0.1:9").await.unwrap();
    let control = NodeControl::new(nobody, "test-1".parse().unwrap());
    let mut doorman = Doorman {
        ledger: ledger.clone(),
        membership: membership.clone(),
        control,
        said: BTreeMap::new(),
        missed: BTreeSet::new(),
    };
    let [empty, full, new] = [heartbeat("n1", 1, 0), heartbeat("n2", 2, 5), heartbeat("n9", 9, 0)];
    for heartbeat in [&empty, &full, &new] {
        membership.observe(heartbeat.clone(), Instant::now());
    }
    for _ in 0..2 {
        doorman.round().await.unwrap();
        assert!(
            !membership.is_online(&empty.node) && !membership.is_reachable(&empty.node),
            "its disk may be mounted yet"
        );
        assert!(!membership.answers(&empty.node), "that nothing is there says nothing");
        assert!(membership.is_online(&full.node) && membership.is_online(&new.node));
    }
    // Its disk is mounted, and the node started again.
    let mounted = heartbeat("n1", 7, 5);
    membership.sweep(Instant::now() + Duration::from_mins(1));
    membership.observe(mounted, Instant::now());
    doorman.round().await.unwrap();
    assert!(membership.is_online(&empty.node));
    // If an operator had admitted the empty folder, it would have joined.
    let replaced = Some(FolderId(Uuid::from_u128(7)));
    join_node(&ledger, &empty, Uuid::from_u128(1), replaced).await.unwrap();
    accept_nodes(&membership, &ledger.latest()).unwrap();
    assert!(!membership.is_online(&empty.node), "the process that is heard serves from another folder now");
}
