//! A store from before nodes joined, one of whose disks is not mounted when it is upgraded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::{Command, NewBody, Precondition, PutObject};
use eventlog::MemoryLog;
use events::ids::{ContentId, ETag, Generation, Layout, Md5Digest, ObjectKey, Placement, Sha256Digest};
use events::lock::Lock;
use events::object::{Attributes, Operation};
use jiff::Timestamp;
use ledger::{AUTHOR_KEY_BYTES, AuthorKey, Keyring, Options, Sources};
use shards::telemetry::NodeState;
use tokio::time::Instant;

use super::*;

fn now() -> Timestamp {
    Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap()
}

fn fresh(_: Timestamp) -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u128((1 << 90) | (7 << 76) | (2 << 62) | u128::from(COUNT.fetch_add(8, Ordering::Relaxed)))
}

fn origin() -> Origin {
    let principal = Principal { kind: AuthType::System, id: "test".into() };
    Origin { principal, request_id: String::new(), traceparent: None }
}

/// A ledger with an object whose shards lie on `n1`, `n2` and `n3`.
async fn ledger(folder: &std::path::Path) -> Ledger {
    let [gateway, lifecycle] = [1, 2].map(|byte| AuthorKey::last([byte; AUTHOR_KEY_BYTES]));
    let options = Options {
        region: "test-1".parse().unwrap(),
        path: folder.join("projection"),
        sole_writer: true,
        cache_bytes: 16 << 20,
        sources: Sources { now, fresh },
        keyring: Keyring::Gateway { gateway, lifecycle },
        releases: true,
        disk: ledger::Disk::default(),
        level: events::Fact::level,
    };
    let ledger = Ledger::open(options, Arc::new(MemoryLog::new())).await.unwrap();
    let bucket = Command::CreateBucket {
        bucket: "bucket".parse().unwrap(),
        owner: "alice".parse().unwrap(),
        acl: None,
        ownership: None,
        object_lock: false,
        location: None,
        tags: events::tags::Tags::new(),
    };
    ledger.commit(bucket, origin()).await.unwrap();
    let content = ContentId { sha256: Sha256Digest([1; 32]), generation: Generation::from_fresh(fresh(now())) };
    let nodes = ["n1", "n2", "n3"].map(|node| node.parse().unwrap()).to_vec();
    let object = PutObject {
        bucket: "bucket".parse().unwrap(),
        key: ObjectKey::from_bytes(*b"key").unwrap(),
        size: 10,
        etag: ETag { md5: Md5Digest([1; 16]), parts: None },
        body: NewBody::Staged { content, placement: Placement { layout: Layout::Small, nodes }, instead_of: None },
        checksum: None,
        encryption: None,
        attributes: Attributes::default(),
        owner: None,
        acl: None,
        lock: Lock::default(),
        operation: Operation::PutObject,
        precondition: Precondition::default(),
    };
    ledger.commit(Command::PutObject(Box::new(object)), origin()).await.unwrap();
    ledger
}

fn heartbeat(node: &str, folder: u128, shards: u64) -> Heartbeat {
    Heartbeat {
        node: node.parse().unwrap(),
        zone: "z".into(),
        boot_id: Uuid::nil(),
        free_bytes: 1 << 40,
        total_bytes: 1 << 40,
        stored_bytes: 0,
        shards,
        state: NodeState::Up,
        incarnation: Uuid::from_u128(folder),
        folder: Some(Uuid::from_u128(folder)),
        trouble: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_empty_folder_in_the_place_of_a_full_one_from_before_takes_nothing_and_is_asked_for_nothing() {
    let (folder, membership) = (tempfile::tempdir().unwrap(), Membership::guarded());
    let ledger = ledger(folder.path()).await;
    // Nothing is said to anybody here.
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
    membership.unreachable(&empty.node);
    membership.observe(mounted, Instant::now());
    doorman.round().await.unwrap();
    assert!(membership.is_online(&empty.node));
    // With an operator's word the empty one would have joined.
    let replaced = Some(FolderId(Uuid::from_u128(7)));
    join_node(&ledger, &empty, Uuid::from_u128(1), replaced).await.unwrap();
    accept_nodes(&membership, &ledger.latest()).unwrap();
    assert!(!membership.is_online(&empty.node), "the process that is heard serves from another folder now");
}
