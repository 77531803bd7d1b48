use shards::protocol::{Record, Request, Status, shards_subject};
use shards::{STOP, STOPPED, control_subject};
use testkit::nats::PlainServer;
use uuid::Uuid;

use super::fixture::{Node, PATIENCE, bytes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_told_to_stop_answers_what_it_took_and_is_gone() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let node = Node::start(&server, folder.path()).await;
    let subject = shards_subject(&node.config.region, &node.config.node);
    let puts: Vec<_> = (1..=50)
        .map(|i| Request::Put { records: vec![Record::new(Uuid::from_u128(i), bytes(i, 10_000))] }.encode())
        .map(|message| {
            tokio::spawn({
                let (client, subject) = (node.client.clone(), subject.clone());
                async move { client.request(subject, message).await }
            })
        })
        .collect();
    let control = control_subject(&node.config.region, &node.config.node);
    let answer = node.client.request(control, STOP.into()).await.unwrap();
    assert_eq!(answer.payload, STOPPED);
    let client = node.client.clone();
    tokio::time::timeout(PATIENCE, node.served).await.unwrap().unwrap().unwrap();
    let mut taken = Vec::new();
    for (put, i) in puts.into_iter().zip(1_u128..) {
        if put.await.unwrap().is_ok() {
            taken.push(i);
        }
    }
    let nobody = client.request(subject, bytes::Bytes::new()).await.unwrap_err();
    assert_eq!(nobody.kind(), async_nats::RequestErrorKind::NoResponders);
    let node = Node::start(&server, folder.path()).await;
    for i in taken {
        assert!(node.read(Uuid::from_u128(i), 0, 1).await.is_ok(), "put {i} was acknowledged");
    }
    node.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_start_is_a_new_incarnation_with_the_same_shards() {
    let (server, folder) = (PlainServer::start(), tempfile::tempdir().unwrap());
    let mut before = None;
    for shards in 0..4_u64 {
        let node = Node::start(&server, folder.path()).await;
        let heartbeat = node.heartbeat().await;
        assert_eq!(heartbeat.shards, shards);
        assert_ne!(Some(heartbeat.incarnation), before);
        before = Some(heartbeat.incarnation);
        let record = Record::new(Uuid::from_u128(u128::from(shards)), bytes(shards.into(), 100));
        assert_eq!(node.put(vec![record]).await, [Status::Ok]);
        node.stop().await.unwrap();
    }
}
