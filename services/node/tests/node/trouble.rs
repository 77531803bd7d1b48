use std::fs;

use futures_util::StreamExt;
use node::disk::FolderError;
use node::{Config, Error};
use shards::protocol::{Record, Reply, Request, ScrubCommand, ScrubPhase, ScrubStatus, ShardState, Status};
use shards::telemetry::{
    DamageFound, DamageKind, FolderAge, Heartbeat, NodeState, Ruling, Trouble, Verdict, damage_subject,
};
use testkit::nats::PlainServer;
use uuid::Uuid;

use super::fixture::{Node, PATIENCE, bucket, bytes, connect, other_node, record, region, shard};

async fn refusal(server: &PlainServer, config: Config) -> FolderError {
    let serve = node::serve(config, connect(server).await, std::future::pending());
    match tokio::time::timeout(PATIENCE, serve).await {
        Ok(Err(Error::Folder(why))) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_ours_is_refused() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let config = Config::new(region(), "n1".parse().unwrap(), "z", folder.path());
    let node = Node::start_with(&server, config.clone()).await;
    assert!(matches!(refusal(&server, config.clone()).await, FolderError::InUse(_)));
    assert_eq!(node.put(vec![Record::new(Uuid::from_u128(1), bytes(1, 100))]).await, [Status::Ok]);
    node.stop().await.unwrap();
    let other = Config { node: other_node(), ..config.clone() };
    assert!(matches!(refusal(&server, other).await, FolderError::OtherNode { .. }));
    let identity = folder.path().join("node.json");
    let newer = fs::read_to_string(&identity).unwrap().replace("\"format\": 1", "\"format\": 2");
    fs::write(&identity, newer).unwrap();
    assert!(matches!(refusal(&server, config.clone()).await, FolderError::Newer { found: 2, .. }));
    fs::remove_file(&identity).unwrap();
    assert!(matches!(refusal(&server, config).await, FolderError::Broken { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_folder_is_noticed_before_anything_is_acknowledged() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    let node = Node::start(&server, &data).await;
    let first = Record::new(Uuid::from_u128(1), bytes(1, 1000));
    assert_eq!(node.put(vec![first]).await, [Status::Ok]);
    assert_eq!(node.heartbeat().await.state, NodeState::Up);
    fs::remove_dir_all(&data).unwrap();
    let second = Record::new(Uuid::from_u128(2), bytes(2, 1000));
    assert_eq!(node.put(vec![second.clone()]).await, [Status::Failed]);
    fs::create_dir_all(data.join("segments")).unwrap();
    fs::create_dir_all(data.join("buckets")).unwrap();
    assert_eq!(node.put(vec![second]).await, [Status::Failed], "another folder is not ours");
    let piece = shards::piece::Piece::new(Uuid::from_u128(3), 0, bytes(3, 1000));
    let piece = Request::Piece { shard: Uuid::from_u128(3), bucket: bucket(), piece };
    assert_eq!(node.status(piece).await, Status::Failed);
    assert_eq!(node.heartbeat().await.state, NodeState::Failed);
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_room_nothing_is_taken_and_the_rest_goes_on() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let config = Config::new(region(), "n1".parse().unwrap(), "z", folder.path());
    let node = Node::start_with(&server, config.clone()).await;
    let record = |i| Record::new(Uuid::from_u128(i), bytes(i, 1000));
    assert_eq!(node.put(vec![record(1), record(2)]).await, [Status::Ok; 2]);
    node.stop().await.unwrap();
    let node = Node::start_with(&server, Config { reserve_bytes: u64::MAX, ..config.clone() }).await;
    assert_eq!(node.put(vec![record(3)]).await, [Status::Full]);
    assert_eq!(node.heartbeat().await.free_bytes, 0);
    let discard = Request::Discard { bucket: bucket(), shards: vec![Uuid::from_u128(1)] };
    assert_eq!(node.ask(&discard).await, Reply::Statuses(vec![Status::Ok]));
    assert_eq!(node.read(Uuid::from_u128(2), 0, 1).await, Ok(vec![record(2).piece]));
    assert_eq!(node.heartbeat().await.state, NodeState::Up);
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_on_disk_is_never_returned_as_good() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let record = record(shard(1, true), bytes(1, 1000));
    assert_eq!(node.put(vec![record.clone()]).await, [Status::Ok]);
    let segment = folder.path().join("segments/0000000001.seg");
    let good = fs::read(&segment).unwrap();
    for at in [64, 70, 90, 64 + 32, 64 + 32 + 4, 64 + 32 + 9, 64 + 32 + 13, 64 + 32 + 20, 64 + 64 + 500] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&segment, bad).unwrap();
        let read = node.read(record.shard, 0, 1).await;
        assert!(read.is_err() || !read.unwrap()[0].is_intact(record.shard, 0), "byte {at}");
        let inspect = Request::Inspect { shard: record.shard, bucket: bucket(), verify: true };
        assert_eq!(node.status(inspect).await, Status::Damaged, "byte {at}");
    }
    fs::write(&segment, good).unwrap();
    assert_eq!(node.read(record.shard, 0, 1).await, Ok(vec![record.piece]));
    node.stop().await.unwrap();
}

async fn scrub(node: &Node, command: ScrubCommand) -> ScrubStatus {
    match node.ask(&Request::Scrub { command }).await {
        Reply::Scrub(status) => status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_scrub_finds_is_said_and_is_in_the_heartbeat() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let records = [1, 2].map(|i| record(shard(i, true), bytes(i, 1000)));
    assert_eq!(node.put(records.to_vec()).await, [Status::Ok; 2]);
    assert!(node.read(records[0].shard, 0, 1).await.is_ok());
    let before = node.heartbeat().await;
    let disk = before.disk.unwrap();
    assert!(disk.sync.is_some() && disk.read.is_some(), "{disk:?}");
    assert_eq!((disk.damaged_shards, disk.read_errors, disk.write_errors), (0, 0, 0));

    let subject = damage_subject(&node.config.region, &node.config.node);
    let mut told = node.client.subscribe(subject).await.unwrap();
    node.client.flush().await.unwrap();
    let segment = folder.path().join("segments/0000000001.seg");
    let mut content = fs::read(&segment).unwrap();
    content[64 + 200] ^= 1;
    fs::write(&segment, content).unwrap();
    let begun = scrub(&node, ScrubCommand::Start).await.pass.unwrap();
    let message = tokio::time::timeout(PATIENCE, told.next()).await.expect("it is said").unwrap();
    let found: DamageFound = serde_json::from_slice(&message.payload).unwrap();
    let (kind, bucket) = (DamageKind::Damaged, None);
    let expected =
        DamageFound { node: before.node, folder: before.folder.unwrap(), shard: records[0].shard, bucket, kind };
    assert_eq!(found, expected);
    let done = loop {
        let status = scrub(&node, ScrubCommand::Status).await;
        if status.last.is_some_and(|last| last.begun_ms >= begun.begun_ms) {
            break status;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((done.phase, done.damaged, done.shards), (ScrubPhase::Waiting, 1, 2));
    assert_eq!(node.heartbeat().await.disk.unwrap().damaged_shards, 1);
    let list = Request::List { after: Uuid::nil(), max: 10, verify: false };
    let Reply::Shards(page) = node.ask(&list).await else { panic!("no page") };
    let states: Vec<_> = page.shards.iter().map(|listed| listed.state).collect();
    assert_eq!(states, [ShardState::Damaged, ShardState::Intact]);
    assert_eq!(scrub(&node, ScrubCommand::Pause).await.phase, ScrubPhase::Paused);
    node.stop().await.unwrap();
}

fn ruling(heartbeat: &Heartbeat, verdict: Verdict) -> Vec<u8> {
    serde_json::to_vec(&Ruling { incarnation: heartbeat.incarnation, verdict }).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_processes_of_one_name_only_the_one_that_is_meant_answers() {
    let (server, folders) = (PlainServer::start(), [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()]);
    let one = Node::start(&server, folders[0].path()).await;
    let first = one.heartbeat().await;
    let other = Node::start(&server, folders[1].path()).await;
    let folder = first.folder.unwrap();
    for i in 0..20 {
        let record = Record::new(Uuid::from_u128(i), bytes(i, 1000));
        let stored = one.ask_folder(folder, &Request::Put { records: vec![record.clone()] }).await;
        assert_eq!(stored, Reply::Statuses(vec![Status::Ok]));
        let read = Request::Read { shard: record.shard, bucket: bucket(), first: 0, count: 1, host: None };
        assert_eq!(one.ask_folder(folder, &read).await, Reply::Pieces(vec![record.piece]));
    }
    let segments = |folder: &tempfile::TempDir| fs::read_dir(folder.path().join("segments")).unwrap().count();
    assert_eq!(folders.each_ref().map(segments), [1, 0]);
    one.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_refused_says_so_and_takes_nothing_until_it_is_accepted() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let record = |i| Record::new(Uuid::from_u128(i), bytes(i, 100));
    let heard = node.heartbeat().await;
    let subject = shards::control_subject(&region(), &node.config.node);
    let rule = async |verdict, trouble| {
        node.client.publish(subject.clone(), ruling(&heard, verdict).into()).await.unwrap();
        let begin = std::time::Instant::now();
        while node.heartbeat().await.trouble != trouble {
            assert!(begin.elapsed() < PATIENCE);
        }
    };
    rule(Verdict::Refused(Uuid::from_u128(9)), Some(Trouble::Refused)).await;
    assert_eq!(node.heartbeat().await.state, NodeState::Failed);
    assert_eq!(node.ask(&Request::Put { records: vec![record(1)] }).await, Reply::Status(Status::Failed));
    rule(Verdict::Accepted, None).await;
    assert_eq!(node.put(vec![record(1)]).await, [Status::Ok]);
    // An older copy of the folder has its id: requests that are addressed to the folder reach it as well.
    let (ours, old) = (heard.folder.unwrap(), Verdict::Outdated(FolderAge { starts: 9, position: 9 }));
    let read = Request::Read { shard: record(1).shard, bucket: bucket(), first: 0, count: 1, host: None };
    rule(old, Some(Trouble::Refused)).await;
    assert_eq!(node.ask_folder(ours, &read).await, Reply::Status(Status::Failed));
    assert_eq!(node.ask(&read).await, Reply::Status(Status::Failed));
    rule(Verdict::Accepted, None).await;
    assert_eq!(node.ask_folder(ours, &read).await, Reply::Pieces(vec![record(1).piece]));
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_on_a_copy_of_the_folder_ends_when_it_is_told() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let heard = node.heartbeat().await;
    let subject = shards::control_subject(&region(), &node.config.node);
    let other = Heartbeat { incarnation: Uuid::from_u128(5), ..heard.clone() };
    for heartbeat in [&other, &heard] {
        let double = ruling(heartbeat, Verdict::Double(Uuid::from_u128(4)));
        node.client.publish(subject.clone(), double.into()).await.unwrap();
        node.client.flush().await.unwrap();
    }
    let ended = tokio::time::timeout(PATIENCE, node.served).await.unwrap().unwrap();
    assert!(matches!(ended, Err(Error::Double(elder)) if elder == Uuid::from_u128(4)), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_later_start_has_a_greater_incarnation_and_the_same_folder() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let mut before: Option<Heartbeat> = None;
    for _ in 0..3 {
        let node = Node::start(&server, folder.path()).await;
        let heard = node.heartbeat().await;
        if let Some(before) = before {
            assert!(before.incarnation < heard.incarnation && before.folder == heard.folder);
        }
        before = Some(heard);
        node.stop().await.unwrap();
    }
}
