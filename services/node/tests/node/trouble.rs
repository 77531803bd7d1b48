use std::fs;

use node::disk::FolderError;
use node::{Config, Error};
use shards::protocol::{Record, Request, Status};
use shards::telemetry::NodeState;
use uuid::Uuid;

use super::fixture::{Node, PATIENCE, Server, bucket, bytes, other_node, region};

async fn refusal(server: &Server, config: Config) -> FolderError {
    let serve = node::serve(config, server.client().await, std::future::pending());
    match tokio::time::timeout(PATIENCE, serve).await {
        Ok(Err(Error::Folder(why))) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_is_not_ours_is_refused() {
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
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
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
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
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
    let config = Config::new(region(), "n1".parse().unwrap(), "z", folder.path());
    let node = Node::start_with(&server, config.clone()).await;
    let record = |i| Record::new(Uuid::from_u128(i), bytes(i, 1000));
    assert_eq!(node.put(vec![record(1), record(2)]).await, [Status::Ok; 2]);
    node.stop().await.unwrap();
    let node = Node::start_with(&server, Config { reserve_bytes: u64::MAX, ..config.clone() }).await;
    assert_eq!(node.put(vec![record(3)]).await, [Status::Full]);
    assert_eq!(node.heartbeat().await.free_bytes, 0);
    let discard = Request::Discard { bucket: bucket(), shards: vec![Uuid::from_u128(1)] };
    assert_eq!(node.ask(&discard).await, shards::protocol::Reply::Statuses(vec![Status::Ok]));
    assert_eq!(node.read(Uuid::from_u128(2), 0, 1).await, Ok(vec![record(2).piece]));
    assert_eq!(node.heartbeat().await.state, NodeState::Up);
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flipped_bit_on_disk_is_never_returned_as_good() {
    let (server, folder) = (Server::start().await, tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let record = Record::new(Uuid::from_u128(1), bytes(1, 1000));
    assert_eq!(node.put(vec![record.clone()]).await, [Status::Ok]);
    let segment = folder.path().join("segments/0000000001.seg");
    let good = fs::read(&segment).unwrap();
    for at in [64, 70, 90, 64 + 32, 64 + 32 + 4, 64 + 32 + 9, 64 + 32 + 13, 64 + 48 + 500] {
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
