use futures_util::StreamExt;
use shards::protocol::{Reply, Request, Status, shards_subject};
use shards::{Joined, Membership, NatsTransport, OwnNodes, Transport, TransportError};
use testkit::nats::PlainServer;
use uuid::Uuid;

use super::fixture::{Node, PATIENCE, bytes, connect, record, region, shard};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_of_the_same_process_asks_the_folder_that_joined_without_nats() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let own = OwnNodes::default();
    let config = node::Config::new(region(), "n1".parse().unwrap(), "z1", folder.path());
    let node = Node::start_with(&server, node::Config { own_nodes: own.clone(), ..config }).await;
    let name = node.config.node.clone();
    let served = node.heartbeat().await.folder.unwrap();
    let mut over_nats = connect(&server).await.subscribe(shards_subject(&region(), &name)).await.unwrap();
    let membership = Membership::guarded();
    let clients = vec![connect(&server).await];
    let transport = NatsTransport::new(clients, region(), membership.clone()).unwrap().with_own_nodes(own);
    let join = |folder| {
        let folders = [(name.clone(), folder)].into();
        membership.accept(Joined { folders, ..Joined::default() });
    };

    join(served);
    let put = Request::Put { records: vec![record(shard(1, true), bytes(1, 1000))] };
    let reply = transport.request(&name, put.encode()).await.unwrap();
    assert_eq!(Reply::decode(reply), Ok(Reply::Statuses(vec![Status::Ok])));
    assert_eq!(node.read(shard(1, true), 0, 1).await.unwrap()[0].bytes, bytes(1, 1000));
    let read = over_nats.next().await.unwrap();
    assert!(matches!(Request::decode(read.payload), Ok(Request::Read { .. })), "the put did not go over NATS");

    // The process serves another folder than the one that joined: over NATS it does not answer either.
    join(Uuid::from_u128(7));
    let put = Request::Put { records: vec![record(shard(2, true), bytes(2, 1000))] };
    let silent = tokio::time::timeout(std::time::Duration::from_millis(300), transport.request(&name, put.encode()));
    assert!(silent.await.is_err());
    assert_eq!(node.read(shard(2, true), 0, 1).await, Err(Status::NotFound));

    join(served);
    drop(over_nats);
    node.stop().await.unwrap();
    let gone = tokio::time::timeout(PATIENCE, transport.request(&name, put.encode())).await.unwrap();
    assert_eq!(gone, Err(TransportError::NoResponders));
}
